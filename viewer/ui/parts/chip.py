"""Chips: a state as a pill with icon and words; each state looks different."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.ui import icons, theme

HEIGHT = 20
CHIPS = {
    # kind: (icon, text colour, fill, border)
    "plain": ("eye", "text_2", "", "line_strong"),
    "report": ("file-text", "text_2", "", "line_strong"),
    "revealed": ("lock-open", "text_2", "", "line_strong"),
    "waiting": ("clock", "text", "control", ""),
    "lock": ("lock", "text", "control", ""),
    "done": ("check", "text", "control", ""),
    "model": ("model", "model", "model_fill", ""),
    "warning": ("warning", "warning", "warning_fill", ""),
    "not_run": ("minus-circle", "warning", "warning_fill", ""),
    "danger": ("x-circle", "danger", "danger_fill", ""),
    "word": ("", "text", "control", ""),
}


class Chip(QWidget):
    """A pill with an icon and words. Kinds: the keys of `CHIPS`."""

    def __init__(self, kind: str = "plain", text: str = "") -> None:
        super().__init__()
        self._kind, self._text = kind, text
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)

    def show_chip(self, kind: str, text: str) -> None:
        """Another state."""
        if (kind, text) != (self._kind, self._text):
            self._kind, self._text = kind, text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Icon, words and 8 px on each side, 20 px high."""
        words = QFontMetrics(theme.font("caption")).horizontalAdvance(self._text)
        return QSize(words + (36 if CHIPS[self._kind][0] else 18), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pill."""
        icon, text, fill, border = CHIPS[self._kind]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.colour(border)) if border else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(fill) if fill else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 10, 10)
        left = 8
        if icon:
            self._draw_icon(painter, icon, text)
            left = 27
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.colour(text))
        words = QRectF(left, 0, self.width() - left, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._text)
        painter.end()

    def _draw_icon(self, painter: QPainter, icon: str, colour: str) -> None:
        if icon in icons.MARKS:
            icons.draw_mark(painter, QRectF(8, 3, 14, 14), icon, colour)
        else:
            painter.drawPixmap(QPointF(8, 3), icons.pixmap(icon, colour, 14, self.devicePixelRatioF()))
