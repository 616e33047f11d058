"""The grid that networks work on: 1 mm, along the patient's axes (z to the head, y back, x to the left).

Any input grid (spacing, tilt, flips, coronal or sagittal slices) is brought there and marks are brought back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from inference.cases import Case, Grid

Volume = NDArray[np.float32]
Tick = Callable[[float], None]
"""Called with the share done; what it raises passes through."""

AIR, METAL = -1024.0, 3071.0
MAX_VOXELS = 160_000_000
"""More 1 mm voxels than a trunk has: a larger box comes from broken geometry and would not fit in memory."""

_PATIENT = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Resampled:
    """`hu` float32 on `grid`; `known` is False where no slice of the input lies (outside it, or missing)."""

    hu: Volume
    known: NDArray[np.bool_]
    grid: Grid


def patient_grid(grid: Grid, spacing_mm: float) -> Grid:
    """The smallest grid along the patient's axes, isotropic, that holds all voxel centres of `grid`."""
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape], indexing="ij")).reshape(3, 8).T
    corners = grid.index_to_patient(ends)
    low, high = corners.min(axis=0), corners.max(axis=0)
    z, y, x = (int(np.floor((high[k] - low[k]) / spacing_mm + 1e-6)) + 1 for k in (2, 1, 0))
    origin = (float(low[0]), float(low[1]), float(low[2]))
    return Grid(origin, _PATIENT, (spacing_mm,) * 3, (z, y, x), grid.frame_of_reference_uid)


def resample(case: Case, spacing_mm: float, tick: Tick = lambda _: None) -> Resampled:
    """Bring a case to `patient_grid`: light in-plane smoothing, then linear. ValueError if it is too large.

    Missing slices are filled from their neighbours, so that they do not look like air, and are not `known`.
    """
    target = patient_grid(case.grid, spacing_mm)
    if np.prod(target.shape, dtype=np.float64) > MAX_VOXELS:
        raise ValueError(f"the volume spans {' x '.join(map(str, target.shape))} mm, more than a trunk does")
    thin, grid = _thinned(case, spacing_mm, tick)
    step = np.linalg.inv(grid.matrix()) @ target.matrix()
    present = np.ones(grid.shape[0], bool)
    present[list(case.missing)] = False
    order = _permutation(step[:3, :3])
    if order is None:
        hu, known = _oblique(thin, present, step, target.shape, tick)
        return Resampled(hu, known, target)
    hu = thin.transpose(order)
    known = np.ones(target.shape, bool)
    for axis, source_axis in enumerate(order):
        at = step[source_axis, 3] + step[source_axis, axis] * np.arange(target.shape[axis])
        if source_axis == 0:
            known &= _between(present, at).reshape([-1 if k == axis else 1 for k in range(3)])
        hu = _axis(hu, at, axis, tick)
    return Resampled(np.ascontiguousarray(hu), known, target)


def _thinned(case: Case, spacing_mm: float, tick: Tick) -> tuple[Volume, Grid]:
    """Slice by slice: finite, smoothed, brought to pixels of `spacing_mm` or more; then gaps are filled."""
    slices, *plane = case.grid.shape
    pitch = [max(s, spacing_mm) for s in case.grid.spacing_mm[1:]]
    ats = [
        np.arange(int(np.floor((n - 1) * s / p + 1e-6)) + 1, dtype=np.float64) * float(p / s)
        for n, s, p in zip(plane, case.grid.spacing_mm[1:], pitch, strict=True)
    ]
    sigma = [0.35 * np.sqrt((p / s) ** 2 - 1.0) for p, s in zip(pitch, case.grid.spacing_mm[1:], strict=True)]
    down, across = (
        _thinner(n, s if max(sigma) > 0.1 else 0.0, at) for n, s, at in zip(plane, sigma, ats, strict=True)
    )
    out = np.empty((slices, len(ats[0]), len(ats[1])), np.float32)
    for k in range(slices):
        flat = np.nan_to_num(np.asarray(case.hu[k], np.float32), nan=AIR, posinf=METAL, neginf=AIR)
        np.clip(flat, AIR, METAL, out=flat)
        out[k] = (across @ np.ascontiguousarray((down @ flat).T)).T
        if k % 8 == 0:
            tick(0.8 * k / slices)
    fill_missing(out, case.missing)
    spacing = (case.grid.spacing_mm[0], pitch[0], pitch[1])
    grid = Grid(case.grid.origin_mm, case.grid.axes, spacing, (slices, len(ats[0]), len(ats[1])))
    return out, grid


def _thinner(n: int, sigma: float, at: NDArray[np.float64]) -> sparse.csr_array:
    """(len(at), n): smooths `n` pixels with a Gaussian of `sigma` pixels, then interpolates at `at`.

    One sparse product does what filter and interpolation do one after the other in three times the time.
    """
    line = np.eye(n, dtype=np.float32)
    if sigma > 0:
        line = ndimage.gaussian_filter1d(line, sigma, axis=0, truncate=2.5)
    return sparse.csr_array(_along(line, at, 0))


def _axis(volume: Volume, at: NDArray[np.float64], axis: int, tick: Tick) -> Volume:
    """`_along` in pieces, so that no step takes long; nothing where `at` is 0, 1, 2..."""
    n = volume.shape[axis]
    if len(at) == n and np.abs(at - np.arange(n)).max() < 1e-4:
        return volume
    shape = [len(at) if k == axis else size for k, size in enumerate(volume.shape)]
    out = np.empty(shape, np.float32)
    cut = 1 if axis == 0 else 0
    for first in range(0, shape[cut], _CHUNK):
        part: list[slice] = [slice(None)] * 3
        part[cut] = slice(first, first + _CHUNK)
        out[tuple(part)] = _along(volume[tuple(part)], at, axis)
        tick(0.8 + (axis + min(first + _CHUNK, shape[cut]) / shape[cut]) / 15)
    return out


def _along(volume: Volume, at: NDArray[np.float64], axis: int) -> Volume:
    """Linear interpolation along one axis at fractional indices `at`; beyond the ends the last value."""
    n = volume.shape[axis]
    at = np.clip(at, 0, n - 1)
    low = np.clip(np.floor(at).astype(np.intp), 0, max(n - 2, 0))
    weight = (at - low).astype(np.float32).reshape([-1 if k == axis else 1 for k in range(volume.ndim)])
    out = np.take(volume, low, axis=axis)
    if n > 1:
        rise = np.take(volume, low + 1, axis=axis)
        rise -= out
        rise *= weight
        out += rise
    return out


def _between(present: NDArray[np.bool_], at: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the slices on either side of fractional indices are there (one, if it lies on a slice)."""
    near = np.rint(at)
    exact = np.abs(at - near) < 1e-3
    low = np.where(exact, near, np.floor(at)).astype(np.intp)
    high = np.where(exact, near, np.ceil(at)).astype(np.intp)
    inside = (low >= 0) & (high < len(present))
    last = len(present) - 1
    out: NDArray[np.bool_] = inside & present[np.clip(low, 0, last)] & present[np.clip(high, 0, last)]
    return out


def fill_missing(hu: Volume, missing: tuple[int, ...]) -> None:
    """Linear between the nearest slices that are there, in place."""
    there = np.setdiff1d(np.arange(hu.shape[0]), missing)
    for k in missing if len(there) else ():
        after = int(np.searchsorted(there, k))
        low, high = there[max(after - 1, 0)], there[min(after, len(there) - 1)]
        weight = 0.0 if high == low else (k - low) / (high - low)
        hu[k] = (1 - weight) * hu[low] + weight * hu[high]


def _permutation(step: NDArray[np.float64]) -> tuple[int, int, int] | None:
    """For each target axis the source axis that it runs along; None where the axes are not parallel."""
    main = np.abs(step).argmax(axis=0)
    rest = np.abs(step).copy()
    rest[main, np.arange(3)] = 0
    if len(set(main.tolist())) < 3 or rest.max() > 1e-4 * np.abs(step).max():
        return None
    return int(main[0]), int(main[1]), int(main[2])


def _oblique(
    source: Volume,
    present: NDArray[np.bool_],
    step: NDArray[np.float64],
    shape: tuple[int, int, int],
    tick: Tick,
) -> tuple[Volume, NDArray[np.bool_]]:
    """Any affine map, in chunks of slices to bound memory and time between ticks."""
    hu = np.empty(shape, np.float32)
    known = np.empty(shape, bool)
    for first in range(0, shape[0], _CHUNK):
        part = slice(first, min(first + _CHUNK, shape[0]))
        size = (part.stop - part.start, shape[1], shape[2])
        offset = step[:3, 3] + step[:3, 0] * first
        ndimage.affine_transform(
            source, step[:3, :3], offset, size, output=hu[part], order=1, mode="constant", cval=AIR
        )
        known[part] = _inside(present, step[:3, :3], offset, source.shape, size)
        tick(0.8 + 0.2 * part.stop / shape[0])
    return hu, known


def _inside(
    present: NDArray[np.bool_],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    bounds: tuple[int, ...],
    size: tuple[int, int, int],
) -> NDArray[np.bool_]:
    """Where the mapped voxel lies between slices that are there."""
    z, y, x = np.ogrid[: size[0], : size[1], : size[2]]
    at: list[Any] = [m[0] * z + m[1] * y + m[2] * x + o for m, o in zip(matrix, offset, strict=True)]
    out = _between(present, at[0])
    for position, n in zip(at[1:], bounds[1:], strict=True):
        out &= (position > -0.01) & (position < n - 0.99)
    return out
