"""Where the cuts through a volume lie: planes along the patient's axes, and the letters at a picture's edges.

Pure geometry: a cut is again a `Geometry` (cut, row, column). Pixels are cut elsewhere.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Geometry, Vector

_AXES: dict[str, tuple[Vector, Vector, Vector]] = {
    "axial": ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
    "coronal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0)),
    "sagittal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)),
}
"""Directions of growing cut, row and column in LPS. Radiological: patient's right on the left of the screen,
front or head on top; cuts go head to foot, front to back, right to left."""

_LETTERS = (("R", "L"), ("A", "P"), ("H", "F"))
_OBLIQUE = 0.2
"""Smallest direction cosine that earns a second or third letter: 11.5 degrees."""

LONGEST = 4096
"""Largest number of cuts, rows or columns: a volume with an absurd spacing is sampled more coarsely."""


def letters(direction: Vector) -> str:
    """Where `direction` (LPS) points: of R L A P H F, the strongest first, as in (0020,0020)."""
    order = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    strong = [axis for axis in order if abs(direction[axis]) >= _OBLIQUE]
    return "".join(_letter(axis, direction[axis]) for axis in strong)


def _letter(axis: int, value: float) -> str:
    low, high = _LETTERS[axis]
    if axis == 2:
        low, high = high, low
    return high if value > 0 else low


def edge_letters(along_rows: Vector, along_columns: Vector) -> tuple[str, str, str, str]:
    """Letters at the left, top, right and bottom edge of a picture drawn with row 0 on top, column 0 left."""
    left = letters(_opposite(along_columns))
    top = letters(_opposite(along_rows))
    return left, top, letters(along_columns), letters(along_rows)


def _opposite(direction: Vector) -> Vector:
    x, y, z = direction
    return (-x, -y, -z)


def cut_geometry(volume: Geometry, plane: str) -> Geometry:
    """The grid (cut, row, column) on which `plane` shows `volume`.

    "stack" is the volume as acquired. "axial", "coronal" and "sagittal" follow the patient's axes, whatever
    the orientation of the acquisition; pixels are square at the volume's finest spacing; the distance of cuts
    is the volume's spacing along them. The grid is centred on the box round all voxels, so that for a volume
    along the patient's axes its samples fall on voxel centres.
    """
    if plane == "stack":
        return volume
    directions = np.array(_AXES[plane])
    middle, extent = _box(volume, directions)
    pitch = max(min(volume.spacing_mm), float(extent.max()) / LONGEST)
    steps = np.array([max(pitch, _spacing_along(volume, directions[0])), pitch, pitch])
    counts = np.maximum(1, np.rint(extent / steps)).astype(int)
    origin = (middle - (counts - 1) / 2 * steps) @ directions
    cut, row, column = _AXES[plane]
    return Geometry(
        origin_mm=_vector(origin),
        along_slices=cut,
        along_rows=row,
        along_columns=column,
        spacing_mm=_vector(steps),
        shape=(int(counts[0]), int(counts[1]), int(counts[2])),
        frame_of_reference_uid=volume.frame_of_reference_uid,
    )


def _box(
    volume: Geometry, directions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle and extent, mm along each of `directions`, of the box round all whole voxels."""
    ends = [(-0.5, n - 0.5) for n in volume.shape]
    corners = np.array(np.meshgrid(*ends, indexing="ij")).reshape(3, 8).T
    along = volume.index_to_patient(corners) @ directions.T
    low, high = along.min(axis=0), along.max(axis=0)
    return (low + high) / 2, high - low


def _spacing_along(volume: Geometry, direction: NDArray[np.float64]) -> float:
    """Spacing of the volume's own axis that runs closest to `direction`, mm."""
    axes = np.array([volume.along_slices, volume.along_rows, volume.along_columns])
    return volume.spacing_mm[int(np.argmax(np.abs(axes @ direction)))]


def window_of(view: Geometry, rows: tuple[int, int], columns: tuple[int, int]) -> Geometry:
    """The part of a grid with rows [first, last) and columns [first, last)."""
    origin = view.index_to_patient((0, rows[0], columns[0]))
    shape = (view.shape[0], rows[1] - rows[0], columns[1] - columns[0])
    return replace(view, origin_mm=_vector(origin), shape=shape)


def part_of(volume: Geometry, start: tuple[int, int, int], shape: tuple[int, int, int]) -> Geometry:
    """The grid of the voxels from `start` (slice, row, column) on."""
    return replace(volume, origin_mm=_vector(volume.index_to_patient(start)), shape=shape)


def index_map(view: Geometry, volume: Geometry, cut: float) -> NDArray[np.float64]:
    """3 x 3: columns times (row, column, 1) of `view` at `cut` give (slice, row, column) in `volume`."""
    both = np.linalg.inv(volume.matrix()) @ view.matrix()
    out = np.column_stack([both[:3, 1], both[:3, 2], both[:3, 0] * cut + both[:3, 3]])
    return np.asarray(np.where(np.abs(out - np.rint(out)) < 1e-9, np.rint(out), out), np.float64)


def distance_to_cut(view: Geometry, cut: float, position_mm: Vector) -> float:
    """Distance of a point from the plane of `cut`, mm along the normal; positive towards higher cuts."""
    on_plane = view.index_to_patient((cut, 0, 0))
    signed = float(np.dot(np.asarray(position_mm) - on_plane, view.normal))
    return signed if np.dot(view.normal, view.along_slices) >= 0 else -signed


def cut_spacing(view: Geometry) -> float:
    """Distance between neighbouring cuts along their normal, mm: less than the step if stacked obliquely."""
    return view.spacing_mm[0] * abs(float(np.dot(view.normal, view.along_slices)))


def nearest_cut(view: Geometry, position_mm: Vector) -> int:
    """Index of the cut nearest to a point, kept within the grid."""
    cut = distance_to_cut(view, 0, position_mm) / cut_spacing(view)
    return int(np.clip(np.rint(cut), 0, view.shape[0] - 1))


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
