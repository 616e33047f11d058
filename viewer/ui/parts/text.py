"""Text in the roles and colours of the tokens, hairlines, and rows and columns of parts."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from viewer.ui import theme


class Text(QLabel):
    """A line or paragraph in a role and colour of the tokens."""

    def __init__(self, text: str = "", role: str = "body", colour: str = "text", wrap: bool = False) -> None:
        super().__init__(text)
        self._colour = ""
        self.setFont(theme.font(role))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.tint(colour)
        if wrap:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def tint(self, colour: str) -> None:
        """Another colour."""
        if colour != self._colour:
            self._colour = colour
            palette = self.palette()
            palette.setColor(QPalette.ColorRole.WindowText, theme.colour(colour))
            self.setPalette(palette)

    def say(self, text: str, colour: str = "") -> None:
        """Another text, and where given another colour."""
        if text != self.text():
            self.setText(text)
        if colour:
            self.tint(colour)


class Elided(Text):
    """A line that ends in '…' where there is no room; the whole text is its tool tip."""

    def __init__(self, text: str = "", role: str = "body", colour: str = "text") -> None:
        super().__init__("", role, colour)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say(text)

    def say(self, text: str, colour: str = "") -> None:
        """Another text, and where given another colour."""
        if text != self._whole:
            self._whole = text
            self.updateGeometry()
            self._fit()
        if colour:
            self.tint(colour)

    def minimumSizeHint(self) -> QSize:
        """As narrow as one letter: the layout decides."""
        return QSize(24, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the text to the room that there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        cut = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(self.width(), 24))
        self.setText(cut)
        self.setToolTip(self._whole if cut != self._whole else "")
        self.setAccessibleName(self._whole)


class Rule(QFrame):
    """A hairline that separates."""

    def __init__(self, vertical: bool = False) -> None:
        super().__init__()
        self.setObjectName("rule")
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)


def row(*parts: QWidget | int | None, gap: int = 8) -> QHBoxLayout:
    """Parts side by side; a number is a gap of that many px, None takes all the room that is left."""
    out = QHBoxLayout()
    out.setContentsMargins(0, 0, 0, 0)
    out.setSpacing(gap)
    for part in parts:
        if part is None:
            out.addStretch(1)
        elif isinstance(part, int):
            out.addSpacing(part)
        else:
            out.addWidget(part)
    return out


def column(margins: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 0) -> QVBoxLayout:
    """An empty column."""
    out = QVBoxLayout()
    out.setContentsMargins(*margins)
    out.setSpacing(gap)
    return out


def add_all(lines: QVBoxLayout, *parts: QWidget | int) -> None:
    """Parts below each other; a number is a gap of that many px."""
    for part in parts:
        if isinstance(part, int):
            lines.addSpacing(part)
        else:
            lines.addWidget(part)


def add_shown(layout: QHBoxLayout | QVBoxLayout, widget: QWidget) -> None:
    """Add a widget and show it at once: Qt would show it later, and until then it takes no keyboard."""
    layout.addWidget(widget)
    widget.show()


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and let it go."""
    while layout.count():
        item = layout.takeAt(0)
        assert item is not None  # the layout counts it
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)
