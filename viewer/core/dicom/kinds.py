"""What an object is by its SOP class: an image, or something that is listed but not shown as one."""

_PREFIX = "1.2.840.10008.5.1.4.1.1."

_KINDS = {
    "66": "raw data",
    "66.1": "registration",
    "66.2": "registration",
    "66.3": "registration",
    "66.4": "segmentation",
    "66.5": "segmentation",
    "66.6": "raw data",
    "66.7": "segmentation",
    "66.8": "segmentation",
    "67": "real world value mapping",
    "88.59": "key objects",
    "104.1": "document",
    "104.2": "document",
    "104.3": "document",
    "104.4": "document",
    "104.5": "document",
    "481.2": "dose",
    "481.3": "plan",
    "481.4": "plan",
    "481.5": "plan",
    "481.6": "plan",
    "481.7": "plan",
    "481.8": "plan",
    "481.9": "plan",
    "30": "parametric map",
    "4.2": "spectroscopy",
}
_FAMILIES = (("88.", "report"), ("11.", "presentation state"), ("9.", "waveform"))
_OTHERS = {
    "1.2.840.10008.5.1.4.38.1": "hanging protocol",
    "1.2.840.10008.5.1.4.39.1": "palette",
    "1.2.840.10008.5.1.4.34.7": "plan",
    "1.2.840.10008.1.3.10": "directory",
}


def kind_of(sop_class_uid: str, has_pixels: bool) -> str:
    """What a SOP class stands for: "image", or another kind. Unknown classes with pixels are images."""
    if sop_class_uid in _OTHERS:
        return _OTHERS[sop_class_uid]
    if sop_class_uid.startswith(_PREFIX):
        tail = sop_class_uid[len(_PREFIX) :]
        if tail in _KINDS:
            return _KINDS[tail]
        for family, kind in _FAMILIES:
            if tail.startswith(family):
                return kind
        return "image"
    return "image" if has_pixels else "other object"
