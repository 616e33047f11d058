"""What lies over the window: one card on a dimmed window, which has the keyboard until it is closed."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from viewer.ui.parts.controls import OWN_KEYS
from viewer.ui.parts.text import clear, column

_DIM = QColor(0, 0, 0, 165)
TOP = 152
"""Where a card begins, px from the top of the window; higher in a low window."""


class Overlay(QWidget):
    """Dims the window and shows one card; a click beside the card closes it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty(OWN_KEYS, True)
        self._column = column()
        self.setLayout(self._column)
        self._card: OverlayCard | None = None
        window.installEventFilter(self)
        self.hide()

    @property
    def card(self) -> "OverlayCard | None":
        """The card that is shown."""
        return self._card

    def show_card(self, card: "OverlayCard | None") -> None:
        """Show this card; None closes."""
        clear(self._column)
        self._card = card
        if card is None:
            self.hide()
            return
        self._fit()
        self._column.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.show()
        card.show()  # at once: where the overlay was shown already, Qt would do it later
        self.raise_()
        card.take_keyboard()

    def _fit(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
            self._column.setContentsMargins(24, min(TOP, parent.height() // 7), 24, 24)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the size of the window."""
        if event.type() == QEvent.Type.Resize and isinstance(event, QResizeEvent):
            self._fit()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the card closes it, where it may be closed."""
        if self._card is not None:
            self._card.dismiss()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim what lies below."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _DIM)
        painter.end()


class OverlayCard(QFrame):
    """A card on the overlay."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.setObjectName("overlay_card")
        self.setFixedWidth(width)

    def take_keyboard(self) -> None:
        """The keyboard goes to the first thing on the card."""
        self.setFocus()

    def dismiss(self) -> None:
        """A click beside the card, or Esc."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the card does not reach what lies below."""
        event.accept()
