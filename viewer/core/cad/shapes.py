"""From coordinates of a structured report to where a mark lies in the indices of its image. Pure geometry.

A report counts from the outer corner of the first pixel (PS3.3 C.18.6.1.1: its centre lies at 0.5, 0.5), the
desk from the centre of the first pixel: half a pixel is between them.
"""

from collections.abc import Sequence

from viewer.core.cad.tree import Graphic

Box = tuple[float, float, float, float]
"""(left, top, right, bottom) edges; the first pixel spans -0.5 to 0.5."""
HALF = 0.5


class BadShape(ValueError):
    """Points that do not make what they claim to be; a clause that says why."""


def centre(graphic: Graphic) -> tuple[float, float]:
    """(column, row) of the middle of a drawing on an image."""
    left, top, right, bottom = box(graphic)
    return (left + right) / 2, (top + bottom) / 2


def box(graphic: Graphic) -> Box:
    """What a drawing on an image spans. Raises `BadShape`."""
    points = [(p[0] - HALF, p[1] - HALF) for p in graphic.points]
    needed = {"POINT": 1, "CIRCLE": 2, "ELLIPSE": 4}.get(graphic.kind)
    if needed is not None and len(points) != needed:
        raise BadShape(f"a {graphic.kind} of {len(points)} points, {needed} make one")
    match graphic.kind:
        case "CIRCLE":
            return _circle(points)
        case "ELLIPSE":
            return _ellipse(points)
        case "POINT" | "POLYLINE" | "MULTIPOINT":
            columns, rows = zip(*points, strict=True)
            return min(columns), min(rows), max(columns), max(rows)
        case _:
            raise BadShape(f"a drawing of the unknown kind {graphic.kind or 'nothing'}")


def _circle(points: Sequence[tuple[float, float]]) -> Box:
    """Its centre, and a point on it."""
    (column, row), (at_column, at_row) = points
    radius = ((at_column - column) ** 2 + (at_row - row) ** 2) ** 0.5
    return column - radius, row - radius, column + radius, row + radius


def _ellipse(points: Sequence[tuple[float, float]]) -> Box:
    """The ends of its long axis, then of its short one; it may lie aslant."""
    (a0, b0), (a1, b1), (c0, d0), (c1, d1) = points
    column, row = (a0 + a1) / 2, (b0 + b1) / 2
    wide = (((a1 - a0) / 2) ** 2 + ((c1 - c0) / 2) ** 2) ** 0.5
    high = (((b1 - b0) / 2) ** 2 + ((d1 - d0) / 2) ** 2) ** 0.5
    return column - wide, row - high, column + wide, row + high
