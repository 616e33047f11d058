"""A box of HU round a point, read at any place in the patient. Knows the grid, not what lies in it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.core.dicom.geometry import Geometry, Vector

SMOOTHING_MM = 0.6
"""Standard deviation of the smoothing in the planes and across them: against noise, below a nodule's edge."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Patch:
    """A box of the volume, smoothed.

    hu       float32, (slices, rows, columns)
    start    index of its first voxel in the volume
    geometry of the whole volume
    missing  slices (volume index) without an image: their HU here are interpolated
    """

    hu: NDArray[np.float32]
    start: tuple[int, int, int]
    geometry: Geometry
    missing: tuple[int, ...]

    def sample(self, points_mm: ArrayLike) -> Array:
        """(..., 3) patient mm to (...) HU, linear; beyond the box its outermost values."""
        from scipy.ndimage import map_coordinates  # heavy, and never needed for the first image

        index = self.geometry.patient_to_index(points_mm) - self.start
        flat = map_coordinates(self.hu, index.reshape(-1, 3).T, np.float64, order=1, mode="nearest")
        out: Array = flat.reshape(index.shape[:-1])
        return out

    def holds(self, point_mm: ArrayLike) -> bool:
        """Whether a point lies in the box."""
        index = self.geometry.patient_to_index(point_mm) - self.start
        return bool(np.all(index >= -0.5) and np.all(index <= np.array(self.hu.shape) - 0.5))


def box(geometry: Geometry, centre_mm: Vector, radius_mm: float) -> tuple[slice, slice, slice]:
    """The index box of the volume that holds a ball; empty where the ball lies outside."""
    centre = geometry.patient_to_index(centre_mm)
    half = radius_mm * np.linalg.norm(np.linalg.inv(geometry.matrix()[:3, :3]), axis=1)
    low = np.clip(np.floor(centre - half), 0, geometry.shape).astype(int)
    high = np.clip(np.ceil(centre + half) + 1, 0, geometry.shape).astype(int)
    k, r, c = (slice(int(a), int(max(a, b))) for a, b in zip(low, high, strict=True))
    return k, r, c


def cut(
    hu: NDArray[np.int16],
    geometry: Geometry,
    centre_mm: Vector,
    radius_mm: float,
    first_slice: int = 0,
    missing: Collection[int] = (),
) -> Patch:
    """The patch round a point; `hu` holds the slices from `first_slice` on. It may be empty."""
    from scipy.ndimage import gaussian_filter  # heavy, and never needed for the first image

    k, r, c = box(geometry, centre_mm, radius_mm)
    last = min(k.stop, first_slice + len(hu))
    first = min(max(k.start, first_slice), last)
    out = hu[first - first_slice : last - first_slice, r, c].astype(np.float32)
    gaps = tuple(slot for slot in range(first, last) if slot in missing)
    _bridge(out, [slot - first for slot in gaps])
    sigma = [SMOOTHING_MM / spacing for spacing in geometry.spacing_mm]
    return Patch(gaussian_filter(out, sigma, truncate=2.0), (first, r.start, c.start), geometry, gaps)


def _bridge(hu: NDArray[np.float32], missing: list[int]) -> None:
    """Fill missing slices, in place, from their neighbours: -1024 there would look like lung."""
    there = [k for k in range(len(hu)) if k not in missing]
    for k in missing if there else []:
        below = max((t for t in there if t < k), default=there[0])
        above = min((t for t in there if t > k), default=there[-1])
        weight = 0.0 if above == below else (k - below) / (above - below)
        hu[k] = (1 - weight) * hu[below] + weight * hu[above]
