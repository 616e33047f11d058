"""The report on screen: what will be signed, or was. The same values as the page that is written."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from viewer.app.display_pages import ReportPage
from viewer.core.report.cards import Card
from viewer.core.report.figures import Figure
from viewer.core.report.page import State
from viewer.ui import icons, theme
from viewer.ui.panels.finding_card import name_text
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Elided, Rule, Text, add_shown, clear, column, row

Picture = Callable[[Card], list[QPixmap]]
"""The key images of a finding, 240 x 160 each; those whose pixels are at hand."""

FigurePicture = Callable[[Figure], QPixmap | None]
"""The picture that the reader put into the report; None likewise."""

SAVE_TYPING_MS = 1000
"""How soon after the last letter the impression is in the log."""

_ICONS = {
    "none": ("check", "text_2"),
    "not_run": ("minus-circle", "warning"),
    "failed": ("x-circle", "danger"),
}
_VERDICTS = {
    "accepted": "check",
    "own": "check",
    "rejected": "x",
    "undecided": "circle-dashed",
    "proposed": "",
}


class ReportActions(Protocol):
    """What the page asks of the desk."""

    def run(self, command_id: str) -> None:
        """Do a command."""

    def focus_finding(self, tracking_uid: str) -> None:
        """A card was clicked."""

    def set_impression(self, text: str, done: bool = True) -> None:
        """Take over what was written."""


class ReportView(QFrame):
    """The page: impression, findings, rejected, undecided, how it was read, objects."""

    def __init__(self, actions: ReportActions, picture: Picture, figure: FigurePicture) -> None:
        super().__init__()
        self.setObjectName("page")
        self._actions, self._picture, self._figure = actions, picture, figure
        self._shown: ReportPage | None = None
        self._heads: dict[str, QWidget] = {}
        self._column = column((0, 32, 0, 48), 0)
        scrolled, self._area = QWidget(), QScrollArea()
        scrolled.setObjectName("scrolled")
        scrolled.setMinimumWidth(1)  # what does not fit is cut or wrapped, never scrolled sideways
        middle = QHBoxLayout(scrolled)
        middle.setContentsMargins(24, 0, 24, 0)
        inside = QWidget()
        inside.setMaximumWidth(theme.px("report_column"))
        inside.setLayout(self._column)
        middle.addStretch(1)
        middle.addWidget(inside, 1000)
        middle.addStretch(1)
        self._area.setWidget(scrolled)
        self._area.setWidgetResizable(True)
        self.setFocusProxy(self._area)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        whole = column()
        whole.addWidget(self._area)
        self.setLayout(whole)

    def show_report(self, report: ReportPage) -> None:
        """Show another state of the report."""
        if report == self._shown or (self._typing() and self._only_typed(report)):
            return
        clear(self._column)
        self._heads = {}
        self._fill(report)
        self._column.addStretch(1)
        self._shown = report

    def go_to(self, section: str) -> None:
        """Scroll to a section."""
        head = self._heads.get(section)
        if head is not None:
            self._area.verticalScrollBar().setValue(max(0, head.y() - 16))

    def _typing(self) -> bool:
        return bool(self._shown and self._shown.editing)

    def _only_typed(self, report: ReportPage) -> bool:
        """While the impression is written its own text coming back changes nothing on the page."""
        return bool(report.editing and self._shown and report.sections == self._shown.sections)

    def _fill(self, report: ReportPage) -> None:
        page = report.page
        self._column.addWidget(Text(page.title, "display"))
        self._column.addSpacing(4)
        self._column.addWidget(Text(report.line, "body", "text_2", wrap=True))
        self._column.addSpacing(16)
        self._column.addWidget(Rule())
        if page.status in ("signed", "amended"):
            self._column.addSpacing(12)
            self._column.addLayout(row(icons.Glyph("check", "text"), Text(page.status_line, "strong"), None))
        self._head("Impression")
        self._add_category(report)
        self._column.addSpacing(8)
        impression = _Impression(report, self._actions)
        add_shown(self._column, impression)
        if report.editing:
            impression.setFocus()
        for at, text in page.amendments:
            self._column.addSpacing(8)
            self._column.addWidget(_card(Text(f"Amended {at}", "strong"), Text(text, "body", wrap=True)))
        self._head("Findings", "key images go with the report")
        for state in page.states:
            if state.kind != "found":
                self._add(_state_card(state))
        if page.nothing:
            self._add(_card(row(icons.Glyph("check", "text_2"), Text(page.nothing), None, gap=10)))
        for card in page.findings:
            self._add_of(card, self._finding(card))
        self._add_short("Rejected", page.rejected)
        self._add_undecided(report)
        self._add_rows("What the models say of the whole", page.scores)
        self._add_rows("Measurements", page.measurements)
        self._add_figures("Key images", page.key_images)
        self._add_figures("Snapshots", page.snapshots)
        self._add_rows("Comparison", (("", page.comparison),))
        self._add_rows("How it was read", page.how)
        if page.warnings:
            self._add_rows("Warnings", tuple(("", warning) for warning in page.warnings))

    def _head(self, title: str, right: str = "") -> None:
        self._column.addSpacing(20)
        head = QWidget()
        line = row(Text(title, "title"), None, Text(right, "caption", "text_2"))
        head.setLayout(line)
        self._heads[title] = head
        self._column.addWidget(head)
        self._column.addSpacing(8)

    def _add(self, part: QWidget) -> None:
        self._column.addWidget(part)
        self._column.addSpacing(10)

    def _add_of(self, card: Card, part: "_Card") -> None:
        """The card of a finding: a click goes to its images."""
        part.click = partial(self._actions.focus_finding, card.finding.tracking_uid)
        part.setCursor(Qt.CursorShape.PointingHandCursor)
        self._add(part)

    def _add_category(self, report: ReportPage) -> None:
        given = report.page.category
        if given is None:
            return
        value, headline, rule, follows, change = given
        number = Text(value, "display")
        number.setFixedWidth(48)
        number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        right = column(gap=4)
        right.addLayout(row(Text(headline, "strong"), None, Text(change, "caption", "text_2")))
        right.addWidget(Text(rule, "body", "text_2", wrap=True))
        right.addWidget(Text(follows, "body", "text_2", wrap=True))
        line = row(number, 8, Rule(vertical=True), 12, gap=4)
        line.addLayout(right, 1)
        self._column.addWidget(_card(line))

    def _finding(self, card: Card) -> "_Card":
        drawn: list[QPixmap | None] = [*self._picture(card)]
        pictures = column(gap=4)
        for pixels in drawn or [None]:
            pictures.addWidget(_key_image(card, pixels))
        pictures.addStretch(1)
        right = column((4, 0, 4, 0), 6)
        verdict = [icons.Glyph(_VERDICTS[card.state], "text_2"), Text(card.verdict)]
        right.addLayout(row(*_who(card), None, *verdict, gap=6))
        for number, text in enumerate(card.lines):
            right.addWidget(Text(text, "body", "text" if number == 0 else "text_2", wrap=True))
        right.addSpacing(4)
        right.addWidget(Rule())
        right.addWidget(Text(card.origin, "caption", "text_2", wrap=True))
        right.addStretch(1)
        line = row(gap=8)
        line.addLayout(pictures)
        line.addSpacing(8)
        line.addLayout(right, 1)
        return _card(line, margins=(12, 12, 16, 12))

    def _add_short(self, title: str, cards: tuple[Card, ...]) -> None:
        if not cards:
            return
        self._head(title)
        for card in cards:
            sizes = Elided(card.lines[0] if card.lines else "", "body", "text_2")
            line = row(*_who(card), 8, sizes, Text(card.verdict, "body", "text_2"), gap=8)
            self._add_of(card, _card(line))

    def _add_undecided(self, report: ReportPage) -> None:
        if not report.page.undecided:
            return
        self._head("Undecided")
        for number, card in enumerate(report.page.undecided):
            first = row(icons.Glyph("warning", "warning"), *_who(card), 8, gap=8)
            first.addWidget(Elided(card.lines[0] if card.lines else "", "body", "text_2"), 1)
            if not report.read_only and number == 0:
                for key, words in (("N", "Go to it"), ("Enter", "Accept"), ("X", "Reject")):
                    first.addWidget(KeyCaps(key))
                    first.addWidget(Text(words, "caption", "text_2"))
            said = "Not in the report until you decide." if not report.read_only else f"{card.verdict}."
            second = row(24, Text(f"{said} {card.origin}", "caption", "text_2", wrap=True))
            self._add_of(card, _card(first, second, name="card_warning"))

    def _add_figures(self, title: str, figures: tuple[Figure, ...]) -> None:
        if figures:
            self._head(title)
        for figure in figures:
            picture, pixels = QLabel(), self._figure(figure)
            picture.setObjectName("picture")
            picture.setAccessibleName(f"{figure.name}: {figure.title}")
            if pixels is None:
                picture.setText("its images are not loaded")
            else:
                picture.setPixmap(pixels)
            right = column((4, 0, 4, 0), 6)
            right.addLayout(row(name_text("reader", figure.name), Text(figure.title, "strong"), None, gap=6))
            for words in figure.lines:
                right.addWidget(Text(words, "body", "text_2", wrap=True))
            right.addStretch(1)
            line = row(picture, 8, gap=8)
            line.addLayout(right, 1)
            self._add(_card(line, margins=(12, 12, 16, 12)))

    def _add_rows(self, title: str, rows: tuple[tuple[str, str], ...]) -> None:
        if not rows:
            return
        self._head(title)
        for caption, text in rows:
            words = Text(text, "caption", "text", wrap=True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            line = row(gap=16)
            if caption:
                left = Text(caption, "caption", "text_2")
                left.setFixedWidth(160)
                line.addWidget(left, 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(words, 1)
            self._column.addLayout(line)
            self._column.addSpacing(4)


def _who(card: Card) -> list[QWidget | int | None]:
    return [icons.Glyph(card.kind, "", 16), name_text(card.kind, card.name), Text(card.title, "strong")]


def _state_card(state: State) -> QWidget:
    icon, colour = _ICONS.get(state.kind, ("warning", "warning"))
    name = {"not_run": "card_warning", "failed": "card_danger", "partial": "card_warning"}.get(
        state.kind, "card"
    )
    head = Text(state.title, "strong", "text" if colour == "text_2" else colour)
    return _card(
        row(icons.Glyph(icon, colour), head, None, gap=8), Text(state.text, "body", wrap=True), name=name
    )


class _Card(QFrame):
    """A box on the page; `click` is what a click on it does."""

    click: Callable[[], None] | None = None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's event."""
        if self.click is not None and event.button() == Qt.MouseButton.LeftButton:
            self.click()


def _card(
    *parts: QWidget | QHBoxLayout, name: str = "card", margins: tuple[int, int, int, int] = (20, 14, 20, 14)
) -> _Card:
    out = _Card()
    out.setObjectName(name)
    lines = QVBoxLayout(out)
    lines.setContentsMargins(*margins)
    lines.setSpacing(6)
    for part in parts:
        if isinstance(part, QWidget):
            lines.addWidget(part)
        else:
            lines.addLayout(part)
    return out


class _Impression(QWidget):
    """The reader's own words: read, or written in place; what is written is saved by itself."""

    def __init__(self, report: ReportPage, actions: ReportActions) -> None:
        super().__init__()
        self._actions = actions
        lines = column(gap=6)
        self.setLayout(lines)
        if not report.editing:
            said = report.page.impression
            words = Text(said or "No impression written.", "body", "text" if said else "text_3", wrap=True)
            tail = [] if report.read_only else [Text("Edit", "caption", "text_2"), KeyCaps("E")]
            line = row(gap=8)
            line.addWidget(words, 1)
            for part in tail:
                line.addWidget(part)
            lines.addWidget(_card(line))
            return
        self._text = QPlainTextEdit(report.page.impression)
        self._text.setAccessibleName("Impression")
        self._text.setFixedHeight(112)
        self._text.installEventFilter(self)
        self.setFocusProxy(self._text)
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(SAVE_TYPING_MS)
        self._typed.timeout.connect(lambda: actions.set_impression(self._text.toPlainText(), done=False))
        self._text.textChanged.connect(self._typed.start)
        lines.addWidget(self._text)
        caps = row(
            KeyCaps("Esc"), Text("done; what you write is saved as you write", "caption", "text_2"), None
        )
        lines.addLayout(caps)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc and Ctrl+Enter end the writing."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            ctrl = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if event.key() == Qt.Key.Key_Escape or (enter and ctrl):
                self._end()
                return True
        if event.type() == QEvent.Type.FocusOut:
            self._end()
        return False

    def _end(self) -> None:
        self._typed.stop()
        self._actions.set_impression(self._text.toPlainText())


def _key_image(card: Card, pixels: QPixmap | None) -> QLabel:
    picture = QLabel()
    picture.setFixedSize(240, 160)
    picture.setObjectName("picture")
    if pixels is None:
        picture.setText("no key image")
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
    else:
        picture.setPixmap(pixels)
    picture.setAccessibleName(f"Key image of {card.name}")
    return picture
