"""What an image can be windowed with: its own windows and LUTs in order, or one made from its pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viewer.core.pixels.grey import Grey, Lut, MovedLut, Voi, Window
from viewer.core.pixels.table import between, full_range, modality_table

_ENOUGH = 1 << 16
"""Pixels that are looked at: a regular sample of a large image gives the same window."""

_LUT = "LUT"
"""A window's function may be "LUT 2": the second VOI LUT of the image, over the inputs of the window."""


def as_window(voi: Window | Lut, luts: Sequence[Lut]) -> Window:
    """A VOI in numbers; a LUT of `luts` keeps its place in its function, and can be found again by it."""
    if isinstance(voi, Window):
        return voi
    number = next(n for n, lut in enumerate(luts, start=1) if lut is voi or lut == voi)
    return Window(voi.centre, voi.width, voi.name or f"LUT {number}", f"{_LUT} {number}")


def is_lut(window: Window) -> bool:
    """True for the window of a VOI LUT."""
    return window.function.startswith(_LUT)


def from_window(window: Window, luts: Sequence[Lut]) -> Voi | None:
    """The VOI that a window stands for; None where it is a LUT that is not among `luts`."""
    if not is_lut(window):
        return Window(window.centre, window.width, function=window.function)
    number = int(window.function.removeprefix(_LUT) or 1)
    if number > len(luts):
        return None
    lut = luts[number - 1]
    if (window.centre, window.width) == (lut.centre, lut.width):
        return lut
    return MovedLut(lut, window.centre, window.width)


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
