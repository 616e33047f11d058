"""How scanners differ: density, noise, kernel and slice thickness, drawn at random for a patch in HU."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Patch = NDArray[np.float32]


def scanner(rng: np.random.Generator, hu: Patch) -> Patch:
    """Another scanner's picture of the same patch (z, y, x), HU."""
    if rng.random() < 0.25:
        hu = _thick_slices(hu, int(rng.integers(2, 6)), int(rng.integers(0, 5)))
    if rng.random() < 0.25:
        hu = ndimage.gaussian_filter(hu, rng.uniform(0.3, 0.8, 3))
    elif rng.random() < 0.2:
        hu = hu + np.float32(rng.uniform(0.3, 1.0)) * (hu - ndimage.gaussian_filter(hu, 1.0))
    if rng.random() < 0.5:
        hu = hu + _grain(rng, hu.shape) * np.float32(rng.gamma(2.0, 10.0))
    scaled = (hu + 1000) * np.float32(rng.uniform(0.93, 1.07)) - 1000
    return (scaled + np.float32(rng.uniform(-40, 40))).astype(np.float32)


def turned(rng: np.random.Generator, *volumes: NDArray[Any]) -> list[NDArray[Any]]:
    """The same random flips and quarter turns in plane for all volumes."""
    axes = tuple(k for k in range(3) if rng.random() < 0.5)
    quarters = int(rng.integers(4))
    return [np.rot90(np.flip(volume, axes), quarters, (1, 2)) for volume in volumes]


def _thick_slices(hu: Patch, thickness: int, phase: int) -> Patch:
    """Average `thickness` mm along z, keep every such slice, interpolate back."""
    mean = ndimage.uniform_filter1d(hu, thickness, axis=0, mode="nearest")
    kept = np.arange(phase % thickness, hu.shape[0], thickness)
    if len(kept) < 2:
        return mean
    at = np.clip(np.interp(np.arange(hu.shape[0]), kept, np.arange(len(kept))), 0, len(kept) - 1)
    low = np.minimum(at.astype(int), len(kept) - 2)
    weight = (at - low).astype(np.float32)[:, None, None]
    out: Patch = mean[kept[low]] * (1 - weight) + mean[kept[low + 1]] * weight
    return out


def _grain(rng: np.random.Generator, shape: tuple[int, ...]) -> Patch:
    """Noise of unit variance, smooth over a random part of a voxel."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, rng.uniform(0.0, 0.9))
    out: Patch = noise / np.float32(noise.std() + 1e-6)
    return out
