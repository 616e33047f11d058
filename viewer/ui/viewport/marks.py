"""Marks of reader and model: circle, corner brackets, both; open calipers; labels off the lesion.

The author gives shape and colour, the verdict dashes and greys, the type of lesion a sign on the upper edge:
none is told by colour alone.
"""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainterPath

from viewer.app.display import Mark, MarkState
from viewer.core.reading.finding import Axis, Outline, PixelBox
from viewer.core.reading.lesions import LesionType
from viewer.ui import signs, theme
from viewer.ui.viewport import ink
from viewer.ui.viewport.grips import GAP, LEAST_AXIS, Spot, axes_here, spot_of
from viewer.ui.viewport.sheet import Sheet

_FAINTEST = 0.45
"""Opacity of a mark at the edge of its sphere; 1 through the centre."""
_OPENING = 12.0
"""Degrees that each arc stays away from the axes."""
_DASH = (3.0, 2.5)
_LEADER = 66.0
"""How far a measure stands off its lesion, design pixels."""
_PLATE_HEIGHT = 18.0


def draw(sheet: Sheet) -> None:
    """All marks that this cut meets, the focused one last; then their labels."""
    placed = [
        (mark, spot)
        for mark in sorted(sheet.frame.state.marks, key=lambda mark: mark.focused)
        if (spot := spot_of(mark, sheet.frame, sheet.place, sheet.unit)) is not None
    ]
    for mark, spot in placed:
        _shape(sheet, mark, spot)
        for _, axis in axes_here(mark, sheet.frame):
            calipers(sheet, axis, _colour(mark))
    taken = [QRectF(s.x - s.ring, s.y - s.ring, 2 * s.ring, 2 * s.ring) for _, s in placed]
    for mark, spot in reversed(placed):
        _label(sheet, mark, spot, taken)


def _colour(mark: Mark) -> QColor:
    if mark.state is MarkState.BELOW:
        return theme.colour("line_strong")
    return theme.colour("model" if mark.author == "model" else "reader")


def _shape(sheet: Sheet, mark: Mark, spot: Spot) -> None:
    opacity = _FAINTEST + (1 - _FAINTEST) * spot.share
    opacity *= 1.0 if mark.focused else 0.6 if mark.state is MarkState.REJECTED else 0.9
    stroke = theme.tokens().stroke
    width = stroke["mark_focused"] if mark.focused else stroke["mark"]
    if mark.state is MarkState.BELOW:
        width = stroke["hairline"]
    dash = _DASH if mark.state is MarkState.REJECTED else ()
    if mark.author in ("reader", "joined"):
        colour = ink.faded(theme.colour("reader"), opacity)
        drawn = _outlined(sheet, mark, spot)
        shape = _arcs(spot, spot.ring) if drawn is None else drawn
        ink.stroke(sheet.painter, shape, colour, width, sheet.unit)
    if mark.author in ("model", "joined"):
        below = mark.state is MarkState.BELOW
        colour = ink.faded(theme.colour("line_strong" if below else "model"), opacity)
        ink.stroke(
            sheet.painter, _brackets(spot, outer(mark, spot, sheet.unit)), colour, width, sheet.unit, dash
        )
    if mark.lesion is not None:
        _sign(sheet, mark.lesion, spot, outer(mark, spot, sheet.unit), ink.faded(_colour(mark), opacity))


def _sign(sheet: Sheet, lesion: LesionType, spot: Spot, half: float, colour: QColor) -> None:
    """In the opening of the upper edge, and just above it where the mark is small."""
    reach = signs.REACH * sheet.unit
    sign = signs.path(lesion, spot.x, spot.y - half - reach / 2, reach)
    ink.stroke(sheet.painter, sign, colour, theme.tokens().stroke["mark"], sheet.unit)


def outline(sheet: Sheet, box: PixelBox) -> None:
    """An outline that is being drawn."""
    stroke = theme.tokens().stroke["mark_focused"]
    ink.stroke(
        sheet.painter, _outline(sheet, box, Outline.ELLIPSE), theme.colour("reader"), stroke, sheet.unit
    )


def _outlined(sheet: Sheet, mark: Mark, spot: Spot) -> QPainterPath | None:
    """What the reader drew round the lesion, on the image where it was drawn; None without it."""
    found = sheet.frame.image_place(mark) if spot.central and mark.center_lps_mm is None else None
    if found is None or found[0].box is None or found[0].outline is None:
        return None
    return _outline(sheet, found[0].box, found[0].outline)


def _outline(sheet: Sheet, box: PixelBox, shape: Outline) -> QPainterPath:
    left, top, right, bottom = (edge + 0.5 for edge in box)
    ends = (QPointF(*sheet.place.to_device(*at)) for at in ((left, top), (right, bottom)))
    area, path = QRectF(*ends).normalized(), QPainterPath()
    if shape is Outline.ELLIPSE:
        path.addEllipse(area)
    else:
        path.addRect(area)
    return path


def outer(mark: Mark, spot: Spot, unit: float) -> float:
    """Half the side of the square that a mark fills: brackets stand outside the reader's circle."""
    return spot.ring + (GAP * unit if mark.author == "joined" else 0.0)


def _arcs(spot: Spot, radius: float) -> QPainterPath:
    path = QPainterPath()
    box = QRectF(spot.x - radius, spot.y - radius, 2 * radius, 2 * radius)
    for start in (0, 90, 180, 270):
        path.arcMoveTo(box, start + _OPENING)
        path.arcTo(box, start + _OPENING, 90 - 2 * _OPENING)
    return path


def _brackets(spot: Spot, half: float) -> QPainterPath:
    path, arm = QPainterPath(), half * 0.44
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = spot.x + sx * half, spot.y + sy * half
            path.addPath(ink.polyline((x - sx * arm, y), (x, y), (x, y - sy * arm)))
    return path


def calipers(sheet: Sheet, axis: Axis, colour: QColor) -> None:
    """The two ends of an axis, each a bar across and a short stem inwards: the middle stays free."""
    points = [sheet.place.to_device(*sheet.frame.project(end)[:2]) for end in axis]
    ends(sheet, points[0], points[1], colour)


def ends(sheet: Sheet, a: tuple[float, float], b: tuple[float, float], colour: QColor) -> None:
    """The same for two device points; smaller on small lesions, and not at all where they would cover one."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    if length < LEAST_AXIS * sheet.unit:
        return
    dx, dy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    across, stem = min(5 * sheet.unit, length / 7), min(6 * sheet.unit, length / 6)
    path = QPainterPath()
    for (x, y), inwards in ((a, 1), (b, -1)):
        path.addPath(ink.polyline((x - dy * across, y + dx * across), (x + dy * across, y - dx * across)))
        path.addPath(ink.polyline((x, y), (x + inwards * dx * stem, y + inwards * dy * stem)))
    ink.stroke(sheet.painter, path, colour, theme.tokens().stroke["measure"], sheet.unit)


@dataclass(frozen=True, slots=True)
class _Label:
    """A row of plates; `far`: on a leader, off the lesion; `below`: rather below than above it."""

    plates: tuple[ink.Stamp, ...]
    far: bool
    below: bool

    def size(self, unit: float) -> tuple[float, float]:
        """Width and height in device pixels, with 2 px between the plates."""
        widths = [plate.width + 12 * unit for plate in self.plates]
        return sum(widths) + 2 * unit * (len(widths) - 1), _PLATE_HEIGHT * unit


def _label(sheet: Sheet, mark: Mark, spot: Spot, taken: list[QRectF]) -> None:
    if mark.state is MarkState.BELOW and not mark.focused:
        return
    label = _plates(sheet, mark)
    half = outer(mark, spot, sheet.unit)
    box = _free_place(sheet, label, QPointF(spot.x, spot.y), half, taken)
    taken.append(box)
    if label.far:
        leader(sheet, QPointF(spot.x, spot.y), half, box, _colour(mark))
    draw_plates(sheet, label.plates, box.x(), box.y())


def _plates(sheet: Sheet, mark: Mark) -> _Label:
    """The name, and the measure where the calipers lie on this cut."""
    rejected = mark.state is MarkState.REJECTED
    grey = rejected or mark.state is MarkState.BELOW
    colour = "text_2" if grey else "model" if mark.author == "model" else "reader"
    name = f"{mark.name} ×" if rejected else mark.name
    texts = [name, mark.text] if mark.text and axes_here(mark, sheet.frame) else [name]
    plates = tuple(ink.stamp(text, "caption_strong", colour, sheet.unit, halo=False) for text in texts)
    return _Label(plates, len(texts) > 1, len(texts) > 1 or mark.author == "reader")


def draw_plates(sheet: Sheet, plates: tuple[ink.Stamp, ...], left: float, top: float) -> None:
    """Plates side by side from (left, top), device pixels."""
    unit = sheet.unit
    for plate in plates:
        width = plate.width + 12 * unit
        ink.plate(sheet.painter, QRectF(left, top, width, _PLATE_HEIGHT * unit), unit)
        ink.text(sheet.painter, left + 6 * unit, top + unit, plate)
        left += width + 2 * unit


def _free_place(sheet: Sheet, label: _Label, at: QPointF, half: float, taken: list[QRectF]) -> QRectF:
    """The first of the four sides where the label is inside the viewport and over no other mark or label."""
    width, height = label.size(sheet.unit)
    away = _LEADER * sheet.unit if label.far else 0.0
    beside = half + (away or 6 * sheet.unit)
    boxes = []
    for sx, sy in (
        ((1, 1), (1, -1), (-1, 1), (-1, -1)) if label.below else ((1, -1), (1, 1), (-1, -1), (-1, 1))
    ):
        x = at.x() + beside if sx > 0 else at.x() - beside - width
        if label.far:
            y = at.y() + sy * beside - height / 2
        else:
            y = at.y() - half if sy < 0 else at.y() + half - height
        boxes.append(QRectF(round(x), round(y), width, height))
    inside = QRectF(0, 0, sheet.place.width, sheet.place.height)
    for box in boxes:
        if inside.contains(box) and not any(box.intersects(other) for other in taken):
            return box
    return next((box for box in boxes if inside.contains(box)), boxes[0])


def leader(sheet: Sheet, at: QPointF, half: float, box: QRectF, colour: QColor) -> None:
    """A dotted line from the edge of a mark to its label."""
    end = QPointF(box.left() if box.left() > at.x() else box.right(), box.center().y())
    dx, dy = end.x() - at.x(), end.y() - at.y()
    length = math.hypot(dx, dy)
    if length <= half:
        return
    near = half / length
    start = (at.x() + dx * near, at.y() + dy * near)
    stop = (end.x() - dx / length * 4 * sheet.unit, end.y() - dy / length * 4 * sheet.unit)
    ink.stroke(sheet.painter, ink.polyline(start, stop), colour, 1.0, sheet.unit, (1.25, 3.5))
