"""The grey-scale pipeline written down once more, value by value, as the standard words it.

Slow and plain on purpose: the tables of `table`, and with them every viewport, are compared with it.
"""

import math

from viewer.core.pixels.grey import Grey, Lut, Window


def display_value(stored: int, grey: Grey) -> float:
    """The P-value 0 .. 1 of one stored value (PS3.3 C.11.1, C.11.2, C.7.6.3.1.2; padding is black)."""
    if grey.padding is not None and grey.padding[0] <= stored <= grey.padding[1]:
        return 0.0
    assert grey.voi is not None
    if isinstance(grey.voi, Lut):
        value = look_up(grey.voi, round(modality_value(stored, grey))) / (2.0**grey.voi.bits - 1)
    else:
        value = windowed(modality_value(stored, grey), grey.voi)
    return 1 - value if grey.invert else value


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
