"""Cards that ask or tell: who reads, resume, a reason in words; what was not loaded; the model card."""

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QScrollArea, QTextBrowser, QVBoxLayout, QWidget

from viewer.app.display import Question
from viewer.app.display_pages import Overlay
from viewer.ui import icons
from viewer.ui.overlay import OverlayCard
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Rule, Text, column, row


class QuestionActions(Protocol):
    """What a question asks of the desk."""

    def accept(self, values: dict[str, str]) -> None:
        """Yes, with these values."""

    def refuse(self) -> None:
        """No."""


class QuestionCard(OverlayCard):
    """A question; Return accepts, Esc refuses where it may be refused."""

    def __init__(self, question: Question, actions: QuestionActions) -> None:
        super().__init__(520)
        self.question = question
        self._actions = actions
        self._inputs: dict[str, QLineEdit] = {}
        self.setAccessibleName(question.title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        whole = column((24, 20, 24, 20), 8)
        whole.addWidget(Text(question.title, "title"))
        whole.addWidget(Text(question.text, "body", "text_2", wrap=True))
        for key, title in question.fields:
            self._add_field(whole, key, title)
        whole.addSpacing(8)
        whole.addLayout(self._buttons())
        self.setLayout(whole)

    def _add_field(self, lines: QVBoxLayout, key: str, title: str) -> None:
        line = QLineEdit(dict(self.question.values).get(key, ""))
        line.setAccessibleName(title)
        line.installEventFilter(self)
        self._inputs[key] = line
        lines.addSpacing(4)
        lines.addWidget(Text(title, "caption", "text_2"))
        lines.addWidget(line)

    def _buttons(self) -> QVBoxLayout:
        self._accept = QPushButton(self.question.accept)
        self._accept.setProperty("primary", True)
        self._accept.clicked.connect(self._yes)
        parts: list[QWidget | int | None] = [self._accept, KeyCaps("Enter")]
        if self.question.refuse:
            refuse = QPushButton(self.question.refuse)
            refuse.clicked.connect(self._actions.refuse)
            parts += [16, refuse, KeyCaps("Esc")]
        out = column()
        out.addLayout(row(*parts, None, gap=8))
        for child in (self._accept, *([parts[3]] if self.question.refuse else [])):
            if isinstance(child, QPushButton):
                child.installEventFilter(self)
        return out

    def take_keyboard(self) -> None:
        """The keyboard goes to the first field, else to the card."""
        first = next(iter(self._inputs.values()), None)
        if first is None:
            self._accept.setFocus()
        else:
            first.setFocus()
            first.selectAll()

    def _yes(self) -> None:
        self._actions.accept({key: line.text() for key, line in self._inputs.items()})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Return accepts, Esc refuses, wherever the keyboard is on the card."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if isinstance(watched, QPushButton) and watched is not self._accept:
                self._actions.refuse()
            else:
                self._yes()
            return True
        if event.key() == Qt.Key.Key_Escape:
            self._actions.refuse()
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The same where no field has the keyboard."""
        self.eventFilter(self, event)


class TellingActions(Protocol):
    """What a card that only tells asks of the desk."""

    def close_overlay(self) -> None:
        """Close it."""


class TextCard(OverlayCard):
    """Something to read: what was not loaded, or the model card. Esc, Enter and Space close it."""

    def __init__(self, overlay: Overlay, actions: TellingActions) -> None:
        super().__init__(960)
        self._actions = actions
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._area = _listing(overlay.lines) if overlay.kind == "not_loaded" else _page(overlay.lines[0])
        whole = column()
        head = row(24, Text(overlay.title, "heading"), None, KeyCaps("Esc"), 24)
        head.setContentsMargins(0, 14, 0, 14)
        whole.addLayout(head)
        whole.addWidget(Rule())
        whole.addWidget(self._area)
        self.setLayout(whole)

    def dismiss(self) -> None:
        """Close it."""
        self._actions.close_overlay()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close, or scroll."""
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._actions.close_overlay()
            return
        steps = {Qt.Key.Key_Up: -40, Qt.Key.Key_Down: 40, Qt.Key.Key_PageUp: -300, Qt.Key.Key_PageDown: 300}
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + steps.get(Qt.Key(event.key()), 0))


def _listing(lines: tuple[str, ...]) -> QScrollArea:
    """One line for each thing, with the sign of a warning."""
    scrolled, area = QWidget(), QScrollArea()
    scrolled.setObjectName("scrolled")
    rows = QVBoxLayout(scrolled)
    rows.setContentsMargins(24, 12, 24, 16)
    rows.setSpacing(8)
    for text in lines:
        words = Text(text, "body", "text", wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = row(gap=10)
        line.addWidget(icons.Glyph("warning", "warning"), 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(words, 1)
        rows.addLayout(line)
    rows.addStretch(1)
    area.setWidget(scrolled)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setFixedHeight(min(560, max(120, 40 * len(lines))))
    return area


def _page(markdown: str) -> QTextBrowser:
    """A page of Markdown; its links lead nowhere, since nothing here goes to the network."""
    page = QTextBrowser()
    page.setOpenLinks(False)
    page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page.document().setDocumentMargin(24)
    page.setMarkdown(markdown)
    page.setFixedHeight(640)
    return page
