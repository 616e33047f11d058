"""The boxes of the right panel: model, verdict, what was seen, the second reader, the decision."""

from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QPushButton, QSlider, QWidget

from viewer.app.display import Action, Panel
from viewer.ui import icons
from viewer.ui.parts.bars import Bar
from viewer.ui.parts.chip import Chip
from viewer.ui.parts.controls import ActionButton, Segments
from viewer.ui.parts.text import Elided, Rule, Text, add_all, clear, column, row


class RunsCommands(Protocol):
    """The desk, as a button needs it."""

    def run(self, command_id: str) -> None:
        """Do a command."""


class TakesVerdict(Protocol):
    """The desk, as the unaided verdict needs it."""

    def set_category(self, value: str) -> None:
        """A category by hand."""

    def set_chance(self, per_cent: int) -> None:
        """The reader's own probability."""


class ModelLines(QWidget):
    """Which model spoke, whether the images are like its training data, and where its threshold lies."""

    def __init__(self, actions: RunsCommands) -> None:
        super().__init__()
        self._name, self._why = Text("", "caption", "text_2", wrap=True), Text("", "caption", "text_2")
        self._chip = Chip()
        self._set_to = Text("", "caption", "text_2", wrap=True)
        card = QPushButton("Model card")
        card.setObjectName("link")
        card.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        card.clicked.connect(lambda: actions.run("program.card"))
        self._card = card
        lines = column((16, 0, 16, 8), 4)
        lines.addWidget(self._name)
        lines.addLayout(row(self._chip, self._why, None, icons.Glyph("info", "accent"), card, gap=6))
        lines.addWidget(self._set_to)
        lines.addSpacing(6)
        lines.addWidget(Rule())
        self.setLayout(lines)

    def show_model(self, panel: Panel) -> None:
        """Show the lines; nothing before the reveal."""
        self.setVisible(bool(panel.model_line))
        self._name.say(panel.model_line)
        verdict, why = panel.domain
        kinds = {"in": "done", "near": "warning", "outside": "danger"}
        words = {
            "in": "In its training data",
            "near": "Near its training data",
            "outside": "Outside its training data",
        }
        self._chip.setVisible(verdict in kinds)
        if verdict in kinds:
            self._chip.show_chip(kinds[verdict], words[verdict])
        self._why.say(why)
        self._set_to.say(panel.operating_point)
        self._set_to.setVisible(bool(panel.operating_point))


class ScoresBox(QWidget):
    """What the model says of the whole: how probable, and whether that is flagged, by a flag and in words."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[tuple[str, str, bool], ...] = ()
        self._lines = column((16, 4, 16, 8), 4)
        self.setLayout(self._lines)

    def show_scores(self, scores: tuple[tuple[str, str, bool], ...]) -> None:
        """Show them; nothing where there are none."""
        self.setVisible(bool(scores))
        if scores == self._shown:
            return
        self._shown = scores
        clear(self._lines)
        self._lines.addWidget(Text("Of the whole", "heading"))
        for what, said, flagged in scores:
            sign = icons.Glyph("flag" if flagged else "", "model")
            words = Text(said, "body", "text" if flagged else "text_2", wrap=True)
            self._lines.addLayout(row(sign, Text(what, "caption", "text_2"), None, gap=6))
            self._lines.addLayout(row(22, words, gap=0))


class VerdictBox(QWidget):
    """The unaided verdict: category with its rule (for a mammogram in the assessment), probability."""

    def __init__(self, actions: TakesVerdict) -> None:
        super().__init__()
        self._scheme, self._segments = Text("", "caption", "text_2"), Segments()
        self._segments.setAccessibleName("Category")
        self._segments.chosen.connect(actions.set_category)
        self._rule, self._note = (
            Text("", "caption", "text", wrap=True),
            Text("", "caption", "text_3", wrap=True),
        )
        self._chance, self._slider = Text("", "strong"), QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 100)
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._slider.setAccessibleName("Probability of cancer, yours, per cent")
        self._slider.valueChanged.connect(self._moved)
        self._set_chance = actions.set_chance
        self._showing = False
        lines = column((16, 0, 16, 0), 0)
        self._category = QWidget()
        by_rule = column((0, 12, 0, 4), 0)
        add_all(by_rule, self._scheme, 6, self._segments, 8, self._rule, 4, self._note)
        self._category.setLayout(by_rule)
        add_all(lines, 8, Rule(), 12, Text("Unaided verdict", "heading"), self._category, 12)
        lines.addLayout(row(Text("Probability of cancer, yours", "caption", "text_2"), None, self._chance))
        add_all(lines, 6, self._slider)
        scale = row(
            *(Text(t, "caption", "text_2") for t in ("0",)), None, Text("50", "caption", "text_2"), None
        )
        scale.addWidget(Text("100 %", "caption", "text_2"))
        lines.addLayout(scale)
        self.setLayout(lines)

    def _moved(self, value: int) -> None:
        if not self._showing:
            self._set_chance(value)

    def show_verdict(self, panel: Panel) -> None:
        """Show category, rule and probability."""
        self._category.setVisible(bool(panel.categories))
        self._scheme.say(panel.category_scheme)
        self._segments.show_choices(panel.categories, panel.category)
        self._rule.say(panel.category_rule)
        self._note.say(panel.category_note)
        self._chance.say("not given" if panel.chance is None else f"{panel.chance} %")
        self._chance.tint("text_3" if panel.chance is None else "text")
        self._showing = True
        self._slider.setValue(panel.chance or 0)
        self._showing = False


class SeenBox(QWidget):
    """Which images were on screen, and which were not."""

    def __init__(self) -> None:
        super().__init__()
        self._total, self._note = Text("", "body", "text_2"), Text("", "caption", "text_2", wrap=True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(0, 1)
        self._lines: list[tuple[Elided, Bar, Text]] = []
        lines = column((16, 12, 16, 0), 0)
        add_all(lines, Rule(), 12)
        lines.addLayout(row(Text("Seen so far", "heading"), None, self._total))
        lines.addSpacing(12)
        lines.addLayout(self._grid)
        add_all(lines, 10, self._note)
        self.setLayout(lines)

    def show_seen(self, panel: Panel) -> None:
        """Show (what, seen, of how many)."""
        self._total.say(panel.seen_total)
        self._note.say(panel.seen_note)
        while len(self._lines) < len(panel.seen_lines):
            parts = Elided("", "caption"), Bar(), Text("", "caption", "text_2")
            parts[2].setAlignment(Qt.AlignmentFlag.AlignRight)
            for place, part in enumerate(parts):
                self._grid.addWidget(part, len(self._lines), place)
            self._lines.append(parts)
        for number, (what, bar, count) in enumerate(self._lines):
            here = number < len(panel.seen_lines)
            for part in (what, bar, count):
                part.setVisible(here)
            if here:
                title, seen, total = panel.seen_lines[number]
                what.say(title, "text" if seen else "text_3")
                bar.show_share(seen / total if total else 0.0)
                count.say(f"{seen} / {total}" if seen else "not opened")


class SecondReaderBox(QWidget):
    """The second reader before the commit: waiting, ready, or not run and why. Nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = icons.Glyph("lock", "text_2")
        self._head, self._text = Text("", "heading"), Text("", "caption", "text_2", wrap=True)
        lines = column((0, 0, 0, 0), 2)
        lines.addWidget(self._head)
        lines.addWidget(self._text)
        line = row(gap=8)
        line.setContentsMargins(16, 16, 16, 12)
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(lines, 1)
        self.setLayout(line)

    def show_reader(self, kind: str, headline: str, sentence: str) -> None:
        """Show how far it is."""
        icon, colour = {
            "waiting": ("clock", "text_2"),
            "ready": ("lock", "text_2"),
            "not_run": ("minus-circle", "warning"),
            "failed": ("x-circle", "danger"),
        }.get(kind, ("lock", "text_2"))
        self._icon.show_glyph(icon, colour)
        self._head.say(headline, "text" if colour == "text_2" else colour)
        self._text.say(sentence)


class DecisionBox(QWidget):
    """After the reveal: the verdict of the study, and what stands in the way of the signature."""

    def __init__(self) -> None:
        super().__init__()
        self._line = Text("", "body", "text_2")
        self._icon, self._warning = icons.Glyph("warning", "warning"), Text("", "body", wrap=True)
        lines = column((16, 12, 16, 20), 10)
        lines.addLayout(row(Text("Verdict", "heading"), None, self._line))
        lines.addLayout(row(self._icon, self._warning, gap=8))
        self.setLayout(lines)

    def show_decision(self, line: str, warning: str) -> None:
        """Show category, unaided and now, and the warning."""
        self._line.say(line)
        self._warning.say(warning)
        self._icon.setVisible(bool(warning))


class ActionRow(QWidget):
    """The decision buttons, always at the same place."""

    def __init__(self, actions: RunsCommands) -> None:
        super().__init__()
        self._actions = actions
        self._shown: tuple[Action, ...] = ()
        self._buttons: list[ActionButton] = []
        self._row = row(gap=8)
        self._row.setContentsMargins(16, 0, 16, 16)
        self.setLayout(self._row)

    def show_actions(self, wanted: tuple[Action, ...]) -> None:
        """Show these buttons."""
        if wanted == self._shown:
            return
        if [a.command for a in wanted] != [a.command for a in self._shown]:
            clear(self._row)
            self._buttons = []
            for action in wanted:
                button = ActionButton(partial(self._actions.run, action.command))
                self._buttons.append(button)
                self._row.addWidget(button, 1)
        for button, action in zip(self._buttons, wanted, strict=True):
            button.show_action(action.title, action.key, action.primary, action.why_not)
        self._shown = wanted
