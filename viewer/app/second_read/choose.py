"""Which series of a study a model is given, and why not the others. Looks at headers only."""

import math

from inference.input_contract import InputContract
from viewer.core.dicom.display_set import DisplaySet, Study

AXIAL_COSINE = math.cos(math.radians(30))
"""Slices whose normal is further than 30 degrees from the patient's axis are not axial."""
FINE_MM = 1.0
"""Below this slice thickness thinner is no better: the networks work on a grid of 1 mm."""
MOST_MISSING = 0.25
"""Share of missing slices above which a series is not read."""


def choose(
    study: Study, contract: InputContract, *, any_way: bool = False
) -> tuple[tuple[DisplaySet, ...], dict[str, str]]:
    """Display sets that suit, best first, and by id why each of the other images does not.

    any_way  the model takes slices in any direction, and values that are no Hounsfield units but of CT
    Best is the thinnest; among equals the one that covers most, then the one with the lowest series number.
    """
    images = [d for d in study.display_sets if d.kind == "image"]
    skipped = {d.id: reason for d in images if (reason := unsuitable(d, contract, any_way=any_way))}
    suitable = [d for d in images if d.id not in skipped]
    return tuple(sorted(suitable, key=_rank)), skipped


def unsuitable(display_set: DisplaySet, contract: InputContract, *, any_way: bool = False) -> str:
    """Why a model of this contract cannot read a display set, in a clause; "" where it can."""
    geometry = display_set.geometry
    if other := contract.other_kind(display_set.modality, display_set.instances[0].body_part):
        return other
    if any("LOCALIZER" in value.upper() for i in display_set.instances[:1] for value in i.image_type):
        return "a localizer"
    if display_set.instances[0].colour:
        return "colour pictures"
    if not display_set.has_hu and not (any_way and contract.modality != "CT"):
        return "its values are no Hounsfield units"
    if geometry is None:
        return "its images make no regular volume"
    askew = "" if any_way else _askew(display_set, tilted=contract.tilted)
    return askew or _of_the_volume(display_set, contract)


def _askew(display_set: DisplaySet, *, tilted: bool) -> str:
    geometry = display_set.geometry
    assert geometry is not None
    if abs(geometry.normal[2]) < AXIAL_COSINE:
        return "not axial"
    return "acquired with a tilted gantry" if geometry.is_sheared and not tilted else ""


def _of_the_volume(display_set: DisplaySet, contract: InputContract) -> str:
    geometry = display_set.geometry
    assert geometry is not None
    slices, between = geometry.shape[0], geometry.spacing_mm[0]
    thickest = max(between, _thickness_mm(display_set))
    if slices < contract.min_slices:
        return f"{slices} slice{'s' if slices != 1 else ''}, the model needs {contract.min_slices}"
    if slices * between < contract.min_extent_mm:
        return f"{slices * between:.0f} mm long, the model needs {contract.min_extent_mm:g} mm"
    if thickest > contract.max_slice_mm + 1e-3:
        return f"slices of {thickest:g} mm, the model reads up to {contract.max_slice_mm:g} mm"
    if len(display_set.missing) > MOST_MISSING * slices:
        return f"{len(display_set.missing)} of {slices} slices are missing"
    return ""


def _thickness_mm(display_set: DisplaySet) -> float:
    return max((i.slice_thickness_mm or 0.0 for i in display_set.instances), default=0.0)


def _rank(display_set: DisplaySet) -> tuple[float, float, int, str]:
    assert display_set.geometry is not None
    slices, between = display_set.geometry.shape[0], display_set.geometry.spacing_mm[0]
    thickness = max(between, _thickness_mm(display_set), FINE_MM)
    number = display_set.instances[0].series_number
    return round(thickness, 1), -slices * between, number if number is not None else 1 << 31, display_set.id
