"""Mammograms of 4096 x 5120 to measure with: a breast with the noise of a detector, air that is padding."""

from functools import cache

import numpy as np

ROWS_, COLUMNS = 5120, 4096


@cache
def breast(side: str, seed: int) -> np.ndarray:
    """(5120, 4096) uint16 of 12 bits as hung, chest wall at the right edge of a right breast."""
    rng = np.random.default_rng(seed)
    row, column = np.ogrid[:ROWS_, :COLUMNS]
    depth = COLUMNS - 1 - column if side == "R" else column
    inside = (depth / (COLUMNS * 0.7)) ** 2 + ((row - ROWS_ / 2) / (ROWS_ * 0.45)) ** 2 < 1
    noise = rng.normal(0, 60, (ROWS_, COLUMNS)).astype(np.float32)
    light = 1500 + 900 * np.sin(row / 211) * np.cos(column / 173)
    out = np.clip(light + noise, 1, 4095)
    return np.where(inside, out, 0).astype(np.uint16)
