"""Graphics that come with an image, white over the picture: its overlay planes (60xx), and what a
presentation state draws and writes on it.
"""

from functools import lru_cache
from math import atan2, degrees, hypot

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter, QPainterPath, QTransform

from viewer.app.display import Plane
from viewer.core.dicom.presentation import Annotation, Area, Point
from viewer.core.pixels.overlay import Bitmap
from viewer.ui import theme
from viewer.ui.viewport import ink
from viewer.ui.viewport.picture import half_mask, level_for
from viewer.ui.viewport.sheet import Sheet, turned

_LINE, _FILL = 1.25, 0.3
"""Width of lines in design pixels; opacity of what is filled."""


def draw(sheet: Sheet) -> None:
    """Draw the overlays of the slice; pictures that are made here have none."""
    state, stack = sheet.frame.state, sheet.frame.stack
    if not state.overlays or stack is None or state.plane is not Plane.STACK:
        return
    bitmaps, instance = stack.overlays.get(state.index, ()), stack.instance(state.index)
    given = state.presentation if state.presentation and state.presentation.is_for(instance) else None
    if given is not None:
        bitmaps = given.graphics(bitmaps)
    if bitmaps:
        _bitmaps(sheet, bitmaps)
    if given is not None:
        area = given.area(instance)
        for annotation in given.drawn_on(instance):
            _annotation(sheet, annotation, area)


def _bitmaps(sheet: Sheet, bitmaps: tuple[Bitmap, ...]) -> None:
    place = sheet.place
    level = level_for(place.scale)
    image, size = _image(bitmaps, sheet.frame.shape, level), 2**level
    box = QRectF(*place.rect(0, 0, image.width() * size, image.height() * size))
    sheet.painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not place.exact)
    sheet.painter.drawImage(box, turned(image, place.turn))


@lru_cache(maxsize=16)
def _image(bitmaps: tuple[Bitmap, ...], shape: tuple[int, int], level: int) -> QImage:
    """All in one of `shape`, reduced 2**level times: a thin line stays a line."""
    mask = np.logical_or.reduce([bitmap.mask_of(shape) for bitmap in bitmaps])
    for _ in range(level):
        mask = half_mask(mask)
    shades = np.where(mask[..., None], np.uint8(255), np.uint8(0)).repeat(4, axis=2)
    pixels = np.ascontiguousarray(shades)
    height, width = mask.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, form).copy()


def _annotation(sheet: Sheet, annotation: Annotation, area: Area) -> None:
    colour = theme.colour("overlay_text")
    for drawing in annotation.drawings:
        points = [_device(sheet, point, drawing.of_area, area) for point in drawing.points]
        path = _path(drawing.kind, points, sheet.unit)
        ink.stroke(sheet.painter, path, colour, _LINE, sheet.unit)
        if drawing.filled:
            sheet.painter.fillPath(path, ink.faded(colour, _FILL))
    for label in annotation.labels:
        x, y = _device(sheet, label.anchor, label.of_area, area)
        ink.text(sheet.painter, x, y, ink.stamp(label.text, "overlay", "overlay_text", sheet.unit))


def _device(sheet: Sheet, point: Point, of_area: bool, area: Area) -> Point:
    if not of_area:
        return sheet.place.to_device(*point)
    columns, rows = (end - start + 1 for start, end in zip(area.first, area.last, strict=True))
    turn, shape = sheet.place.turn, (rows, columns)
    width, height = turn.size(shape)
    column, row = turn.from_screen((point[0] * width, point[1] * height), shape)
    return sheet.place.to_device(area.first[0] - 1 + column, area.first[1] - 1 + row)


def _path(kind: str, points: list[Point], unit: float) -> QPainterPath:
    """A graphic type of PS3.3 C.10.5.1.2 in device pixels."""
    if kind == "CIRCLE":
        return _ellipse(points[0], hypot(*_step(points[0], points[1])), None)
    if kind == "ELLIPSE":
        middle = ((points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2)
        long, short = _step(points[0], points[1]), _step(points[2], points[3])
        return _ellipse(middle, hypot(*long) / 2, hypot(*short) / 2, degrees(atan2(long[1], long[0])))
    if kind == "POINT":
        return _ellipse(points[0], 2 * unit, None)
    return ink.curve(*points) if kind == "INTERPOLATED" else ink.polyline(*points)


def _step(a: Point, b: Point) -> Point:
    return (b[0] - a[0], b[1] - a[1])


def _ellipse(middle: Point, along: float, across: float | None, turn: float = 0.0) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), along, along if across is None else across)
    return QTransform().translate(*middle).rotate(turn).map(path)
