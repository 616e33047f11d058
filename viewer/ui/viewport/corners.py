"""Text in the four corners and the letters at the edges."""

from dataclasses import replace

from viewer.app.display import Corners, Plane, TextLevel
from viewer.ui import theme
from viewer.ui.viewport import ink
from viewer.ui.viewport.profile import ROOM
from viewer.ui.viewport.rulers import rail_side
from viewer.ui.viewport.sheet import Sheet, is_on_breast

MARGIN = 10.0
"""From the edge of the viewport to text, design pixels."""
_ROOM_FOR_ZOOM = 560.0
"""Width from which a viewport says its zoom, design pixels."""
_RAIL = 24.0
"""What the rail and its signs take at their edge, design pixels."""
_MADE_HERE = "made here"


def draw(sheet: Sheet) -> None:
    """Corner text of the level asked for; who it is stays at every level."""
    text = lines(sheet)
    role = theme.tokens().roles["overlay"]
    named, foot = _label(sheet, text)
    for right, bottom, rows in (
        (False, False, text.top_left),
        (True, False, text.top_right),
        (False, True, text.bottom_left),
        (True, True, text.bottom_right),
    ):
        top = sheet.height - MARGIN - role.line * len(rows) if bottom else MARGIN
        if right == text.label_right:
            top += -foot if bottom else named
        left = _from_edge(sheet, right)
        for number, row in enumerate(rows):
            stamp = ink.stamp(row, "overlay", "overlay_text", sheet.unit)
            at = left * sheet.unit, (top + number * role.line) * sheet.unit
            ink.text(sheet.painter, *at, stamp, align=float(right))


def _label(sheet: Sheet, text: Corners) -> tuple[float, float]:
    """Side and view, and under them the date: at every text level, and off the breast where they can.

    How much room they take in the upper and in the lower corner.
    """
    if not text.label:
        return 0.0, 0.0
    named = ((text.label, "title"), (text.label_note, "overlay"))
    stamps = [ink.stamp(words, role, "overlay_text", sheet.unit) for words, role in named]
    lines = [theme.tokens().roles[role].line for _, role in named]
    wide, tall = max(stamp.width for stamp in stamps) / sheet.unit, sum(lines)
    left, below = _from_edge(sheet, text.label_right), sheet.height - MARGIN - tall
    edge = left - wide if text.label_right else left
    low = is_on_breast(sheet, edge, MARGIN, wide, tall) and not is_on_breast(sheet, edge, below, wide, tall)
    top = below if low else MARGIN
    for stamp, line in zip(stamps, lines, strict=True):
        ink.text(sheet.painter, left * sheet.unit, top * sheet.unit, stamp, align=float(text.label_right))
        top += line
    return (0.0, tall) if low else (tall, 0.0)


def _from_edge(sheet: Sheet, right: bool) -> float:
    """Where text of a side begins; the rows of a mammogram are so many that they must stay off the rail."""
    beside = rail_side(sheet) == ("right" if right else "left") and bool(sheet.frame.state.corners.label)
    margin = MARGIN + (_RAIL if beside else 0.0)
    return sheet.width - margin if right else margin


def lines(sheet: Sheet) -> Corners:
    """The lines that are drawn."""
    state = sheet.frame.state
    given = state.corners
    if given.label:
        bare = replace(given, top_left=(), top_right=(), bottom_left=(), bottom_right=())
        return given if state.text_level is TextLevel.FULL else bare
    if state.text_level is TextLevel.NONE:
        return Corners(top_left=given.top_left)
    made = _made_here(sheet, given)
    if state.text_level is TextLevel.MINIMAL:
        return Corners(top_left=given.top_left, top_right=made)
    below = given.bottom_left
    if sheet.frame.picture is not None and sheet.width >= _ROOM_FOR_ZOOM:
        below = (_zoom(sheet), *below)
    return Corners(given.top_left, made, below, given.bottom_right)


def _made_here(sheet: Sheet, given: Corners) -> tuple[str, ...]:
    """A picture that the scanner did not make says so, whatever else stands there."""
    said = any(_MADE_HERE in line for line in (*given.top_left, *given.top_right))
    if sheet.frame.state.plane is Plane.STACK or said or not sheet.frame.state.display_set:
        return given.top_right
    return (*given.top_right, _MADE_HERE)


def _zoom(sheet: Sheet) -> str:
    """Device pixels per image pixel, and how the pixels between are made."""
    scale = max(abs(sheet.place.sx), abs(sheet.place.sy))
    how = "pixel for pixel" if sheet.place.exact else "smooth" if scale > 1 else "reduced"
    how = "coarse while it moves" if sheet.coarse else how
    return f"Zoom {scale * 100:.0f} %  ·  {how}"


def letters(sheet: Sheet) -> None:
    """Where the patient's right, left, front, back, head and feet are; they stay at every text level."""
    left, top, right, bottom = sheet.frame.letters
    chest_wall = sheet.frame.state.pose.edge  # there the other breast begins
    left, right = "" if chest_wall == "left" else left, "" if chest_wall == "right" else right
    line = theme.tokens().roles["letter"].line
    share = {"left": 0.2, "right": 0.8}.get(chest_wall, 0.5)  # away from the text, which stands outside
    middle_x, middle_y = share * sheet.width, (sheet.height - line) / 2
    rail, room = rail_side(sheet), _RAIL + (ROOM if sheet.frame.state.profile is not None else 0.0)
    for text, x, y, align in (
        (left, MARGIN + (room if rail == "left" else 0.0), middle_y, 0.0),
        (right, sheet.width - MARGIN - (room if rail == "right" else 0.0), middle_y, 1.0),
        (top, middle_x, MARGIN - 2, 0.5),
        (bottom, middle_x, sheet.height - MARGIN - line + 2, 0.5),
    ):
        if text:
            stamp = ink.stamp(text, "letter", "overlay_text", sheet.unit)
            ink.text(sheet.painter, x * sheet.unit, y * sheet.unit, stamp, align=align)
    if not any(sheet.frame.letters):
        stamp = ink.stamp(
            "Sides not known: no orientation in the header", "overlay", "overlay_text", sheet.unit
        )
        ink.text(sheet.painter, middle_x * sheet.unit, MARGIN * sheet.unit, stamp, align=0.5)
