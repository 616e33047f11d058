"""Layouts of the image area: boxes in fractions of it. Knows nothing of what hangs in them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A place in the image area, fractions 0..1 of its width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout; its boxes in reading order (the order of Tab)."""

    id: str
    title: str
    boxes: tuple[Box, ...]


def _grid(rows: int, columns: int) -> tuple[Box, ...]:
    return tuple(
        Box(column / columns, row / rows, 1 / columns, 1 / rows)
        for row in range(rows)
        for column in range(columns)
    )


_MAIN = 904 / 1376
"""Share of the large image beside the column of two: 904 of 1376 px in the design."""

LAYOUTS = (
    Layout("1x1", "One image", _grid(1, 1)),
    Layout("1x2", "Two images side by side", _grid(1, 2)),
    Layout("2x1", "Two images, one above the other", _grid(2, 1)),
    Layout("2x2", "Four images", _grid(2, 2)),
    Layout("2x4", "Eight images", _grid(2, 4)),
    Layout(
        "three",
        "Three planes",
        (Box(0, 0, _MAIN, 1), Box(_MAIN, 0, 1 - _MAIN, 0.5), Box(_MAIN, 0.5, 1 - _MAIN, 0.5)),
    ),
    Layout("1x4", "Four images side by side", _grid(1, 4)),
)
"""In the order of their digits: Alt+1 is the first."""


def layout(layout_id: str) -> Layout:
    """The layout with that id; `KeyError` for one that does not exist."""
    return {one.id: one for one in LAYOUTS}[layout_id]
