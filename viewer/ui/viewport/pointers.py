"""What follows the pointer: the magnifying glass, and its place in the other picture of the same view."""

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath

from viewer.ui import theme
from viewer.ui.viewport import ink
from viewer.ui.viewport.drawing import paint_picture
from viewer.ui.viewport.placement import Placement
from viewer.ui.viewport.sheet import Sheet

RADIUS = 120.0
"""Of the glass, design pixels."""
TIMES = 2.0
"""Device pixels per image pixel in the glass; of a picture that is magnified itself, so many times more."""
_RING, _GAP = 14.0, 5.0
"""Radius of the ring round the place in the other picture, and how far its four lines stay off it."""


def glass(sheet: Sheet) -> None:
    """A round part of the picture at the pointer, magnified; the point in its middle stays where it is."""
    at, frame = sheet.frame.state.glass, sheet.frame
    if at is None or frame.picture is None:
        return
    middle, radius = QPointF(*sheet.place.to_device(*at)), round(RADIUS * sheet.unit)
    circle = QPainterPath()
    circle.addEllipse(middle, radius, radius)
    left, top = round(middle.x() - radius), round(middle.y() - radius)
    painter = sheet.painter
    painter.save()
    painter.setClipPath(circle)
    painter.translate(left, top)
    painter.fillRect(QRectF(0, 0, 2 * radius, 2 * radius), Qt.GlobalColor.black)
    inside = magnified(sheet.place, at, (middle.x() - left, middle.y() - top), 2 * radius)
    paint_picture(painter, frame.picture, frame.table, inside)
    painter.restore()
    ink.stroke(painter, circle, theme.colour("overlay_text"), 1.0, sheet.unit)
    stamp = ink.stamp(f"{inside.scale:g} : 1", "overlay", "overlay_text", sheet.unit)
    ink.text(painter, middle.x(), middle.y() + radius - 24 * sheet.unit, stamp, align=0.5)


def magnified(place: Placement, pixel: tuple[float, float], at: tuple[float, float], size: int) -> Placement:
    """The placement in a square of `size` device pixels that has `pixel` (column, row) at device `at`."""
    factor = TIMES * max(1.0, place.scale) / place.scale
    bare = replace(place, sx=place.sx * factor, sy=place.sy * factor, dx=0.0, dy=0.0, width=size, height=size)
    x, y = bare.to_device(*pixel)
    return replace(bare, dx=at[0] - x, dy=at[1] - y)


def echo(sheet: Sheet) -> None:
    """A ring round the place that the pointer is over in another viewport; its middle stays free."""
    at = sheet.frame.state.echo
    if at is None or sheet.frame.picture is None:
        return
    x, y = sheet.place.to_device(*at)
    path, ring, gap = QPainterPath(), _RING * sheet.unit, _GAP * sheet.unit
    path.addEllipse(QPointF(x, y), ring, ring)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        path.addPath(ink.polyline((x + dx * gap, y + dy * gap), (x + dx * ring, y + dy * ring)))
    ink.stroke(sheet.painter, path, theme.colour("accent"), 1.0, sheet.unit)
