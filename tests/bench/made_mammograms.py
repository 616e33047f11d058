"""Mammograms of 4096 x 5120 to measure with: a breast with the noise of a detector, air that is padding."""

from functools import cache

import numpy as np

from tests.inference import breasts

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


def enlarged(side: str, projection: str, rows: int, columns: int) -> dict:
    """The drawn breast in so many pixels, with noise, 216 mm high: `pixels` and their spacing."""
    drawn = breasts.view(side, projection).pixels
    down, across = (np.arange(n) * m // n for n, m in zip((rows, columns), drawn.shape, strict=True))
    noise = np.random.default_rng(1).normal(0, 900, (rows, columns)).astype(np.float32)
    pixels = np.clip(drawn[np.ix_(down, across)] + noise, 0, 65535).astype(np.uint16)
    return {"pixels": pixels, "ImagerPixelSpacing": [216 / rows, 216 / rows]}
