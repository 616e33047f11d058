"""A candidate's size: axes in the axial plane and volume; and how patches reach the input's grid."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from skimage.measure import find_contours

from inference.cases import Grid, Vector
from inference.protocol import ArrayRef, Patch

Ends = tuple[Vector, Vector]


@dataclass(frozen=True, slots=True)
class Axes:
    """Long axis and the longest one at right angles to it in the same axial plane; ends in patient mm."""

    long_mm: float
    short_mm: float
    long_ends: Ends
    short_ends: Ends


def axes(probability: NDArray[np.float32], start: tuple[int, int, int], grid: Grid) -> Axes | None:
    """Measured as radiologists do, on the half-probability contour of each axial plane of the 1 mm grid.

    `probability` is a patch that starts at voxel `start` of `grid`. The plane with the longest axis counts.
    None where no plane holds a contour.
    """
    best: tuple[float, int, NDArray[np.float64]] | None = None
    for k, plane in enumerate(probability):
        outline = _outline(plane)
        if outline is None:
            continue
        length = float(_distances(outline).max())
        if best is None or length > best[0]:
            best = (length, k, outline)
    if best is None:
        return None
    _, k, outline = best
    long = _longest(outline)
    short = _across(outline, long)
    ends = [_patient(pair, k, start, grid) for pair in (long, short)]
    lengths = [float(np.linalg.norm(np.subtract(*pair))) for pair in ends]
    return Axes(max(lengths), min(lengths), *(ends if lengths[0] >= lengths[1] else ends[::-1]))


def _outline(plane: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Points (row, column) of the largest half-probability contour."""
    if plane.max() < 0.5:
        return None
    contours = find_contours(np.pad(plane, 1), 0.5)  # type: ignore[no-untyped-call]
    if not contours:
        return None
    out: NDArray[np.float64] = max(contours, key=len) - 1
    return out


def _distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    hull = _hull(points)
    out: NDArray[np.float64] = np.linalg.norm(hull[:, None] - hull[None], axis=2)
    return out


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        out: NDArray[np.float64] = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        return points
    return out


def _longest(points: NDArray[np.float64]) -> NDArray[np.float64]:
    hull = _hull(points)
    i, j = np.unravel_index(int(_distances(points).argmax()), (len(hull), len(hull)))
    return hull[[int(i), int(j)]]


def _across(points: NDArray[np.float64], long: NDArray[np.float64]) -> NDArray[np.float64]:
    """The longest chord at right angles to `long`: the outline cut at quarter-millimetre steps along it."""
    along = long[1] - long[0]
    length = float(np.linalg.norm(along))
    along = along / max(length, 1e-6)
    side = np.array([-along[1], along[0]])
    closed = np.vstack([points, points[:1]])
    t, s = (closed - long[0]) @ along, (closed - long[0]) @ side
    best = (0.0, 0.0, 0.0, length / 2)
    for at in np.arange(0.25, length, 0.25):
        crossing = np.flatnonzero((t[:-1] - at) * (t[1:] - at) <= 0)
        if len(crossing) < 2:
            continue
        run = t[crossing + 1] - t[crossing]
        share = np.where(np.abs(run) > 1e-9, (at - t[crossing]) / np.where(run == 0, 1, run), 0.0)
        cuts = s[crossing] + share * (s[crossing + 1] - s[crossing])
        low, high = float(cuts.min()), float(cuts.max())
        if high - low > best[0]:
            best = (high - low, low, high, float(at))
    _, low, high, at = best
    return np.stack([long[0] + at * along + low * side, long[0] + at * along + high * side])


def _patient(pair: NDArray[np.float64], k: int, start: tuple[int, int, int], grid: Grid) -> Ends:
    index = [(start[0] + k, start[1] + row, start[2] + column) for row, column in pair]
    a, b = grid.index_to_patient(index)
    return (float(a[0]), float(a[1]), float(a[2])), (float(b[0]), float(b[1]), float(b[2]))


def sphere_diameter(volume_mm3: float) -> float:
    """Diameter of the sphere with this volume, mm."""
    return float((6 * volume_mm3 / np.pi) ** (1 / 3))


@dataclass(frozen=True, slots=True)
class OnInput:
    """A patch on the input's own grid; `start` is its first voxel there."""

    values: NDArray[Any]
    start: tuple[int, int, int]


def to_input(
    patch: NDArray[np.float32], start: tuple[int, int, int], working: Grid, target: Grid
) -> OnInput | None:
    """A patch of the working grid on the input's grid (linear, 0 outside); None where they do not meet."""
    corners = np.array(np.meshgrid(*[(-1, n) for n in patch.shape], indexing="ij")).reshape(3, 8).T + start
    index = target.patient_to_index(working.index_to_patient(corners))
    low = np.maximum(np.floor(index.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0)) + 1, target.shape).astype(int)
    if np.any(high <= low):
        return None
    step = np.linalg.inv(working.matrix()) @ target.matrix()
    offset = step[:3, :3] @ low + step[:3, 3] - start
    size = (int(high[0] - low[0]), int(high[1] - low[1]), int(high[2] - low[2]))
    padded = np.pad(patch, 1)
    values = ndimage.affine_transform(padded, step[:3, :3], offset + 1, size, order=1, cval=0.0)
    return OnInput(values, (int(low[0]), int(low[1]), int(low[2])))


def stored(out: Path, name: str, patch: OnInput | None) -> Patch | None:
    """Save a patch as `.npy` in `out` and name it."""
    if patch is None:
        return None
    path = out / f"{name}.npy"
    np.save(path, patch.values, allow_pickle=False)
    shape = tuple(int(n) for n in patch.values.shape)
    return Patch(
        array=ArrayRef(path=str(path), dtype=str(patch.values.dtype), shape=shape), start=patch.start
    )
