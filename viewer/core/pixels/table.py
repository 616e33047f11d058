"""The grey-scale pipeline as one table: a grey level for each of the 65,536 possible codes.

A *code* is the stored value of unsigned data, and the stored value ^ 0x8000 (that is + 32768) of signed data.
"""

import numpy as np
from numpy.typing import NDArray

from viewer.core.pixels.grey import Grey, Lut, MovedLut, Voi, Window

SIZE = 65536


def stored_values(signed: bool) -> NDArray[np.float64]:
    """(65536,) the stored value of each code."""
    return np.arange(SIZE, dtype=np.float64) - (0x8000 if signed else 0)


def modality_table(grey: Grey) -> NDArray[np.float64]:
    """(65536,) the modality value (HU for CT) of each code: PS3.3 C.11.1."""
    stored = stored_values(grey.signed)
    if grey.modality_lut is None:
        return stored * grey.slope + grey.intercept
    return _look_up(grey.modality_lut, stored)


def voi_table(values: NDArray[np.float64], voi: Voi) -> NDArray[np.float64]:
    """Modality values to 0 .. 1: PS3.3 C.11.2.1.2 (window) and C.11.2.1.1 (LUT)."""
    if isinstance(voi, MovedLut):
        at = (values - voi.centre) / voi.width
        return voi_table(at * voi.lut.width + voi.lut.centre, voi.lut)
    if isinstance(voi, Lut):
        return _look_up(voi, np.rint(values)) / (2.0**voi.bits - 1)
    centre, width = voi.centre, voi.width
    if voi.function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    if voi.function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1)
    if width <= 1:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def presentation_table(grey: Grey) -> NDArray[np.float64]:
    """(65536,) the P-value 0 .. 1 of each code: modality, VOI, polarity, padding."""
    voi = grey.voi or full_range(grey)
    out = voi_table(modality_table(grey), voi)
    lut = grey.presentation_lut
    if lut is not None:
        out = _look_up(lut, lut.first + np.rint(out * (len(lut.entries) // 2 - 1))) / (2.0**lut.bits - 1)
    if grey.invert:
        out = 1 - out
    if grey.padding is not None:
        stored = stored_values(grey.signed)
        out[(stored >= grey.padding[0]) & (stored <= grey.padding[1])] = 0
    return out


def grey_table(grey: Grey) -> NDArray[np.uint8]:
    """(65536,) the grey level of each code, calibration included."""
    p_values = presentation_table(grey)
    if not grey.calibration:
        return np.rint(p_values * 255).astype(np.uint8)
    levels = np.frombuffer(grey.calibration, np.uint8)
    return levels[np.rint(p_values * (len(levels) - 1)).astype(np.intp)]


def full_range(grey: Grey) -> Window:
    """The window from the lowest to the highest modality value that the stored bits allow."""
    if grey.modality_lut is not None:
        return between(0, 2**grey.modality_lut.bits - 1)
    low, high = (0, 2**grey.bits_stored - 1)
    if grey.signed:
        low, high = -(2 ** (grey.bits_stored - 1)), 2 ** (grey.bits_stored - 1) - 1
    codes = np.array([low, high]) + (0x8000 if grey.signed else 0)
    ends = modality_table(grey)[codes]
    return between(float(ends.min()), float(ends.max()))


def between(low: float, high: float) -> Window:
    """The window that shows `low` black and `high` white."""
    return Window((low + high) / 2, max(high - low, 1e-9), function="LINEAR_EXACT")


def _look_up(lut: Lut, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entries of a LUT; inputs below its first or above its last entry get that entry (PS3.3 C.11.1.1.1)."""
    entries = np.frombuffer(lut.entries, "<u2").astype(np.float64)
    return entries[np.clip(inputs - lut.first, 0, len(entries) - 1).astype(np.intp)]
