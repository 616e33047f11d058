"""The viewport that needs no GL: the grey table on the visible part, painted by Qt in device pixels."""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.ui.viewport.annotate import annotate
from viewer.ui.viewport.picture import Box, Picture, level_for
from viewer.ui.viewport.placement import Placement
from viewer.ui.viewport.viewport import Viewport, ViewportActions


class CpuViewport(Viewport):
    """Draws with QPainter; exact at one device pixel per image pixel, area means below, smooth above."""

    def __init__(
        self, desk: ViewportActions, interface_size: float = 1.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(desk, interface_size, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # every pixel is filled: no flicker

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame; then tell the desk what was shown."""
        frame, place = self.frame(), self.placement()
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)  # from here on 1 is a device pixel
        covered = QRectF()
        if frame is not None and frame.picture is not None and place is not None:
            covered = paint_picture(painter, frame.picture, frame.table, place)
        _black_round(painter, covered, *self.device_size())
        if frame is not None and place is not None:
            annotate(painter, frame, place, self.unit(), self.draft)
        painter.end()
        self.painted(frame)


def paint_picture(painter: QPainter, picture: Picture, table: NDArray[np.uint8], place: Placement) -> QRectF:
    """Draw the visible part of a picture; what it covers, device pixels."""
    level = level_for(place.scale)
    size = 2**level
    rows, columns = picture.pixels(level).shape[:2]
    left, top, right, bottom = box = _visible(place, size, rows, columns)
    if right <= left or bottom <= top:
        return QRectF()
    pixels = place.turned(picture.shown(table, level, box))  # lives until the end, as QImage needs
    form = QImage.Format.Format_RGB888 if picture.colour else QImage.Format.Format_Grayscale8
    image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], form)
    if not place.exact:
        image = image.convertToFormat(QImage.Format.Format_RGB32)  # else Qt does so for each pixel it makes
    target = QRectF(*place.rect(left * size, top * size, right * size, bottom * size))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not place.exact)
    painter.drawImage(target, image)
    return target


def _black_round(painter: QPainter, covered: QRectF, width: int, height: int) -> None:
    """Black where the picture is not; filling all of it first would cost as much as the picture."""
    edges = covered.left(), covered.top(), covered.right(), covered.bottom()
    x, y, end, foot = (round(edge, 6) for edge in edges)  # one that lies on a pixel's edge leaves no line
    left, top = min(max(0, ceil(x)), width), min(max(0, ceil(y)), height)
    right, bottom = max(left, min(width, int(end))), max(top, min(height, int(foot)))
    for box in (
        QRect(0, 0, width, top),
        QRect(0, bottom, width, height - bottom),
        QRect(0, top, left, bottom - top),
        QRect(right, top, width - right, bottom - top),
    ):
        painter.fillRect(box, Qt.GlobalColor.black)


def _visible(place: Placement, size: int, rows: int, columns: int) -> Box:
    """The pixels of a level that the viewport sees, with one more on each side for smooth edges."""
    corners = place.to_image(0, 0), place.to_image(place.width, place.height)
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return (
        max(0, int(left // size) - 1),
        max(0, int(top // size) - 1),
        min(columns, int(right // size) + 2),
        min(rows, int(bottom // size) + 2),
    )
