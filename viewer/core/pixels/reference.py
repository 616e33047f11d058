"""The grey-scale pipeline written down once more, value by value, as the standard words it.

Slow and plain on purpose: the tables of `table`, and with them every viewport, are compared with it.
"""

import math

from viewer.core.pixels.grey import Grey, Lut, MovedLut, Voi, Window


def display_value(stored: int, grey: Grey) -> float:
    """The P-value 0 .. 1 of one stored value (PS3.3 C.11.1, C.11.2, C.7.6.3.1.2; padding is black)."""
    if grey.padding is not None and grey.padding[0] <= stored <= grey.padding[1]:
        return 0.0
    assert grey.voi is not None
    value = through_voi(modality_value(stored, grey), grey.voi)
    if grey.presentation_lut is not None:
        lut = grey.presentation_lut
        at = round(value * (len(lut.entries) // 2 - 1))
        value = look_up(lut, lut.first + at) / (2.0**lut.bits - 1)
    return 1 - value if grey.invert else value


def through_voi(x: float, voi: Voi) -> float:
    """A modality value through the VOI, 0 .. 1."""
    if isinstance(voi, MovedLut):
        span = len(voi.lut.entries) // 2 - 1 or 1
        middle = voi.lut.first + (len(voi.lut.entries) // 2 - 1) / 2
        return through_voi((x - voi.centre) / voi.width * span + middle, voi.lut)
    if isinstance(voi, Lut):
        return look_up(voi, round(x)) / (2.0**voi.bits - 1)
    return windowed(x, voi)


def modality_value(stored: int, grey: Grey) -> float:
    """The modality value of one stored value."""
    if grey.modality_lut is not None:
        return float(look_up(grey.modality_lut, stored))
    return stored * grey.slope + grey.intercept


def windowed(x: float, window: Window) -> float:
    """A modality value through a window."""
    c, w = window.centre, window.width
    if window.function == "SIGMOID":
        exponent = -4 * (x - c) / w
        return 0.0 if exponent > 700 else 1 / (1 + math.exp(exponent))
    if window.function == "LINEAR_EXACT":
        if x <= c - w / 2:
            return 0.0
        return 1.0 if x > c + w / 2 else (x - c) / w + 0.5
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    return 1.0 if x > c - 0.5 + (w - 1) / 2 else (x - (c - 0.5)) / (w - 1) + 0.5


def look_up(lut: Lut, value: int) -> int:
    """One entry of a LUT; the first or last one for values outside."""
    count = len(lut.entries) // 2
    at = min(max(value - lut.first, 0), count - 1)
    return int.from_bytes(lut.entries[2 * at : 2 * at + 2], "little")
