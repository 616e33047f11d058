"""Lengths that a reader drew: how long they are, what they run across, and which two belong together."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Vector
from viewer.core.reading.finding import Axis, Finding

_CROSSING_MM = 1.0
"""How far two lines may pass by each other and still cross (pixels, where there is no geometry)."""
LEAST_RADIUS_MM = 3.0
"""Of the sphere round a finding that was not measured, or is smaller."""
_SQUARE = 0.7
"""Smallest sine between the two axes of a bidirectional measurement: RECIST asks for a right angle."""


@dataclass(frozen=True, slots=True)
class Length:
    """A measured length.

    unit         "mm", or "px" where the image has no scale
    across_gap   slices are missing between the ends
    at_detector  measured on the detector: a projection enlarges what it shows
    """

    value: float
    unit: str
    across_gap: bool = False
    at_detector: bool = False

    def words(self) -> str:
        """As screen and report say it: "12.3 mm, across a gap"."""
        number = f"{self.value:.0f} px" if self.unit == "px" else f"{self.value:.1f} mm"
        return number + self.remark()

    def remark(self) -> str:
        """What must be known of the number; "" where nothing."""
        return (" at the detector" if self.at_detector else "") + (
            ", across a gap" if self.across_gap else ""
        )


def length_of(shown: DisplaySet, axis: Axis) -> Length:
    """The length of a line drawn on a display set: in the patient, else on its image (column, row, slice)."""
    if shown.geometry is None:
        return _flat_length(shown, axis)
    low, high = sorted(float(shown.geometry.patient_to_index(end)[0]) for end in axis)
    crossed = any(low - 0.5 < k < high + 0.5 for k in shown.missing)
    return Length(float(np.linalg.norm(np.subtract(*axis))), "mm", across_gap=crossed)


def words_of(shown: DisplaySet, axes: tuple[Axis, ...]) -> str:
    """One length, or "12.3 × 8.1 mm" of two across each other."""
    lengths = [length_of(shown, axis) for axis in axes]
    if len(lengths) == 1:
        return lengths[0].words()
    first, second = lengths
    numbers = f"{first.value:.1f} × {second.value:.1f}"
    return f"{numbers} {first.unit}{max(first.remark(), second.remark(), key=len)}"


def crosses(first: Axis, second: Axis) -> bool:
    """True where two lines cross, about at right angles: then they are one bidirectional measurement."""
    a, b = np.array(first[0]), np.array(second[0])
    along, across = np.subtract(first[1], first[0]), np.subtract(second[1], second[0])
    lengths = float(np.linalg.norm(along) * np.linalg.norm(across))
    if lengths == 0 or np.linalg.norm(np.cross(along, across)) < _SQUARE * lengths:
        return False
    s, t = _nearest(a, along, b, across)
    apart = np.linalg.norm(a + s * along - b - t * across)
    return bool(0 <= s <= 1 and 0 <= t <= 1 and apart <= _CROSSING_MM)


def finding_at(findings: Iterable[Finding], axis: Axis) -> Finding | None:
    """The finding in which a line (patient mm) has an end or its middle; the nearest where there are several.

    A line that only runs through one on its way, such as the width of the chest, belongs to none.
    """
    placed = [(f, f.center_lps_mm) for f in findings if f.center_lps_mm is not None]
    there = [(away, f) for f, centre in placed if (away := _outside(f, centre, axis)) <= 0]
    return min(there, key=lambda pair: pair[0], default=(0.0, None))[1]


def _outside(finding: Finding, center_mm: Vector, axis: Axis) -> float:
    """How far, mm, ends and middle of a line lie outside the sphere round a finding; negative = inside."""
    points = np.array([*axis, np.mean(axis, axis=0)])
    radius = max((finding.long_axis_mm or 0.0) / 2, LEAST_RADIUS_MM)
    return float(np.linalg.norm(points - np.array(center_mm), axis=1).min()) - radius


def _nearest(
    a: NDArray[np.float64], along: NDArray[np.float64], b: NDArray[np.float64], across: NDArray[np.float64]
) -> tuple[float, float]:
    """Where two lines pass nearest to each other, as shares of their lengths."""
    matrix = np.array([[along @ along, -along @ across], [along @ across, -across @ across]])
    s, t = np.linalg.solve(matrix, np.array([along @ (b - a), across @ (b - a)]))
    return float(s), float(t)


def _flat_length(shown: DisplaySet, axis: Axis) -> Length:
    """On a single image: mm where its pixels have a size, else pixels."""
    instance = shown.instance_at(int(axis[0][2])) or shown.instances[0]
    across, down = axis[1][0] - axis[0][0], axis[1][1] - axis[0][1]
    if instance.spacing_mm is None:
        return Length(float(np.hypot(across, down)), "px")
    rows, columns = instance.spacing_mm
    value = float(np.hypot(across * columns, down * rows))
    return Length(value, "mm", at_detector=instance.spacing_source == "imager")
