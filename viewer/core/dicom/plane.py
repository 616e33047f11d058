"""Position, orientation and pixel size of an image (PS3.3 C.7.6.2), believed only where they can be true."""

import math

from viewer.core.dicom.geometry import Vector
from viewer.core.dicom.instance import Orientation
from viewer.core.dicom.values import Values

POSITION, ORIENTATION, SPACING, IMAGER_SPACING = 0x00200032, 0x00200037, 0x00280030, 0x00181164

_FARTHEST_MM = 1e5
_FINEST_MM, _COARSEST_MM = 1e-3, 100.0
_TOLERANCE = 5e-3
"""Of unit length and right angles: direction cosines are often written with three digits."""


def read_position(values: Values) -> Vector | None:
    """Centre of the first pixel, patient mm (LPS); notes one that cannot be true."""
    if not values.has(POSITION):
        return None
    numbers = values.numbers(POSITION)
    if len(numbers) == 3 and all(math.isfinite(n) and abs(n) <= _FARTHEST_MM for n in numbers):
        return (numbers[0], numbers[1], numbers[2])
    _bad(values, POSITION, "three numbers within 100 m", "the place of the image is unknown")
    return None


def read_orientation(values: Values) -> Orientation | None:
    """Unit vectors of growing column and row index, made exactly orthonormal; notes what cannot be true."""
    if not values.has(ORIENTATION):
        return None
    n = values.numbers(ORIENTATION)
    if len(n) == 6 and all(math.isfinite(x) for x in n):
        along_columns, along_rows = n[:3], n[3:]
        lengths = (math.hypot(*along_columns), math.hypot(*along_rows))
        dot = sum(a * b for a, b in zip(along_columns, along_rows, strict=True))
        if all(abs(length - 1) <= _TOLERANCE for length in lengths) and abs(dot) <= _TOLERANCE:
            return _orthonormal(along_columns, along_rows)
    _bad(values, ORIENTATION, "two unit vectors at a right angle", "left, right and the planes are unknown")
    return None


def read_spacing(values: Values) -> tuple[tuple[float, float] | None, str]:
    """(between rows, between columns) in mm and where it holds: "patient" or "imager" (at the detector)."""
    for tag, source in ((SPACING, "patient"), (IMAGER_SPACING, "imager")):
        if tag not in values.elements:
            continue
        numbers = values.numbers(tag)
        if len(numbers) == 2 and all(_FINEST_MM <= n <= _COARSEST_MM for n in numbers):
            return (numbers[0], numbers[1]), source
        _bad(
            values,
            tag,
            "two numbers from 0.001 to 100 mm",
            "the pixel size is unknown: lengths in pixels only",
        )
        return None, ""
    return None, ""


def _orthonormal(a: tuple[float, ...], b: tuple[float, ...]) -> Orientation:
    """Gram-Schmidt: the first vector keeps its direction, the second is made perpendicular to it."""
    length = math.hypot(*a)
    u = [x / length for x in a]
    dot = sum(x * y for x, y in zip(u, b, strict=True))
    v = [y - dot * x for x, y in zip(u, b, strict=True)]
    length = math.hypot(*v)
    return (u[0], u[1], u[2], v[0] / length, v[1] / length, v[2] / length)


def _bad(values: Values, tag: int, allowed: str, message: str) -> None:
    values.note(tag, values.ascii(tag), allowed, message)
