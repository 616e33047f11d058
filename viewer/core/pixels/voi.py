"""Windows for images that bring none."""

import numpy as np
from numpy.typing import NDArray

from viewer.core.pixels.grey import Grey, Window
from viewer.core.pixels.table import between, full_range, modality_table

_ENOUGH = 1 << 16
"""Pixels that are looked at: a regular sample of a large image gives the same window."""


def auto_window(codes: NDArray[np.uint16], grey: Grey) -> Window:
    """From the lowest to the highest modality value in `codes` (any shape), padding left out."""
    step = max(1, int((codes.size / _ENOUGH) ** 0.5))
    sample = codes[..., ::step, ::step] if codes.size > _ENOUGH else codes
    low, high = _extremes(sample, grey)
    return full_range(grey) if low >= high else between(low, high)


def _extremes(codes: NDArray[np.uint16], grey: Grey) -> tuple[float, float]:
    present = np.unique(codes).astype(np.int64)
    stored = present - (0x8000 if grey.signed else 0)
    if grey.padding is not None:
        present = present[(stored < grey.padding[0]) | (stored > grey.padding[1])]
    if not present.size:
        return (0.0, 0.0)
    values = modality_table(grey)[present]
    return (float(values.min()), float(values.max()))
