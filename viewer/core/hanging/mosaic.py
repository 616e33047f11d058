"""A breast that needed several exposures, as one picture: where each part hangs beside the others.

Parts say which section they show (Partial View Code Sequence, CID 4005). As the breast hangs, lateral or
superior is up, and the chest wall is at the right of a right breast, at the left of a left one.
"""

from collections.abc import Sequence

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.hanging.layout import Box

_UP = {"medial": ("lateral", "medial"), "feet": ("superior", "inferior")}
"""By where the lower edge of a hung view points: the sections at its upper and at its lower edge."""


def mosaic(parts: Sequence[DisplaySet]) -> tuple[tuple[DisplaySet, Box], ...]:
    """The parts row by row, each with its box; those that nothing tells apart stand one above the other."""
    placed = [(_cell(part.instances[0].mammogram or Mammogram()), n, part) for n, part in enumerate(parts)]
    if len({cell for cell, _, _ in placed}) == 1:
        rows = [[part] for part in parts]
    else:
        heights = sorted({cell[0] for cell, _, _ in placed})
        ordered = sorted(placed, key=lambda one: one[:2])
        rows = [[part for cell, _, part in ordered if cell[0] == height] for height in heights]
    return tuple(
        (part, Box(column / len(row), number / len(rows), 1 / len(row), 1 / len(rows)))
        for number, row in enumerate(rows)
        for column, part in enumerate(row)
    )


def _cell(breast: Mammogram) -> tuple[int, int]:
    """(row, column) of -1, 0 and 1: up and left are -1, what is central or not said is 0."""
    upper, lower = _UP.get(breast.down, ("", ""))
    front = -1 if breast.side == "R" else 1
    row = (lower in breast.sections) - (upper in breast.sections)
    column = front * (("anterior" in breast.sections) - ("posterior" in breast.sections))
    return row, column
