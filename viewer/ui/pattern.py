"""A test pattern on the whole window, one P-value a device pixel, through the calibration of the monitor."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.core.pixels import tg18
from viewer.ui.parts.controls import OWN_KEYS

_BACK = (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Backspace)
_LEAVE = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class PatternSheet(QWidget):
    """Covers the window; Esc leaves it, any arrow goes through the eighteen of TG18-LN.

    kind  "qc" or "ln"
    """

    def __init__(self, window: QWidget, leave: Callable[[], None]) -> None:
        super().__init__(window)
        self.setProperty(OWN_KEYS, True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._leave, self._kind, self._calibration, self._number = leave, "", b"", 1
        window.installEventFilter(self)
        self.hide()

    def show_pattern(self, kind: str, calibration: bytes) -> None:
        """Show a pattern; "" puts it away."""
        if kind and kind != self._kind:
            self._number = 1
        self._kind, self._calibration = kind, calibration
        self.setVisible(bool(kind))
        if kind:
            self.setGeometry(self.window().rect())
            self.raise_()
            self.setFocus()
            self._named()
        self.update()

    def _named(self) -> None:
        name = "TG18-QC" if self._kind == "qc" else f"TG18-LN-{self._number:02d}"
        self.setAccessibleName(f"Test pattern {name}")

    def p_values(self) -> NDArray[np.uint8]:
        """(rows, columns) of the whole sheet, device pixels."""
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        if self._kind == "ln":
            return tg18.ln(self._number, width, height)
        out, size = np.zeros((height, width), np.uint8), min(width, height)
        top, left = (height - size) // 2, (width - size) // 2
        out[top : top + size, left : left + size] = tg18.qc(size)
        return out

    def paintEvent(self, event: QPaintEvent) -> None:
        """One value a device pixel."""
        pixels = self.p_values()
        if self._calibration:
            levels = np.frombuffer(self._calibration, np.uint8)
            share = np.linspace(0, len(levels) - 1, 256)
            pixels = levels[np.rint(share).astype(np.intp)][pixels]
        rows, columns = pixels.shape
        image = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(0, 0, image)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave, or go to the next luminance."""
        if event.key() in _LEAVE:
            self._leave()
            return
        self._number = (self._number - 1 + (-1 if event.key() in _BACK else 1)) % tg18.LUMINANCES + 1
        self._named()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the size of the window."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.window().rect())
        return False
