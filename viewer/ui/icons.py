"""Icons: Phosphor glyphs from the font that qtawesome carries, loaded after the first image is on screen.

Until `load` has run a glyph's place stays empty, so that no icon delays an image. The marks of reader and
model are drawn here too, in the shapes that the viewports use.
"""

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from viewer.core.reading.lesions import LesionType
from viewer.ui import signs, theme

SIGNS = {kind.value: kind for kind in LesionType}
MARKS = {"reader", "model", "joined", *SIGNS}
"""Glyphs that are drawn instead of taken from the font."""

_font: Any = None
_pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}


def load() -> None:
    """Load the icon font (some 100 ms, most of it an import); widgets draw their glyphs at the next paint."""
    global _font
    if _font is None:
        from qtawesome.iconic_font import IconicFont  # 0.2 s: never before the first image

        _font = IconicFont(("ph", "phosphor-1.3.0.ttf", "phosphor-charmap-1.3.0.json"))


def loaded() -> bool:
    """True once glyphs can be drawn."""
    return _font is not None


def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """A glyph in a colour of the tokens, `size` px at pixel ratio `ratio`; null before `load`."""
    if _font is None:
        return QPixmap()
    key = (name, colour, size, ratio)
    if key not in _pixmaps:
        icon = _font.icon(f"ph.{name}", color=theme.colour(colour))
        _pixmaps[key] = icon.pixmap(QSize(size, size), ratio)
    return _pixmaps[key]


class Glyph(QWidget):
    """One icon or mark; says nothing to a screen reader, since words always stand beside it."""

    def __init__(
        self, name: str, colour: str = "text_2", size: int = 16, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name, self._colour, self._size = name, colour, size
        self.setFixedSize(size, size)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_glyph(self, name: str, colour: str) -> None:
        """Change what is drawn."""
        if (name, colour) != (self._name, self._colour):
            self._name, self._colour = name, colour
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the glyph."""
        if not self._name:
            return
        painter = QPainter(self)
        if self._name in MARKS:
            draw_mark(painter, QRectF(self.rect()), self._name, self._colour)
        else:
            painter.drawPixmap(0, 0, pixmap(self._name, self._colour, self._size, self.devicePixelRatioF()))
        painter.end()


def draw_mark(painter: QPainter, box: QRectF, kind: str, colour: str = "") -> None:
    """The small sign of a type, or of an author: circle for the reader, brackets for the model, or both."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    side = min(box.width(), box.height())
    if kind in SIGNS:
        painter.setPen(_pen(theme.colour(colour)))
        painter.drawPath(signs.path(SIGNS[kind], box.center().x(), box.center().y(), signs.REACH))
    if kind in ("model", "joined"):
        painter.setPen(_pen(theme.colour(colour or "model")))
        _brackets(painter, box.center(), side * 0.42, side * 0.26)
    if kind in ("reader", "joined"):
        reader = theme.colour("reader" if kind == "joined" else colour or "reader")
        painter.setPen(_pen(reader))
        radius = side * (0.36 if kind == "reader" else 0.2)
        painter.drawEllipse(box.center(), radius, radius)


def _pen(colour: QColor) -> QPen:
    return QPen(colour, theme.tokens().stroke["mark"])


def _brackets(painter: QPainter, centre: QPointF, half: float, arm: float) -> None:
    for sx in (-1, 1):
        for sy in (-1, 1):
            corner = QPointF(centre.x() + sx * half, centre.y() + sy * half)
            painter.drawLine(corner, QPointF(corner.x() - sx * arm, corner.y()))
            painter.drawLine(corner, QPointF(corner.x(), corner.y() - sy * arm))
