"""Controls: the decision button and the choice of a few."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from viewer.ui import theme
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Text

OWN_KEYS = "own_keys"
"""Property of a widget in which no command's key acts: whatever is typed there is its own."""


class ActionButton(QPushButton):
    """A decision at the foot of a panel: its words left, its keys right."""

    def __init__(self, run: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("action")
        self.setFixedHeight(40)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._words, self._keys = Text("", "strong"), KeyCaps()
        for child in (self._words, self._keys):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 9, 0)
        row.addWidget(self._words, 1)
        row.addWidget(self._keys)
        self.clicked.connect(lambda: run())

    def show_action(self, title: str, keys: str, primary: bool, why_not: str) -> None:
        """Words, keys and whether it can be pressed now; `why_not` is its tool tip."""
        enabled = not why_not
        self._words.say(title, ("on_accent" if primary else "text") if enabled else "text_3")
        self._keys.show_keys(keys, dim=not enabled)
        if self.property("primary") != primary:
            self.setProperty("primary", primary)
            self.style().unpolish(self)
            self.style().polish(self)
        self.setEnabled(enabled)
        self.setToolTip(why_not)
        self.setAccessibleName(title)
        self.setAccessibleDescription(why_not or keys)


class Segments(QWidget):
    """One choice of a few, side by side."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._choices: tuple[str, ...] = ()
        self._value = ""
        self._enabled = True
        self.setFixedHeight(theme.px("control"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_choices(self, choices: tuple[str, ...], value: str, enabled: bool = True) -> None:
        """Other choices, or another one of them chosen."""
        if (choices, value, enabled) != (self._choices, self._value, self._enabled):
            self._choices, self._value, self._enabled = choices, value, enabled
            self.setAccessibleDescription(value)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right choose."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step or not self._enabled or self._value not in self._choices:
            event.ignore()
            return
        place = self._choices.index(self._value) + step
        if 0 <= place < len(self._choices):
            self.chosen.emit(self._choices[place])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what was clicked."""
        if self._enabled and self._choices:
            place = int(event.position().x() * len(self._choices) / self.width())
            self.chosen.emit(self._choices[min(max(place, 0), len(self._choices) - 1)])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame, the choices and the chosen one."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ring = ("accent", 2) if self.hasFocus() else ("line_strong", 1)
        painter.setPen(QPen(theme.colour(ring[0]), ring[1]))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        width = self.width() / max(1, len(self._choices))
        chosen = self._choices.index(self._value) if self._value in self._choices else -2
        for n, choice in enumerate(self._choices):
            box = QRectF(n * width, 0, width, self.height())
            self._draw_choice(painter, box, choice, n == chosen)
            if n and n not in (chosen, chosen + 1):
                painter.setPen(theme.colour("line_strong"))
                painter.drawLine(QPointF(box.left(), 9), QPointF(box.left(), self.height() - 9))
        painter.end()

    def _draw_choice(self, painter: QPainter, box: QRectF, choice: str, chosen: bool) -> None:
        if chosen:
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(theme.colour("accent_fill"))
            painter.drawRoundedRect(box.adjusted(1.5, 2.5, -1.5, -2.5), 5, 5)
        painter.setFont(theme.font("strong" if chosen else "body"))
        painter.setPen(theme.colour("on_accent" if chosen else "text_2"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, choice)
