"""The crosshair, the scale bar, and the rail at one edge that shows place, marks and what was seen."""

from functools import lru_cache
from math import ceil

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath

from viewer.app.display import Plane
from viewer.ui import theme
from viewer.ui.viewport import ink
from viewer.ui.viewport.grips import crosshair_gap, pixels_per_mm
from viewer.ui.viewport.sheet import Sheet, is_on_breast

_EDGE = 32.0
"""The crosshair ends so far from the edges, design pixels."""
_BAR_SHARE = 0.22
"""Longest scale bar, as a share of the viewport's width."""
_BAR_TO_TEXT = 8.0
_CORNER_ROOM = 230.0
"""What corner text takes of the width, at most, design pixels."""
_BAR_ROOM = 480.0
"""Width from which a viewport has a scale bar, design pixels."""
_BARS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
"""Lengths of a scale bar, mm."""
_RAIL_MARGIN, _RAIL_EDGE = 64.0, 13.0
_UNSEEN = QColor(16, 16, 16)


def crosshair(sheet: Sheet) -> None:
    """Two lines through the point that all linked views share, open round it."""
    frame, place = sheet.frame, sheet.place
    point = frame.state.point_lps_mm
    if not frame.state.crosshair or point is None or frame.view is None:
        return
    column, row, _ = frame.project(point)
    x, y = (int(v) + 0.5 for v in place.to_device(column, row))  # the middle of a device pixel
    gap, edge = crosshair_gap(place, sheet.unit), _EDGE * sheet.unit
    width = max(1, round(theme.tokens().stroke["crosshair"] * sheet.unit))
    lines = []
    for start, end in ((edge, y - gap), (y + gap, place.height - edge)):
        lines.append(QRect(round(x - width / 2), round(start), width, round(end - start)))
    for start, end in ((edge, x - gap), (x + gap, place.width - edge)):
        lines.append(QRect(round(start), round(y - width / 2), round(end - start), width))
    for line in lines:
        if line.isValid():
            _thin(sheet, line, width)


def _thin(sheet: Sheet, line: QRect, width: int) -> None:
    """The quietest line: on screen all the time. Filled, which costs a tenth of a stroke."""
    across = (width, 0) if line.height() > line.width() else (0, width)
    sheet.painter.fillRect(line.adjusted(-across[0], -across[1], *across), QColor(0, 0, 0, 90))
    sheet.painter.fillRect(line, ink.faded(theme.colour("accent"), 0.7))


def bar_length(pixels_per_mm: float, room: float) -> float:
    """Longest length in mm of a scale bar that needs at most `room` pixels; 0 where none fits."""
    return max((mm for mm in _BARS if mm * pixels_per_mm <= room), default=0.0)


def scale_bar(sheet: Sheet) -> None:
    """A bar of a round length in mm, true at this zoom; says so where there is no scale.

    Off a breast: further outwards where it would lie on one, and not at all where there is no place.
    """
    if sheet.width < _BAR_ROOM:
        return
    bottom = (sheet.height - 33) * sheet.unit
    if not sheet.frame.in_mm:
        stamp = ink.stamp("No scale in the header", "overlay", "overlay_text", sheet.unit)
        ink.text(sheet.painter, sheet.place.width / 2, bottom - 8 * sheet.unit, stamp, align=0.5)
        return
    scale = pixels_per_mm(sheet.frame, sheet.place)
    length = bar_length(scale, _BAR_SHARE * sheet.place.width)
    if not length:
        return
    text = f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"
    text += " at the detector" if sheet.frame.at_detector else ""
    stamp = ink.stamp(text, "overlay", "overlay_text", sheet.unit)
    wide = length * scale / sheet.unit
    place = _free_place(sheet, wide, wide + _BAR_TO_TEXT + stamp.width / sheet.unit)
    if place is not None:
        _draw_bar(sheet, length, scale, (place[0] * sheet.unit, place[1] * sheet.unit), stamp)


def _free_place(sheet: Sheet, bar: float, whole: float) -> tuple[float, float] | None:
    """(left, bottom) of the bar, of so many design pixels, `whole` with its text; None where a breast is
    everywhere: in the middle, then outwards, then at the edge above the corner text.
    """
    corners = sheet.frame.state.corners
    bottom, middle = sheet.height - 33, (sheet.width - bar) / 2
    places = [(middle, bottom)]
    if corners.label:
        way, rows = (1, corners.bottom_right) if corners.label_right else (-1, corners.bottom_left)
        room = max(0.0, sheet.width / 2 - whole - _CORNER_ROOM)
        places += [(middle + way * share * room, bottom) for share in (0.25, 0.5, 0.75, 1.0)]
        edge = sheet.width - whole - _RAIL_MARGIN / 2 if way > 0 else _RAIL_MARGIN / 2
        places.append((edge, bottom - theme.tokens().roles["overlay"].line * len(rows)))
    free = (at for at in places if not is_on_breast(sheet, at[0], at[1] - 10, whole, 14))
    return next(free, None)


def _draw_bar(sheet: Sheet, length: float, scale: float, at: tuple[float, float], stamp: ink.Stamp) -> None:
    unit = sheet.unit
    left, low = round(at[0]), round(at[1])
    parts = {"1": 10, "2": 4, "5": 5}.get(f"{length:g}"[0], 1)
    bar = _bar(length * scale, parts, unit)
    sheet.painter.drawImage(left - _bar_room(unit), low + 1 + _bar_room(unit) - bar.height(), bar)
    right = left + 0.5 + length * scale
    ink.text(sheet.painter, right + _BAR_TO_TEXT * unit, low + 0.5 - 9 * unit, stamp)


def _bar_room(unit: float) -> int:
    return ceil(4 * unit)


@lru_cache(maxsize=64)
def _bar(wide: float, parts: int, unit: float) -> QImage:
    """Painted once: a bar from the middle of a pixel on, `_bar_room` from the left and from the foot."""
    room, tall = _bar_room(unit), ceil(8 * unit)
    image = QImage(ceil(wide) + 2 * room + 1, tall + 2 * room + 1, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    left, bottom = room + 0.5, tall + room + 0.5
    right = left + wide
    path = ink.polyline(
        (left, bottom - 8 * unit), (left, bottom), (right, bottom), (right, bottom - 8 * unit)
    )
    if wide / parts >= 8 * unit:
        for part in range(1, parts):
            x = left + wide * part / parts
            path.addPath(ink.polyline((x, bottom - 4 * unit), (x, bottom)))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink.stroke(painter, path, theme.colour("overlay_text"), 1.0, unit)
    painter.end()
    return image


def rail(sheet: Sheet) -> None:
    """Which images were seen (light), which not (dark), where this one is, and where the marks lie."""
    state, unit = sheet.frame.state, sheet.unit
    if not has_rail(sheet):
        return
    box = rail_box(sheet)
    painter = sheet.painter
    rim = round(unit)
    painter.fillRect(box.adjusted(-rim, -rim, rim, rim), _UNSEEN)
    seen = ink.faded(theme.colour("text_3"), 0.85)
    for start, end in state.seen_spans:
        first, last = (box.y() + round(share * box.height()) for share in (start, end))
        painter.fillRect(QRect(box.x(), first, box.width(), last - first), seen)
    inwards = 12 * unit if rail_side(sheet) == "left" else -12 * unit
    for where, author in state.ticks:
        _tick(sheet, QPointF(box.x() + box.width() / 2 + inwards, box.y() + where * box.height()), author)
    here = box.y() + (state.index + 0.5) / state.count * box.height()
    left = round(box.x() + box.width() / 2 - 6 * unit)
    place = QRect(left, round(here - unit), round(12 * unit), round(2 * unit))
    painter.fillRect(place, theme.colour("accent"))


def has_rail(sheet: Sheet) -> bool:
    """Stacks have a rail where there is room; cuts, which only show the way, where there is much."""
    state = sheet.frame.state
    room = 4 * _RAIL_MARGIN if state.plane is Plane.STACK else 10 * _RAIL_MARGIN
    return state.count > 1 and bool(state.display_set) and sheet.height >= room


def rail_side(sheet: Sheet) -> str:
    """The edge with the rail: "right", but "left" where the chest wall is at the right; "" without a rail."""
    if not has_rail(sheet):
        return ""
    return "left" if sheet.frame.state.pose.edge == "right" else "right"


def rail_box(sheet: Sheet) -> QRect:
    """Where the rail lies, device pixels."""
    unit = sheet.unit
    top, bottom = round(_RAIL_MARGIN * unit), round(sheet.place.height - _RAIL_MARGIN * unit)
    width = round(4 * unit)
    middle = _RAIL_EDGE * unit
    if rail_side(sheet) != "left":
        middle = sheet.place.width - middle
    return QRect(round(middle - width / 2), top, width, bottom - top)


def _tick(sheet: Sheet, at: QPointF, author: str) -> None:
    """The author's sign: a circle for the reader, a square for the model, a circle in a square for both."""
    unit, painter = sheet.unit, sheet.painter
    painter.setBrush(Qt.BrushStyle.NoBrush)
    shapes = QPainterPath()
    if author in ("model", "joined"):
        shapes.addRect(QRectF(at.x() - 4 * unit, at.y() - 4 * unit, 8 * unit, 8 * unit))
        ink.stroke(painter, shapes, theme.colour("model"), 1.25, unit)
    if author in ("reader", "joined"):
        radius = (3.5 if author == "reader" else 2.0) * unit
        circle = QPainterPath()
        circle.addEllipse(at, radius, radius)
        ink.stroke(painter, circle, theme.colour("reader"), 1.25, unit)
