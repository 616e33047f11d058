"""Key caps: how a key is written where it works."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.ui import theme

CAP_HEIGHT = 20
ARROWS = {"Up": "↑", "Down": "↓", "Left": "←", "Right": "→", "Backspace": "⌫", "Del": "Delete"}
"""How a key is written on its cap, where not by its name."""


def caps_of(keys: str) -> tuple[str, ...]:
    """The caps of a key combination: "Ctrl+Shift+Enter" has three, "Ctrl++" has two."""
    if not keys:
        return ()
    parts = keys.split("+")
    names = [p for p in parts if p] + (["+"] if keys.endswith("+") else [])
    return tuple(ARROWS.get(name, name) for name in names)


class KeyCaps(QWidget):
    """Key caps, drawn; their words are read out as part of the control that they belong to."""

    def __init__(self, keys: str = "", dim: bool = False) -> None:
        super().__init__()
        self._keys, self._dim = "", dim
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_keys(keys)

    def show_keys(self, keys: str, dim: bool | None = None) -> None:
        """Other keys."""
        if keys != self._keys or (dim is not None and dim != self._dim):
            self._keys, self._dim = keys, self._dim if dim is None else dim
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """The caps side by side."""
        metrics = QFontMetrics(theme.font("key"))
        widths = [max(CAP_HEIGHT, metrics.horizontalAdvance(cap) + 10) for cap in caps_of(self._keys)]
        return QSize(sum(widths) + 3 * max(0, len(widths) - 1), CAP_HEIGHT if widths else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the caps."""
        painter = QPainter(self)
        draw_caps(painter, 0, (self.height() - CAP_HEIGHT) / 2, self._keys, self._dim)
        painter.end()


def draw_caps(painter: QPainter, left: float, top: float, keys: str, dim: bool = False) -> float:
    """Draw key caps from `left` on; returns where they end."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(theme.font("key"))
    metrics = QFontMetrics(theme.font("key"))
    for cap in caps_of(keys):
        width = max(CAP_HEIGHT, metrics.horizontalAdvance(cap) + 10)
        box = QRectF(left + 0.5, top + 0.5, width - 1, CAP_HEIGHT - 1)
        painter.setPen(QPen(theme.colour("line_strong").darker(170), 1))
        painter.setBrush(theme.colour("control"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(theme.colour("text_3" if dim else "text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cap)
        left += width + 3
    return left
