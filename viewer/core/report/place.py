"""Where a finding lies among the display sets of a study."""

from collections.abc import Iterable

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Vector
from viewer.core.reading.finding import Finding


def display_set_of(display_sets: Iterable[DisplaySet], finding: Finding) -> DisplaySet | None:
    """The display set of the finding's series that holds its centre (a series may be split into several)."""
    same = [d for d in display_sets if d.series_instance_uid == finding.series_instance_uid and d.instances]
    return min(same, key=lambda d: _outside(d, finding.center_lps_mm), default=None)


def slice_of(where: DisplaySet, position_mm: Vector) -> int | None:
    """The slice that is there and nearest to a position; None without geometry."""
    if where.geometry is None:
        return None
    at = float(where.geometry.patient_to_index(position_mm)[0])
    return min(where.slots, key=lambda k: abs(k - at))


def directions(where: DisplaySet) -> tuple[Vector, Vector] | None:
    """Unit vectors of growing row and column index in the patient; None where the images do not say."""
    orientation = where.instances[0].orientation
    if orientation is None:
        return None
    ax, ay, az, bx, by, bz = orientation
    return (bx, by, bz), (ax, ay, az)


def place_words(display_sets: Iterable[DisplaySet], finding: Finding) -> str:
    """Slice of a finding, as the screen counts them, with its series where there are several."""
    images = [d for d in display_sets if d.kind == "image"]
    where = display_set_of(images, finding)
    if where is None:
        return "series not loaded"
    index = slice_of(where, finding.center_lps_mm)
    said = [where.title] if len(images) > 1 or index is None else []
    return ", ".join([*said, *([f"slice {index + 1} of {where.count}"] if index is not None else [])])


def _outside(where: DisplaySet, position_mm: Vector) -> float:
    """How far, in slices, a position lies outside a volume; infinite without one."""
    if where.geometry is None:
        return float("inf")
    k = float(where.geometry.patient_to_index(position_mm)[0])
    return max(0.0, -0.5 - k, k - where.geometry.shape[0] + 0.5)
