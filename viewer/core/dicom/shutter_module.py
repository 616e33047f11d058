"""Display shutter and collimator (PS3.3 C.7.6.11, C.8.7.3): the part of an image that is to be seen."""

import math

from viewer.core.dicom.values import Values
from viewer.core.pixels.shutter import Shutter

_SHUTTER, _COLLIMATOR = 0x00181600, 0x00181700
_EDGES, _CENTRE, _RADIUS, _VERTICES = (0x02, 0x04, 0x06, 0x08), 0x10, 0x12, 0x20
_OFFSETS = (0x00, *_EDGES, _CENTRE, _RADIUS, _VERTICES)
TAGS = frozenset(base | offset for base in (_SHUTTER, _COLLIMATOR) for offset in _OFFSETS)

_NOT_USED = "nothing is blackened by it"


def read_shutters(values: Values) -> tuple[Shutter, ...]:
    """All shapes of the display shutter and of the collimator; only what lies in each of them is seen."""
    return tuple(
        shutter
        for base in (_SHUTTER, _COLLIMATOR)
        for shape in values.codes(base)
        if shape != "BITMAP"  # an overlay of a presentation state
        for shutter in (_shape(values, base, shape),)
        if shutter is not None
    )


def _shape(values: Values, base: int, shape: str) -> Shutter | None:
    if shape == "RECTANGULAR":
        edges = tuple(number for offset in _EDGES for number in values.numbers(base | offset)[:1])
        if _good(edges, 4) and edges[0] <= edges[1] and edges[2] <= edges[3]:
            return Shutter("rectangle", edges)
    elif shape == "CIRCULAR":
        circle = (*values.numbers(base | _CENTRE), *values.numbers(base | _RADIUS))
        if _good(circle, 3) and circle[2] > 0:
            return Shutter("circle", circle)
    elif shape == "POLYGONAL":
        vertices = values.numbers(base | _VERTICES)
        if len(vertices) >= 6 and _good(vertices, len(vertices) // 2 * 2):
            return Shutter("polygon", vertices)
    values.note(base, shape, "a shape with its numbers: RECTANGULAR, CIRCULAR, POLYGONAL", _NOT_USED)
    return None


def _good(numbers: tuple[float, ...], count: int) -> bool:
    return len(numbers) == count and all(math.isfinite(n) and abs(n) < 1e6 for n in numbers)
