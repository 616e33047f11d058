"""The right panel while reading: findings, verdict, what was seen, the second reader, and the decisions."""

from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from viewer.app.display import Panel
from viewer.core.reading.lesions import LesionType
from viewer.ui import icons, theme
from viewer.ui.panels.finding_card import CardActions, FindingCard
from viewer.ui.panels.question_strip import AssessmentBox
from viewer.ui.panels.verdict_boxes import (
    ActionRow,
    DecisionBox,
    ModelLines,
    ScoresBox,
    SecondReaderBox,
    SeenBox,
    TakesVerdict,
    VerdictBox,
)
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Rule, Text, add_all, add_shown, clear, column, row


class PanelActions(CardActions, TakesVerdict, Protocol):
    """What the panel asks of the desk."""


class FindingsPanel(QFrame):
    """The right panel while reading. It shows `Panel` of mode reading or reveal."""

    def __init__(self, actions: PanelActions) -> None:
        super().__init__()
        self.setObjectName("panel_right")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._actions = actions
        self._shown: Panel | None = None
        self._cards: dict[str, FindingCard] = {}
        self._title, self._count = Text("", "heading"), Text("", "body", "text_2")
        self._model = ModelLines(actions)
        self._scores = ScoresBox()
        self._rows = column(gap=0)
        self._legend = Legend()
        self._hint = _hint_line()
        self._below = _below_line()
        self._empty = NothingBox()
        self._verdict = VerdictBox(actions)
        self._exam = AssessmentBox()
        self._seen = SeenBox()
        self._second = SecondReaderBox()
        self._decision = DecisionBox()
        self._foot = ActionRow(actions)
        self._lay_out()

    def _lay_out(self) -> None:
        whole = column()
        head = row(self._title, None, self._count, KeyCaps("F4"), gap=8)
        head.setContentsMargins(16, 12, 16, 8)
        whole.addLayout(head)
        scrolled, area = QWidget(), QScrollArea()
        scrolled.setObjectName("scrolled")
        scrolled.setMinimumWidth(1)  # never wider than the panel: what does not fit is cut, not scrolled
        inside = QVBoxLayout(scrolled)
        inside.setContentsMargins(0, 0, 0, 8)
        inside.setSpacing(0)
        add_all(inside, self._model, self._legend, self._scores)
        inside.addWidget(self._empty)
        inside.addLayout(self._rows)
        add_all(inside, self._hint, self._below, self._exam, self._verdict, self._seen)
        inside.addStretch(1)
        area.setWidget(scrolled)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area = area
        whole.addWidget(area, 1)
        whole.addWidget(Rule())
        add_all(whole, self._second, self._decision, self._foot)
        self.setLayout(whole)

    def show_panel(self, panel: Panel) -> None:
        """Show another state; only what changed is rebuilt."""
        if panel == self._shown:
            return
        reading = panel.mode == "reading"
        self.setFixedWidth(theme.px("findings_panel" if reading else "findings_wide"))
        self._title.say(panel.title)
        self._count.say(panel.count)
        self._model.show_model(panel)
        self._scores.show_scores(panel.scores)
        self._show_rows(panel)
        self._empty.show_words(*panel.empty)
        self._legend.show_types(panel.legend)
        self._hint.setVisible(reading and not any(r.editing for r in panel.rows))
        another = "another finding" if panel.rows else "a finding"
        self._hint.findChildren(Text)[-1].say(f"Mark {another} at the pointer")
        self._below.setVisible(bool(panel.below))
        self._below.findChildren(Text)[-1].say(panel.below)
        self._verdict.show_verdict(panel)
        self._verdict.setVisible(reading and bool(panel.categories or panel.exam))
        self._exam.show_assessment(panel)
        self._seen.show_seen(panel)
        self._seen.setVisible(reading and bool(panel.seen_lines))
        self._second.setVisible(reading)
        self._second.show_reader(*panel.second_reader)
        self._decision.setVisible(not reading)
        self._decision.show_decision(panel.verdict_line, panel.warning)
        self._foot.show_actions(panel.actions)
        self._shown = panel

    def _show_rows(self, panel: Panel) -> None:
        wanted = [r.tracking_uid for r in panel.rows]
        if wanted != list(self._cards):
            clear(self._rows)
            self._cards = {uid: FindingCard(self._actions) for uid in wanted}
            for card in self._cards.values():
                add_shown(self._rows, card)
        focused = None
        for one in panel.rows:
            card = self._cards[one.tracking_uid]
            card.show_row(one, panel.strip)
            focused = card if one.focused else focused
        before = self._shown
        if focused is not None and (
            before is None or (panel.rows, panel.strip) != (before.rows, before.strip)
        ):
            QTimer.singleShot(0, focused, partial(self._area.ensureWidgetVisible, focused, 0, 40))
        if panel.exam_strip.options and (before is None or panel.exam_strip != before.exam_strip):
            QTimer.singleShot(0, self._exam, partial(self._area.ensureWidgetVisible, self._exam, 0, 40))


class NothingBox(QWidget):
    """What is said where there is nothing to list; nothing found, not run and failed never look alike."""

    LOOKS = {  # noqa: RUF012 (never changed)
        "done": ("card", "check", "text_2"),
        "partial": ("card_warning", "warning", "warning"),
        "not_run": ("card_warning", "minus-circle", "warning"),
        "failed": ("card_danger", "x-circle", "danger"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._shown = ("", "")
        self._lines = column((16, 4, 16, 8), 0)
        self.setLayout(self._lines)

    def show_words(self, kind: str, words: str) -> None:
        """Show a sentence in the look of its kind; nothing for no words."""
        self.setVisible(bool(words))
        if (kind, words) == self._shown:
            return
        self._shown = (kind, words)
        clear(self._lines)
        if kind not in self.LOOKS:
            self._lines.addWidget(Text(words, "body", "text_2", wrap=True))
            return
        name, icon, colour = self.LOOKS[kind]
        card = QFrame()
        card.setObjectName(name)
        line = row(12, gap=10)
        line.setContentsMargins(0, 12, 12, 12)
        line.addWidget(icons.Glyph(icon, colour), 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(Text(words, "body", "text" if colour == "text_2" else colour, wrap=True), 1)
        card.setLayout(line)
        self._lines.addWidget(card)


class Legend(QWidget):
    """What the signs on the marks stand for: only of the types that are on screen."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[LesionType, ...] = ()
        self._lines = QGridLayout()
        self._lines.setContentsMargins(16, 2, 16, 8)
        self._lines.setHorizontalSpacing(16)
        self._lines.setVerticalSpacing(4)
        self._lines.setColumnStretch(2, 1)
        self.setLayout(self._lines)
        self.hide()

    def show_types(self, types: tuple[LesionType, ...]) -> None:
        """Show these, two a line; nothing for none."""
        self.setVisible(bool(types))
        if types == self._shown:
            return
        self._shown = types
        clear(self._lines)
        for n, kind in enumerate(types):
            words = Text(kind.value.capitalize(), "caption", "text_2")
            self._lines.addLayout(row(icons.Glyph(kind.value, "text_2"), words, None, gap=8), *divmod(n, 2))


def _hint_line() -> QWidget:
    out = QWidget()
    line = row(KeyCaps("M"), Text("", "caption", "text_2"), None, gap=8)
    line.setContentsMargins(16, 12, 16, 4)
    out.setLayout(line)
    return out


def _below_line() -> QWidget:
    out = QWidget()
    line = row(28, KeyCaps("Shift+G"), 8, Text("", "caption", "text_2"), None, gap=4)
    line.setContentsMargins(16, 12, 16, 4)
    out.setLayout(line)
    return out
