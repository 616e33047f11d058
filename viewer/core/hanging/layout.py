"""Layouts of the image area: boxes in fractions of it, on one screen or several; not what hangs in them."""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Box:
    """A place in the image area of a screen (0 = the first), fractions 0..1 of its width and height."""

    left: float
    top: float
    width: float
    height: float
    screen: int = 0


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


_NAMED = {one.id: one for one in LAYOUTS}
NEXT_SCREEN = " | "
"""Between the layouts of two screens."""


def layout(layout_id: str) -> Layout:
    """The layout with that id; `KeyError` for one that does not exist.

    Besides the named ones: "0,0,0.5,1 0.5,0,0.5,1" has a box per word (left, top, width, height), and
    "1x2 | 2x1" is a layout per screen.
    """
    if layout_id in _NAMED:
        return _NAMED[layout_id]
    parts = layout_id.split(NEXT_SCREEN)
    if len(parts) > 1:
        boxes = tuple(
            replace(box, screen=screen) for screen, part in enumerate(parts) for box in layout(part).boxes
        )
        return Layout(layout_id, f"{len(parts)} screens", boxes)
    boxes = tuple(_box(word, layout_id) for word in layout_id.split())
    if not boxes:
        raise KeyError(layout_id)
    return Layout(layout_id, "Own layout", boxes)


def free_layout(boxes: tuple[Box, ...]) -> str:
    """The id of the layout with these boxes on one screen; a named one where there is one."""
    plain = tuple(replace(box, screen=0) for box in boxes)
    for one in LAYOUTS:
        if len(plain) == len(one.boxes) and all(map(_same, plain, one.boxes)):
            return one.id
    return " ".join(f"{b.left:.6g},{b.top:.6g},{b.width:.6g},{b.height:.6g}" for b in plain)


def _same(one: Box, other: Box) -> bool:
    sides = ("left", "top", "width", "height")
    return all(math.isclose(getattr(one, s), getattr(other, s), abs_tol=1e-4) for s in sides)


def _box(word: str, layout_id: str) -> Box:
    try:
        left, top, width, height = (float(number) for number in word.split(","))
    except ValueError:
        raise KeyError(layout_id) from None
    inside = -1e-6 <= left < 1 and -1e-6 <= top < 1 and left + width <= 1 + 1e-4 and top + height <= 1 + 1e-4
    if not inside or not (width > 0 and height > 0):  # also where one is not a number
        raise KeyError(layout_id)
    return Box(left, top, width, height)


def on_one_screen(wanted: Layout) -> str:
    """The id of a layout with its screens side by side on one."""
    count = 1 + max(box.screen for box in wanted.boxes)
    return free_layout(
        tuple(Box((b.screen + b.left) / count, b.top, b.width / count, b.height) for b in wanted.boxes)
    )
