"""The viewport that needs no GL: the grey table on the visible part, painted by Qt in device pixels."""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.ui.viewport import scaling
from viewer.ui.viewport.annotate import annotate
from viewer.ui.viewport.drawing import Care, Drawn, count, drawn, put
from viewer.ui.viewport.picture import Picture
from viewer.ui.viewport.placement import Placement
from viewer.ui.viewport.viewport import Viewport, ViewportActions

REST_MS = 120
"""A picture that has not moved for so long is at rest."""
MANY = 1_200_000
"""Pixels from which a picture that changes or moves is made with less care than at rest."""


class CpuViewport(Viewport):
    """Draws with QPainter; exact at one device pixel per image pixel, means below, linear above."""

    def __init__(
        self, desk: ViewportActions, interface_size: float = 1.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(desk, interface_size, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # every pixel is filled: no flicker
        self._last: tuple[object, ...] = ()
        self._moving = False
        self._drawn: tuple[tuple[object, ...], Drawn | None] = ((), None)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._come_to_rest)

    def let_go(self) -> None:
        """Show nothing, and hold no pixels."""
        super().let_go()
        self._rest.stop()
        self._last, self._drawn = (), ((), None)

    @property
    def at_rest(self) -> bool:
        """False while the picture may be less exact than it can be."""
        return not self._rest.isActive()

    def _come_to_rest(self) -> None:
        """Paint with all care, once the library for it is there."""
        if scaling.ready():
            self.update()
        else:
            self._rest.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame; then tell the desk what was shown."""
        frame, place = self.frame(), self.placement()
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)  # from here on 1 is a device pixel
        covered, care = QRectF(), Care.EXACT
        if frame is not None and frame.picture is not None and place is not None:
            care = self._care(frame.picture, frame.table, place)
            covered = put(painter, self._ready(frame.picture, frame.table, place, care))
        _black_round(painter, covered, *self.device_size())
        if frame is not None and place is not None:
            annotate(painter, frame, place, self.unit(), self.draft, care is Care.COARSE)
        painter.end()
        self.painted(frame)
        if frame is not None and frame.picture is not None:
            scaling.warm()

    def _care(self, picture: Picture, table: NDArray[np.uint8], place: Placement) -> Care:
        """Less while a picture that takes long changes or moves; at rest it is painted again, exactly."""
        now = (picture, table, place)
        if not _same(now, self._last):
            self._moving = self._last[2:] != now[2:] or (self._moving and self._rest.isActive())
            self._last = now
            self._rest.start()
        if not self._rest.isActive() or (place.scale <= 1 and count(picture, place) <= MANY):
            return Care.EXACT
        return Care.COARSE if self._moving and place.scale < 1 else Care.QUICK

    def _ready(
        self, picture: Picture, table: NDArray[np.uint8], place: Placement, care: Care
    ) -> Drawn | None:
        """The picture as it is painted, kept while only annotations change."""
        key = (picture, table, place, care, scaling.ready())
        if not _same(key, self._drawn[0]):
            self._drawn = (key, drawn(picture, table, place, care))
        return self._drawn[1]


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """True where picture and table are the very same, and the rest is equal."""
    return len(one) == len(other) and one[0] is other[0] and one[1] is other[1] and one[2:] == other[2:]


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
        if not box.isEmpty():
            painter.fillRect(box, Qt.GlobalColor.black)
