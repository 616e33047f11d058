"""What series are called on screen."""

from collections import Counter
from collections.abc import Sequence

from viewer.core.dicom.display_set import DisplaySet

LONGEST = 28
"""A series description longer than this is what a machine wrote for machines."""
_PLANES = ("Sagittal", "Coronal", "Axial")


def series_name(shown: DisplaySet) -> str:
    """The series description where people can read it, else plane and kernel, with the part's own words."""
    first = shown.instances[0]
    description = first.series_description.strip()
    if description and len(description) <= LONGEST and description.count(",") < 3:
        return shown.title.strip()
    part = shown.title.removeprefix(first.series_description or first.modality or "Series")
    what = "Localizer" if "LOCALIZER" in first.image_type else plane_name(shown)
    words = f"{what} {first.kernel}".strip() or first.modality or "Series"
    return f"{words}{part}"


def names_apart(shown: Sequence[DisplaySet]) -> tuple[str, ...]:
    """Names for a list: as `series_name`, and where two would look alike each gets its series number."""
    names = [series_name(s) for s in shown]
    often = Counter((name, _measure(s)) for name, s in zip(names, shown, strict=True))
    return tuple(
        name if often[name, _measure(s)] == 1 else _numbered(name, s.instances[0].series_number)
        for name, s in zip(names, shown, strict=True)
    )


def _measure(shown: DisplaySet) -> tuple[float | None, int, str]:
    """What the second line under the name tells."""
    first = shown.instances[0]
    return first.slice_thickness_mm, shown.count - len(shown.missing), first.kernel


def _numbered(name: str, number: int | None) -> str:
    return f"{name}, without a series number" if number is None else f"{name}, series {number}"


def plane_name(shown: DisplaySet) -> str:
    """The plane that the slices lie in; "" where it is not known."""
    if shown.geometry is None:
        return ""
    normal = [abs(value) for value in shown.geometry.normal]
    return _PLANES[normal.index(max(normal))]
