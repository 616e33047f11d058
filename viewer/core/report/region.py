"""Outlines of findings: closed polygons in a slice, patient mm (LPS); boxes and ellipses on an image."""

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Geometry, Vector
from viewer.core.reading.finding import ImagePlace, Outline, PixelBox
from viewer.core.report.second_read import NoduleMask

_CORNERS = 24
_LEAST_RADIUS_MM = 1.0
"""Radius of the outline of a finding that was not measured."""


def circle(
    center_mm: Vector, diameter_mm: float | None, rows: Vector, columns: Vector
) -> NDArray[np.float64]:
    """(25, 3) corners of a circle in the plane of `rows` and `columns`; the last repeats the first."""
    radius = max((diameter_mm or 0.0) / 2, _LEAST_RADIUS_MM)
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    ring = np.cos(angle)[:, None] * np.array(columns) + np.sin(angle)[:, None] * np.array(rows)
    return _closed(np.array(center_mm) + radius * ring)


def on_image(place: ImagePlace) -> tuple[str, NDArray[np.float64]]:
    """Graphic type and (n, 2) columns and rows of a place, as SCOORD counts: the first pixel spans 0..1."""
    if place.box is None:
        return "POINT", np.array([[place.column, place.row]]) + 0.5
    left, top, right, bottom = place.box
    if place.outline is Outline.ELLIPSE:
        return "ELLIPSE", _axes((left + 0.5, top + 0.5, right + 0.5, bottom + 0.5))
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    return "POLYLINE", _closed(corners + 0.5)


def _axes(box: PixelBox) -> NDArray[np.float64]:
    """The ends of the long axis, then of the short one, of the ellipse in a box (PS3.3 C.10.5.1.2)."""
    left, top, right, bottom = box
    column, row = (left + right) / 2, (top + bottom) / 2
    level, upright = [(left, row), (right, row)], [(column, top), (column, bottom)]
    return np.array(level + upright if right - left >= bottom - top else upright + level, np.float64)


def outline(mask: NoduleMask, geometry: Geometry) -> NDArray[np.float64] | None:
    """(n, 3) corners round the largest part of the mask in its largest slice; None for an empty mask.

    The line runs half a voxel outside the centres of the outermost voxels (marching squares at one half).
    """
    from skimage.measure import find_contours  # slow to import; only reports with masks need it

    areas = mask.voxels.sum(axis=(1, 2), dtype=np.int64)
    if not areas.any():
        return None
    k = int(np.argmax(areas))
    lines = find_contours(  # type: ignore[no-untyped-call]
        np.pad(mask.voxels[k].astype(float), 1), 0.5
    )
    longest = max(lines, key=len)[:-1] - 1
    index = np.column_stack([np.zeros(len(longest)), longest]) + np.array(mask.start) + (k, 0, 0)
    return _closed(geometry.index_to_patient(index))


def _closed(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vstack([corners, corners[:1]])
