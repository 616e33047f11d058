"""Shutters: what of an image lies outside of them and is drawn black."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Shutter:
    """One shape; rows and columns count from 1, as in the standard (PS3.3 C.7.6.11).

    kind     "rectangle": left, right column, upper, lower row, all seen; "circle": row, column, radius in
             columns; "polygon": row, column of each vertex, an edge leads back from the last to the first
    """

    kind: str
    numbers: tuple[float, ...]


def outside(
    shutters: Sequence[Shutter], rows: int, columns: int, aspect: float = 1.0
) -> NDArray[np.bool_] | None:
    """(rows, columns) True for each pixel that some shutter covers; None where none does.

    aspect  height of a pixel divided by its width
    """
    if not shutters:
        return None
    row, column = np.arange(1, rows + 1.0)[:, None], np.arange(1, columns + 1.0)[None, :]
    seen = reduce(np.logical_and, (_inside(shutter, row, column, aspect) for shutter in shutters))
    covered: NDArray[np.bool_] = ~np.broadcast_to(seen, (rows, columns))
    return covered if covered.any() else None


def _inside(
    shutter: Shutter, row: NDArray[np.float64], column: NDArray[np.float64], aspect: float
) -> NDArray[np.bool_]:
    n = shutter.numbers
    if shutter.kind == "rectangle":
        return (column >= n[0]) & (column <= n[1]) & (row >= n[2]) & (row <= n[3])
    if shutter.kind == "circle":
        away: NDArray[np.float64] = ((row - n[0]) * aspect) ** 2 + (column - n[1]) ** 2
        return away <= n[2] ** 2
    return _inside_polygon(n, row, column)


def _inside_polygon(
    vertices: Sequence[float], row: NDArray[np.float64], column: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """By the number of edges to the right of a pixel (even-odd rule), row by row."""
    points = list(zip(vertices[::2], vertices[1::2], strict=False))
    out = np.zeros((row.size, column.size), np.bool_)
    for (r0, c0), (r1, c1) in zip(points, points[1:] + points[:1], strict=True):
        if r0 == r1:
            continue
        crosses = ((r0 <= row) & (row < r1)) | ((r1 <= row) & (row < r0))
        out ^= crosses & (column < c0 + (row - r0) / (r1 - r0) * (c1 - c0))
    return out
