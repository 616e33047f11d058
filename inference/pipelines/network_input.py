"""From an image or a volume to what a general network is given, by its contract; and the way back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import Case, Grid
from inference.contract import NetworkContract, Percentiles, Rescale, Shift, Step, ZScore
from inference.pipelines.working_grid import fill_missing

Array = NDArray[np.float32]

DIRECTIONS = {
    "R": (-1.0, 0.0, 0.0),
    "L": (1.0, 0.0, 0.0),
    "A": (0.0, -1.0, 0.0),
    "P": (0.0, 1.0, 0.0),
    "S": (0.0, 0.0, 1.0),
    "I": (0.0, 0.0, -1.0),
}
"""Unit vectors in LPS of the letters of `NetworkContract.axes`."""
MAX_VOXELS = 200_000_000
"""Of the network's grid: more comes from broken geometry, or would not fit in memory."""
SMOOTHED_ABOVE = 1.5
"""An image that is made so many times smaller is smoothed first, so that nothing small aliases."""


@dataclass(frozen=True, slots=True)
class NetworkVolume:
    """`values` (channels, i, j, k) on `grid`, whose three axes are the network's."""

    values: Array
    grid: Grid


@dataclass(frozen=True, slots=True)
class NetworkImage:
    """`values` (channels, i, j); `scale`: stored pixels per network pixel (row, column); its axes' order."""

    values: Array
    scale: tuple[float, float]
    axes: str

    def to_stored(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) fractional network indices to (..., 2) fractional stored (row, column)."""
        rows_first = index if self.axes == "RC" else index[..., ::-1]
        out: NDArray[np.float64] = (rows_first + 0.5) * self.scale - 0.5
        return out


def adjusted(values: Array, steps: tuple[Step, ...], channels: int) -> Array:
    """(...) grey values to (channels, ...), finite, by the contract's intensity steps in their order."""
    flat = np.nan_to_num(np.asarray(values, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    out = np.repeat(flat[None], channels, axis=0)
    for step in steps:
        out = _step(out, step)
    return np.ascontiguousarray(out, np.float32)


def _step(values: Array, step: Step) -> Array:
    match step:
        case Rescale():
            return _rescaled(values, step.source, step.target, clip=step.clip)
        case Percentiles():
            low, high = (float(v) for v in np.percentile(values, step.source))
            if high <= low:
                return np.full_like(values, step.target[0])
            return _rescaled(values, (low, high), step.target, clip=step.clip)
        case ZScore():
            return _z_score(values, nonzero=step.nonzero)
        case Shift():
            shape = (-1,) + (1,) * (values.ndim - 1)
            subtract, divide = (
                np.asarray(v, np.float32).reshape(shape) for v in (step.subtract, step.divide)
            )
            return (values - subtract) / divide


def _rescaled(
    values: Array, source: tuple[float, float], target: tuple[float, float], *, clip: bool
) -> Array:
    slope = (target[1] - target[0]) / (source[1] - source[0])
    out = (values - np.float32(source[0])) * np.float32(slope) + np.float32(target[0])
    return np.clip(out, min(target), max(target)) if clip else out


def _z_score(values: Array, *, nonzero: bool) -> Array:
    counted = values != 0 if nonzero else np.ones(values.shape, bool)
    if not counted.any():
        return values
    mean, sd = float(values[counted].mean()), float(values[counted].std())
    return np.where(counted, (values - mean) / (sd if sd > 0 else 1.0), values).astype(np.float32)


# --- images


def network_image(
    grey: Array, spacing_mm: tuple[float, float] | None, contract: NetworkContract
) -> NetworkImage:
    """(rows, columns), 0 black to 1 white, as the network sees it; `spacing_mm` None where it is unknown.

    Raises ValueError, in one clause, where the contract cannot be kept.
    """
    shape: tuple[int, ...]
    turn = 1 if contract.axes == "RC" else -1
    if contract.size:
        shape = contract.size[::turn]
    elif contract.spacing_mm:
        if spacing_mm is None:
            raise ValueError("the size of its pixels is unknown, and the model works in millimetres")
        wanted = contract.spacing_mm[::turn]
        shape = tuple(
            max(round(n * s / w), 1) for n, s, w in zip(grey.shape, spacing_mm, wanted, strict=True)
        )
    else:
        shape = grey.shape
    if shape[0] * shape[1] > MAX_VOXELS:
        raise ValueError(f"{shape[0]} x {shape[1]} pixels on the model's scale are too many")
    scale = (grey.shape[0] / shape[0], grey.shape[1] / shape[1])
    brought = _resized(grey, (shape[0], shape[1]), scale)
    turned = brought if contract.axes == "RC" else brought.T
    return NetworkImage(adjusted(turned, contract.intensity, contract.channels), scale, contract.axes)


def _resized(grey: Array, shape: tuple[int, int], scale: tuple[float, float]) -> Array:
    """Linear between pixel centres, edges on edges; smoothed first where it shrinks."""
    out = np.asarray(grey, np.float32)
    if max(scale) > SMOOTHED_ABOVE:
        out = ndimage.gaussian_filter(out, [0.35 * np.sqrt(max(s * s - 1, 0.0)) for s in scale], truncate=2.5)
    if out.shape == shape:
        return out
    offset = [0.5 * s - 0.5 for s in scale]
    brought: Array = ndimage.affine_transform(out, list(scale), offset, shape, order=1, mode="nearest")
    return brought


# --- volumes

DISPLAYED = (0.5, 99.5)
"""Percentiles of a volume that become black and white for a network of single images."""


def displayed(case: Case) -> Iterator[tuple[int, Array]]:
    """Slices of a volume that are not missing: index, and 0 black to 1 white (rows, columns)."""
    present = np.setdiff1d(np.arange(len(case.hu)), case.missing)
    low, high = np.percentile(case.hu[present], DISPLAYED)
    for k in present:
        grey = np.clip((case.hu[k].astype(np.float32) - low) / max(high - low, 1), 0, 1)
        yield int(k), grey.astype(np.float32)


def network_volume(case: Case, contract: NetworkContract) -> NetworkVolume:
    """A volume on the network's grid. Raises ValueError, in one clause, where it would be too large.

    What lies outside of the input takes the value of its nearest voxel; missing slices are filled from their
    neighbours, so that they do not look like air.
    """
    grid = network_grid(case.grid, contract)
    if np.prod(grid.shape, dtype=np.float64) > MAX_VOXELS:
        sides = " x ".join(map(str, grid.shape))
        raise ValueError(f"the volume spans {sides} voxels of the model's: too many")
    source = np.array(case.hu, np.float32)
    fill_missing(source, case.missing)
    step = np.linalg.inv(case.grid.matrix()) @ grid.matrix()
    values = _on_grid(source, step, grid.shape)
    return NetworkVolume(adjusted(values, contract.intensity, contract.channels), grid)


def network_grid(grid: Grid, contract: NetworkContract) -> Grid:
    """The grid along the contract's axes that holds all voxel centres of `grid`.

    Without a spacing the network's axes take that of the input axis that runs most along them.
    """
    axes = np.array([DIRECTIONS[letter] for letter in contract.axes])
    own = np.abs(np.array(grid.axes) @ axes.T)
    native = [grid.spacing_mm[int(own[:, k].argmax())] for k in range(3)]
    if contract.size:
        return _sized(grid, axes, contract.size)
    spacing = np.array(contract.spacing_mm or native)
    low, high = _reach(grid, axes)
    shape = np.floor((high - low) / spacing + 1e-6).astype(int) + 1
    return _grid(low @ axes, axes, spacing, shape, grid.frame_of_reference_uid)


def _sized(grid: Grid, axes: NDArray[np.float64], size: tuple[int, ...]) -> Grid:
    """A fixed number of voxels over the whole extent, edges on edges."""
    low, high = _reach(grid, axes)
    own = np.abs(np.array(grid.axes) @ axes.T)
    native = np.array([grid.spacing_mm[int(own[:, k].argmax())] for k in range(3)])
    spacing = (high - low + native) / np.array(size)
    start = low - native / 2 + spacing / 2
    return _grid(start @ axes, axes, spacing, np.array(size), grid.frame_of_reference_uid)


def _reach(grid: Grid, axes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest coordinates of the voxel centres along `axes`, mm."""
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape], indexing="ij")).reshape(3, 8).T
    along = grid.index_to_patient(ends) @ axes.T
    return along.min(axis=0), along.max(axis=0)


def _grid(
    origin: NDArray[np.float64],
    axes: NDArray[np.float64],
    spacing: NDArray[np.float64],
    shape: NDArray[np.int_],
    frame: str,
) -> Grid:
    x, y, z = (float(v) for v in origin)
    first, second, third = ((float(a), float(b), float(c)) for a, b, c in axes)
    a, b, c = (float(v) for v in spacing)
    i, j, k = (int(n) for n in shape)
    return Grid((x, y, z), (first, second, third), (a, b, c), (i, j, k), frame)


def _on_grid(source: Array, step: NDArray[np.float64], shape: tuple[int, int, int]) -> Array:
    """`source` at the places of another grid; `step` maps the other's indices to its own."""
    shrinks = np.abs(step[:3, :3]).max(axis=1)
    if shrinks.max() > SMOOTHED_ABOVE:
        sigma = [0.35 * np.sqrt(max(s * s - 1, 0.0)) for s in shrinks]
        source = ndimage.gaussian_filter(source, sigma, truncate=2.5)
    out: Array = ndimage.affine_transform(source, step[:3, :3], step[:3, 3], shape, order=1, mode="nearest")
    return out


def onto_image(answer: Array, image: NetworkImage, shape: tuple[int, int]) -> Array:
    """(labels, i, j) of the network on (rows, columns) of the stored image, linear: (labels, *shape)."""
    turned = answer if image.axes == "RC" else answer.transpose(0, 2, 1)
    if turned.shape[1:] == shape:
        return np.ascontiguousarray(turned)
    steps = [1 / s for s in image.scale]
    offset = [0.5 * s - 0.5 for s in steps]
    return np.stack(
        [ndimage.affine_transform(a, steps, offset, shape, order=1, mode="nearest") for a in turned]
    )
