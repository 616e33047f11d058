"""A picture at another size: area average where it shrinks, linear where it grows. Whole pictures only."""

import numpy as np
from numpy.typing import NDArray


def resample(picture: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """(r, c) or (r, c, 3) to (rows, columns) or (rows, columns, 3)."""
    down = _weights(picture.shape[0], rows)
    across = _weights(picture.shape[1], columns)
    mixed = np.einsum("ij,jk...->ik...", down, picture.astype(np.float32), optimize=True)
    exact = np.einsum("ij,kj...->ki...", across, mixed, optimize=True)
    out: NDArray[np.uint8] = np.clip(np.rint(exact), 0, 255).astype(np.uint8)
    return out


def _weights(size: int, wanted: int) -> NDArray[np.float32]:
    """(wanted, size): how much of each pixel goes into each new one; rows add up to 1."""
    scale = size / wanted
    if scale <= 1:
        centres = np.clip((np.arange(wanted) + 0.5) * scale - 0.5, 0, size - 1)
        weights: NDArray[np.float64] = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(size)))
        return weights.astype(np.float32)
    starts = np.arange(wanted)[:, None] * scale
    pixels = np.arange(size)
    overlap = np.minimum(starts + scale, pixels + 1) - np.maximum(starts, pixels)
    weights = np.maximum(0, overlap) / scale
    return weights.astype(np.float32)
