"""Shares and probabilities as bars."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.ui import theme


class Band(QWidget):
    """A probability as a band with the point in it, 0 to 1; nothing where there is none."""

    def __init__(self, width: int = 80) -> None:
        super().__init__()
        self._band: tuple[float, float, float] | None = None
        self._dim = False
        self.setFixedSize(width, 12)

    def show_band(self, band: tuple[float, float, float] | None, dim: bool = False) -> None:
        """Another band (low, point, high)."""
        if (band, dim) != (self._band, self._dim):
            self._band, self._dim = band, dim
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, band and point."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("control"))
        painter.drawRoundedRect(QRectF(0, middle - 3, self.width(), 6), 3, 3)
        if self._band is not None:
            low, point, high = (value * self.width() for value in self._band)
            soft = QColor(theme.colour("model"))
            soft.setAlpha(110 if self._dim else 160)
            painter.setBrush(soft)
            painter.drawRoundedRect(QRectF(low, middle - 3, max(4.0, high - low), 6), 3, 3)
            painter.setBrush(theme.colour("model"))
            painter.drawRect(QRectF(min(max(point, 1), self.width() - 1) - 1, middle - 6, 2, 12))
        painter.end()


class Bar(QWidget):
    """A share of something, 0 to 1, as a thin bar; -1 = no one can say."""

    def __init__(self, width: int = 88, colour: str = "text_2") -> None:
        super().__init__()
        self._share, self._colour = 0.0, colour
        self.setFixedHeight(4)
        if width:
            self.setFixedWidth(width)

    def show_share(self, share: float) -> None:
        """Another share."""
        if share != self._share:
            self._share = share
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track and share."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("control"))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        if self._share > 0:
            painter.setBrush(theme.colour(self._colour))
            painter.drawRoundedRect(QRectF(0, 0, self.width() * min(1.0, self._share), 4), 2, 2)
        painter.end()
