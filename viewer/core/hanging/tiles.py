"""Going through a breast at full resolution: the tiles to look at, and what of it was seen."""

from collections.abc import Iterable
from math import ceil

import numpy as np
from numpy.typing import NDArray

from viewer.core.hanging.pose import Box, Point, Turn

OVERLAP = 0.1
"""Share of a tile that the next one shows again."""
CELL = 32
"""Edge of the squares in which it is kept what was seen, image pixels."""


def tiles(box: Box, turn: Turn, shape: tuple[int, int], size: tuple[int, int]) -> tuple[Point, ...]:
    """(column, row) of the middle of each tile that together show a box, in reading order on screen.

    size  (width, height) of the viewport, device pixels, at one device pixel per image pixel
    """
    corners = [turn.onto_screen(corner, shape) for corner in ((box[0], box[1]), (box[2], box[3]))]
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return tuple(
        turn.from_screen((x, y), shape)
        for y in _middles(top, bottom, size[1])
        for x in _middles(left, right, size[0])
    )


def _middles(start: float, end: float, size: int) -> tuple[float, ...]:
    """Middles of the fewest pieces of a length that cover it and overlap, evenly spread."""
    if end - start <= size:
        return ((start + end) / 2,)
    count = 1 + ceil((end - start - size) / (size * (1 - OVERLAP)))
    step = (end - start - size) / (count - 1)
    return tuple(start + size / 2 + k * step for k in range(count))


Run = tuple[int, int, int]
"""Squares beside each other: row, first, past the last."""


class Seen:
    """Which parts of an image of `shape` (rows, columns) were on screen at full resolution.

    runs  of squares that were seen before
    """

    def __init__(self, shape: tuple[int, int], runs: Iterable[Run] = ()) -> None:
        self._cells: NDArray[np.bool_] = np.zeros((ceil(shape[0] / CELL), ceil(shape[1] / CELL)), np.bool_)
        for row, first, last in runs:
            if row < len(self._cells):
                self._cells[row, first:last] = True

    def add(self, left: float, top: float, right: float, bottom: float) -> tuple[Run, ...]:
        """That part (columns, rows) was on screen: runs of squares that are new.

        A square counts when its middle was on screen.
        """
        first_row, last_row = _cells(top, bottom)
        first_column, last_column = _cells(left, right)
        part = self._cells[first_row:last_row, first_column:last_column]
        new = [int(row) for row in np.flatnonzero(~part.all(axis=1))]
        part[:] = True
        end = first_column + part.shape[1]
        return tuple((first_row + row, first_column, end) for row in new)

    def share(self, box: Box) -> float:
        """How much of a box was seen, 0 to 1: of the squares whose middle lies in it."""
        (first_row, last_row), (first_column, last_column) = _cells(box[1], box[3]), _cells(box[0], box[2])
        part = self._cells[first_row:last_row, first_column:last_column]
        return float(part.mean()) if part.size else 0.0


def _cells(start: float, end: float) -> tuple[int, int]:
    """First and one past the last square whose middle lies between two places."""
    return max(0, ceil(start / CELL - 0.5)), max(0, ceil(end / CELL - 0.5))
