"""From the bytes of one object to an `Instance`: pydicom finds the elements, the checks are here."""

from dataclasses import fields, replace
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple

from viewer.core.dicom.elements import Element
from viewer.core.dicom.functional_groups import PER_FRAME, SHARED, read_frames
from viewer.core.dicom.geometry import Vector
from viewer.core.dicom.grey_module import (
    finite,
    read_padding,
    read_palette,
    read_rescale,
    read_voi_luts,
    read_windows,
)
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.kinds import kind_of
from viewer.core.dicom.mammogram import TAGS as MAMMOGRAM_TAGS
from viewer.core.dicom.mammogram import at_the_breast, read_mammogram
from viewer.core.dicom.overlay_module import TAGS as OVERLAYS
from viewer.core.dicom.overlay_module import read_overlays
from viewer.core.dicom.part10 import Part10, read_part10
from viewer.core.dicom.pixel_module import PixelModule, Pixels, read_pixel_module
from viewer.core.dicom.plane import (
    ORIENTATION,
    POSITION,
    SPACING,
    read_orientation,
    read_position,
    read_spacing,
)
from viewer.core.dicom.presentation_module import GRAYSCALE, read_presentation
from viewer.core.dicom.presentation_module import TAGS as PRESENTATION
from viewer.core.dicom.problem import DicomError
from viewer.core.dicom.shutter_module import TAGS as SHUTTERS
from viewer.core.dicom.shutter_module import read_shutters
from viewer.core.dicom.syntax import Syntax
from viewer.core.dicom.text import clean_age, clean_date, clean_time, is_uid
from viewer.core.dicom.values import Values

PARSER = 8
"""Rises with every change of what `parse` makes of the same bytes: remembered results are then forgotten."""

_UIDS = {
    "sop_class_uid": 0x00080016,
    "study_instance_uid": 0x0020000D,
    "series_instance_uid": 0x0020000E,
}
_TEXTS = {
    "patient_id": 0x00100020,
    "accession_number": 0x00080050,
    "study_description": 0x00081030,
    "series_description": 0x0008103E,
    "manufacturer": 0x00080070,
    "model_name": 0x00081090,
    "institution": 0x00080080,
    "protocol": 0x00181030,
    "kernel": 0x00181210,
    "contrast": 0x00180010,
}
_CODES = {
    "modality": 0x00080060,
    "sex": 0x00100040,
    "body_part": 0x00180015,
    "patient_position": 0x00185100,
    "view_position": 0x00185101,
    "presentation_intent": 0x00080068,
}
_INTEGERS = {
    "series_number": 0x00200011,
    "acquisition_number": 0x00200012,
    "temporal_position": 0x00200100,
    "echo_number": 0x00180086,
}
_NUMBERS = {
    "kvp": (0x00180060, 0.0, 1e4),
    "slice_thickness_mm": (0x00180050, 0.0, 1e3),
    "gantry_tilt_deg": (0x00181120, -90.0, 90.0),
    "lossy_ratio": (0x00282112, 0.0, 1e6),
}
_DATES = {"birth_date": 0x00100030, "study_date": 0x00080020, "series_date": 0x00080021}
_TIMES = {"study_time": 0x00080030, "series_time": 0x00080031}
_SOP_INSTANCE, _INSTANCE_NUMBER, _EXPOSURE = 0x00080018, 0x00200013, 0x00181152
_LOSSY, _POLARITY = 0x00282110, 0x20500020
_OWN = (
    frozenset((_SOP_INSTANCE, _INSTANCE_NUMBER, _EXPOSURE, POSITION))
    | OVERLAYS
    | (PRESENTATION - {_POLARITY})
)
_FRAME_OF_REFERENCE = 0x00200052
_OTHERS = (
    0x00080005, 0x00080008, 0x00100010, 0x00101010, 0x00181164, 0x00200020, 0x00200032, 0x00200037,
    _FRAME_OF_REFERENCE, 0x00200060, 0x00200062, 0x00280002, 0x00280004, 0x00280006, 0x00280008,
    0x00280010, 0x00280011, 0x00280030, 0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00280120,
    0x00280121, 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00281054, 0x00281055, 0x00281056,
    0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203, 0x00281221, 0x00281222,
    0x00281223, _LOSSY, _POLARITY, 0x00283000, 0x00283010, 0x00420012, 0x00620001, 0x00620002, SHARED,
    PER_FRAME,
)  # fmt: skip
WANTED = frozenset(
    (
        *_UIDS.values(),
        *_TEXTS.values(),
        *_CODES.values(),
        *_INTEGERS.values(),
        *_DATES.values(),
        *_TIMES.values(),
    )
).union(_OWN, _OTHERS, SHUTTERS, MAMMOGRAM_TAGS, (tag for tag, *_ in _NUMBERS.values()))
_MODULE = tuple(field.name for field in fields(PixelModule))
_NOWHERE = Location("file", "")
_CROSS_SECTIONAL = frozenset(("CT", "MR", "PT"))


class _Shared(NamedTuple):
    """What the headers of a series usually have in common: hashable, so that it is judged once for all."""

    elements: tuple[tuple[int, Element], ...]
    syntax: Syntax
    big_endian: bool
    pixel_tag: int
    pixel_length: int
    pixel_words: bool
    native_bytes: int


def parse(data: BinaryIO, location: Location, size: int, name: str = "") -> Instance:
    """The instance in `data`, a seekable stream of `size` bytes; `name` is what problems call it.

    Raises `DicomError` where there is nothing that could be shown or listed. An image whose pixels are not
    all there is returned as `broken`.
    """
    file = name or str(location)
    part = read_part10(data, size, file, WANTED)
    try:
        common = _common(_shared(part))
    except DicomError as error:
        raise DicomError(replace(error.problem, file=file)) from error
    values = Values(part.elements, file, part.big_endian)
    own = _own(values, part, common)
    problems = tuple(replace(problem, file=file) for problem in common.problems)
    broken = None if common.broken is None else replace(common.broken, file=file)
    problems = (*part.problems, *problems, *values.problems)
    return replace(common, location=location, **own, problems=problems, broken=broken)


def _shared(part: Part10) -> _Shared:
    return _Shared(
        tuple((tag, element) for tag, element in part.elements.items() if tag not in _OWN),
        part.syntax,
        part.big_endian,
        part.pixel_tag,
        part.pixel_length,
        part.pixel_words,
        part.size - part.pixel_offset if part.pixel_length >= 0 else 0,
    )


@lru_cache(16)
def _common(shared: _Shared) -> Instance:
    """An instance without what is its own; its problems name no file."""
    values = Values(dict(shared.elements), "", shared.big_endian)
    kind = kind_of(values.ascii(_UIDS["sop_class_uid"]), bool(shared.pixel_tag or values.has(0x00280010)))
    out: dict[str, Any] = {name: _uid(values, tag) for name, tag in _UIDS.items()}
    out |= _context(values)
    if kind == "image":
        out |= _image(values, shared, out["modality"])
    else:
        _check_other(values, shared.pixel_length, kind)
    return Instance(
        location=_NOWHERE,
        kind=kind,
        sop_instance_uid="",
        transfer_syntax_uid=shared.syntax.uid,
        problems=tuple(values.problems),
        **out,
    )


def _own(values: Values, part: Part10, common: Instance) -> dict[str, Any]:
    """What one image has for itself: the elements of `_OWN`, its place in the file, stand-ins for UIDs."""
    out: dict[str, Any] = {"sop_instance_uid": _uid(values, _SOP_INSTANCE)}
    out["instance_number"] = values.integer(_INSTANCE_NUMBER)
    out["exposure_mas"] = finite(values.number(_EXPOSURE), 0.0, 1e6)
    for name in _UIDS:
        if not getattr(common, name):
            out[name] = f"none-{_digest(values)}"
    if not out["sop_instance_uid"]:
        out["sop_instance_uid"] = f"none-{_digest(values)}"
    if common.kind != "image":
        if common.sop_class_uid == GRAYSCALE:
            out["presentation"] = read_presentation(values, out["sop_instance_uid"])
        return out
    if common.frames > max(1, (part.size - part.pixel_offset) // 8):  # the least a compressed frame takes
        found, allowed = str(common.frames), f"what {part.size - part.pixel_offset} bytes can hold"
        raise DicomError(values.problem(0x00280008, found, allowed, "the file is incomplete"))
    out["position_mm"] = read_position(values)
    out["pixel_offset"] = part.pixel_offset
    out["overlays"] = read_overlays(values, common)
    _check_geometry(values, common, out["position_mm"])
    return out


def _uid(values: Values, tag: int) -> str:
    """A UID. A slice without one belongs nowhere and is refused; a single picture may stand alone."""
    uid = values.text(tag)
    if not uid and values.code(_CODES["modality"]) in _CROSS_SECTIONAL:
        raise DicomError(values.problem(tag, "", "a UID", "it is not known what this image belongs to"))
    if not is_uid(uid):
        values.note(tag, uid, "a valid UID", "it may be looked at, but no report can refer to it")
    return uid


def _digest(values: Values) -> str:
    """Tells objects without UIDs apart."""
    raw = b"".join(values.raw(tag) for tag in sorted(values.elements))
    return sha256(raw).hexdigest()[:16]


def _context(values: Values) -> dict[str, Any]:
    out: dict[str, Any] = {name: values.text(tag) for name, tag in _TEXTS.items()}
    out["patient_name"] = values.name(0x00100010)
    out.update((name, values.code(tag)) for name, tag in _CODES.items())
    out.update((name, values.integer(tag)) for name, tag in _INTEGERS.items())
    out.update((name, finite(values.number(tag), low, high)) for name, (tag, low, high) in _NUMBERS.items())
    today = date.today()
    out.update((name, clean_date(values.ascii(tag), today)) for name, tag in _DATES.items())
    out.update((name, clean_time(values.ascii(tag))) for name, tag in _TIMES.items())
    out["age"] = clean_age(values.ascii(0x00101010))
    out["image_type"] = values.codes(0x00080008)
    out["laterality"] = values.code(0x00200062) or values.code(0x00200060)
    out["frame_of_reference_uid"] = values.text(_FRAME_OF_REFERENCE)
    if not out["patient_id"]:
        values.note(0x00100020, "", "a patient ID", "the patient is unknown and never joined with another")
    if not out["modality"]:
        values.note(0x00080060, "", "a modality", "nothing is assumed about this image, so no second read")
    return out


def _image(values: Values, shared: _Shared, modality: str) -> dict[str, Any]:
    found = Pixels(shared.syntax, shared.pixel_tag, shared.pixel_length, shared.native_bytes)
    module = read_pixel_module(values, found)
    image_type = values.codes(0x00080008)
    rescale = read_rescale(values, modality, image_type, module.signed)
    spacing, source = read_spacing(values)
    if modality == "MG":
        spacing, source = at_the_breast(values, spacing, source)
    out: dict[str, Any] = {name: getattr(module, name) for name in _MODULE}
    out |= {
        "orientation": read_orientation(values),
        "spacing_mm": spacing,
        "spacing_source": source,
        "patient_orientation": values.codes(0x00200020),
        "slope": rescale.slope,
        "intercept": rescale.intercept,
        "rescaled": rescale.rescaled,
        "units": rescale.units,
        "modality_lut": rescale.lut,
        "padding": read_padding(values, module.signed),
        "windows": read_windows(values),
        "voi_luts": read_voi_luts(values, module.signed or rescale.intercept < 0),
        "shutters": read_shutters(values),
        "lossy": shared.syntax.lossy or values.ascii(_LOSSY) == "01",
        "pixel_length": shared.pixel_length,
        "swapped": shared.big_endian and shared.pixel_words and module.bits_allocated == 8,
    }
    if modality == "MG":
        out["mammogram"] = read_mammogram(values)
    if module.photometric == "PALETTE COLOR":
        out["palette"] = read_palette(values)
        if out["palette"] is None:
            raise DicomError(values.problems[-1])
    out["per_frame"] = read_frames(values, module.frames, modality, image_type, module.signed)
    return out


def _check_geometry(values: Values, common: Instance, position: Vector | None) -> None:
    placed = common.per_frame or (position and common.orientation and common.spacing_mm)
    if placed or common.modality not in _CROSS_SECTIONAL:
        return
    for tag in (POSITION, ORIENTATION, SPACING):
        if not values.has(tag):
            message = "it is shown alone, without planes or lengths in mm"
            values.note(tag, "", "the place of the image", message)
            return


def _check_other(values: Values, pixel_length: int, kind: str) -> None:
    """Refuse what would only mislead in a list: segmentations without segments, documents that are none."""
    if kind == "segmentation":
        if not values.items(0x00620002):
            raise DicomError(values.problem(0x00620002, "", "one item or more", "nothing is segmented"))
        frames = values.integer(0x00280008) or 1
        pixels = (values.short(0x00280010) or 0) * (values.short(0x00280011) or 0)
        bits = values.short(0x00280100) or 1
        if 0 <= pixel_length < pixels * frames * bits // 8:
            found = f"{pixel_length} bytes for {frames} frames"
            raise DicomError(
                values.problem(0x7FE00010, found, "all frames", "the segmentation is incomplete")
            )
    if kind == "document" and values.ascii(0x00420012).lower() in ("text/html", "application/javascript"):
        found = values.ascii(0x00420012)
        raise DicomError(values.problem(0x00420012, found, "application/pdf", "this document is not opened"))
