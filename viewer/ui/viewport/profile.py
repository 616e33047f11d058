"""How probable the model holds each image of a stack: a strip of bars beside the rail, one for each slice."""

from PySide6.QtCore import QRect

from viewer.ui import theme
from viewer.ui.viewport import ink
from viewer.ui.viewport.rulers import has_rail, rail_box, rail_side
from viewer.ui.viewport.sheet import Sheet

_GAP, _LONGEST = 20.0, 36.0
"""From the rail, past the signs of the marks; and the length of a bar of probability 1. Design pixels."""
ROOM = _GAP + _LONGEST
"""What the strip takes beside the rail, design pixels: letters of the sides stand beyond it."""
_QUIET = 0.45
"""Opacity of a slice that is not flagged; flagged ones are full."""


def profile(sheet: Sheet) -> None:
    """The bars, a line where the threshold lies, and in words what is said of the slice on screen."""
    said = sheet.frame.state.profile
    if said is None or not has_rail(sheet):
        return
    unit, box, painter = sheet.unit, rail_box(sheet), sheet.painter
    right = round(box.x() - _GAP * unit)
    if rail_side(sheet) == "left":
        right = round(box.x() + box.width() + ROOM * unit)
    colour, count = theme.colour("model"), len(said.values)
    painter.fillRect(QRect(right - round(_LONGEST * unit), box.y(), round(_LONGEST * unit), box.height()),
                     ink.faded(theme.colour("image"), 0.6))  # fmt: skip
    for k, value in enumerate(said.values):
        if value is None:
            continue
        top, bottom = (box.y() + round(n / count * box.height()) for n in (k, k + 1))
        long = max(round(unit), round(value * _LONGEST * unit))
        gap = round(unit) if bottom - top > 3 * unit else 0
        on = said.threshold is not None and value >= said.threshold
        bar = QRect(right - long, top, long, max(1, bottom - top - gap))
        painter.fillRect(bar, colour if on else ink.faded(colour, _QUIET))
    if said.threshold is not None:
        x = right - said.threshold * _LONGEST * unit
        line = ink.polyline((x, box.y()), (x, box.y() + box.height()))
        ink.stroke(painter, line, theme.colour("text_2"), 1.0, unit, (2.0, 3.0))
    _words(sheet, box, right)


def _words(sheet: Sheet, box: QRect, right: int) -> None:
    """At the height of the slice on screen, beside the bars: not where the rail is."""
    state, unit = sheet.frame.state, sheet.unit
    assert state.profile is not None
    here = box.y() + (state.index + 0.5) / state.count * box.height()
    stamp = ink.stamp(state.profile.text, "overlay", "model", unit)
    if rail_side(sheet) == "left":
        ink.text(sheet.painter, right + 6 * unit, here - 9 * unit, stamp)
    else:
        ink.text(sheet.painter, right - (_LONGEST + 6) * unit, here - 9 * unit, stamp, align=1.0)
