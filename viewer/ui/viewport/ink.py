"""Strokes with a black halo, dark plates and text stamps: what every annotation is drawn with.

Painters work in device pixels; `unit` is device pixels per pixel of the design, so no line is rounded.
"""

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from viewer.ui import theme

_HALO = QColor(0, 0, 0, 178)
_TEXT_HALO = QColor(0, 0, 0, 204)
_PLATE = QColor(0, 0, 0, 200)


def stroke(
    painter: QPainter,
    path: QPainterPath,
    colour: QColor,
    width: float,
    unit: float,
    dash: tuple[float, ...] = (),
) -> None:
    """Draw a path with black on each side of it. `width`, `dash` (on, off, ...): design pixels."""
    halo = QPen(_HALO, (width + 2 * theme.tokens().stroke["mark_halo"]) * unit)
    line = QPen(colour, width * unit)
    for pen in (halo, line):
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    halo.setColor(faded(_HALO, colour.alphaF()))
    if dash:
        line.setDashPattern([part / width for part in dash])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (halo, line):
        painter.setPen(pen)
        painter.drawPath(path)


def faded(colour: QColor, share: float) -> QColor:
    """The colour with its opacity times `share`."""
    out = QColor(colour)
    out.setAlphaF(colour.alphaF() * share)
    return out


def polyline(*points: tuple[float, float]) -> QPainterPath:
    """An open path through the points."""
    path = QPainterPath(QPointF(*points[0]))
    for point in points[1:]:
        path.lineTo(QPointF(*point))
    return path


def curve(*points: tuple[float, float]) -> QPainterPath:
    """An open, smooth path through the points (Catmull-Rom as cubic Bezier pieces)."""
    path = QPainterPath(QPointF(*points[0]))
    ends = (points[0], *points, points[-1])
    for before, start, end, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        first = QPointF(start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = QPointF(end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        path.cubicTo(first, second, QPointF(*end))
    return path


@dataclass(frozen=True, slots=True)
class Stamp:
    """A line of text, painted once. width: of the text; the image has a margin of `margin` round it."""

    image: QImage
    width: float
    height: float
    margin: float


@lru_cache(maxsize=1024)
def stamp(text: str, role: str, colour: str, unit: float, halo: bool = True) -> Stamp:
    """One line of text in a role and colour of the tokens, with its black halo; sizes in device pixels."""
    font = theme.font(role, unit)
    metrics = QFontMetricsF(font)
    margin = round(3 * unit)
    width, height = metrics.horizontalAdvance(text), float(round(theme.tokens().roles[role].line * unit))
    image = QImage(
        round(width) + 2 * margin + 1, round(height) + 2 * margin, QImage.Format.Format_ARGB32_Premultiplied
    )
    image.fill(Qt.GlobalColor.transparent)
    base = QPointF(margin, round(margin + (height + metrics.ascent() - metrics.descent()) / 2))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if halo:
        path = QPainterPath()
        path.addText(base, font, text)
        pen = QPen(_TEXT_HALO, 3 * unit)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(path, pen)
    painter.setFont(font)
    painter.setPen(theme.colour(colour))
    painter.drawText(base, text)
    painter.end()
    return Stamp(image, width, height, margin)


def text(
    painter: QPainter, left: float, top: float, line: Stamp, opacity: float = 1.0, align: float = 0.0
) -> None:
    """Draw a stamp with its line box at (left, top); `align` 0, 0.5, 1: left is its left, middle, right."""
    x, y = round(left - align * line.width - line.margin), round(top - line.margin)
    painter.setOpacity(opacity)
    painter.drawImage(QPointF(x, y), line.image)
    painter.setOpacity(1.0)


def plate(painter: QPainter, box: QRectF, unit: float) -> None:
    """The dark plate that a label stands on."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(box, 3 * unit, 3 * unit)
