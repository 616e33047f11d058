"""What series are called on screen."""

from viewer.core.dicom.display_set import DisplaySet

LONGEST = 28
"""A series description longer than this is what a machine wrote for machines."""
_PLANES = ("Sagittal", "Coronal", "Axial")


def series_name(shown: DisplaySet) -> str:
    """The series description where people can read it, else plane and kernel, with the part's own words."""
    first = shown.instances[0]
    description = first.series_description.strip()
    if description and len(description) <= LONGEST and description.count(",") < 3:
        return shown.title
    part = shown.title.removeprefix(first.series_description) if description else ""
    words = f"{plane_name(shown)} {first.kernel}".strip() or first.modality or "Series"
    return f"{words}{part}"


def plane_name(shown: DisplaySet) -> str:
    """The plane that the slices lie in; "" where it is not known."""
    if shown.geometry is None:
        return ""
    normal = [abs(value) for value in shown.geometry.normal]
    return _PLANES[normal.index(max(normal))]
