"""One finding in the panel: who said it, how sure, what was decided; in focus also why, keys and editor."""

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from viewer.app.display import Action, Field, FindingRow, MarkState, Strip
from viewer.ui import icons, theme
from viewer.ui.panels.question_strip import strip_lines
from viewer.ui.parts.bars import Band
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.chip import Chip
from viewer.ui.parts.controls import OWN_KEYS, Segments
from viewer.ui.parts.text import Elided, Rule, Text, add_shown, clear, column, row

VERDICT_ICONS = {
    MarkState.ACCEPTED: "check",
    MarkState.REJECTED: "x",
    MarkState.OPEN: "circle-dashed",
    MarkState.BELOW: "",
}
INDENT = 24
"""From the sign of the author to the words, px."""


class CardActions(Protocol):
    """What a card asks of the desk."""

    def run(self, command_id: str) -> None:
        """Do a command."""

    def focus_finding(self, tracking_uid: str) -> None:
        """The card was clicked."""

    def save_edit(self, values: dict[str, str]) -> None:
        """Take over the editor."""

    def close_edit(self) -> None:
        """Leave the finding as it was."""


class FindingCard(QFrame):
    """A finding of the panel."""

    def __init__(self, actions: CardActions) -> None:
        super().__init__()
        self._actions = actions
        self._row: FindingRow | None = None
        self._strip = Strip()
        self._lines = column((24, 10, 16, 10), 4)
        self.setLayout(self._lines)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_row(self, row: FindingRow, strip: Strip) -> None:
        """Show another state of the finding; `strip` holds what is asked while it is in focus."""
        strip = strip if row.focused else Strip()
        if (row, strip) == (self._row, self._strip):
            return
        self._row, self._strip = row, strip
        self.setAccessibleName(f"{row.name} {row.title}, {row.verdict or row.detail}")
        clear(self._lines)
        self._fill(row)
        self.update()

    def _fill(self, finding: FindingRow) -> None:
        for line in (_title_line(finding), _detail_line(finding)):
            self._lines.addLayout(line)
        if finding.measure:
            self._lines.addLayout(row(INDENT, Text(finding.measure, "body"), None, gap=0))
        if finding.note:
            self._lines.addLayout(row(INDENT, Text(finding.note, "caption", "text_2", wrap=True), gap=0))
        if not finding.focused:
            return
        if finding.lines:
            self._lines.addSpacing(8)
            self._lines.addLayout(_explanation(finding.lines))
        if finding.chips:
            self._add_chips(finding.chips)
        if finding.alike[1]:
            self._add_alike(*finding.alike)
        if finding.editing:
            self._lines.addSpacing(6)
            add_shown(self._lines, Editor(finding.editing, self._actions))
        elif finding.actions:
            self._add_actions(finding)

    def _add_chips(self, chips: tuple[str, ...]) -> None:
        self._lines.addSpacing(6)
        why = Text("What the model names; E corrects it.", "caption", "text_2")
        self._lines.addLayout(row(INDENT, why, None, gap=0))
        line: list[QWidget | int | None] = [INDENT]
        line += _spaced([Chip("word", chip) for chip in chips])[1:]
        self._lines.addLayout(row(*line, None, gap=0))

    def _add_alike(self, sentence: str, rows: tuple[tuple[str, ...], ...]) -> None:
        self._lines.addSpacing(6)
        self._lines.addLayout(row(INDENT, Text(sentence, "caption", "text", wrap=True), gap=0))
        self._lines.addSpacing(4)
        self._lines.addLayout(_table(rows))

    def _add_actions(self, finding: FindingRow) -> None:
        self._lines.addSpacing(6)
        if finding.lines:
            rule = Rule()
            self._lines.addLayout(row(INDENT, rule, gap=0))
            self._lines.addSpacing(2)
        parts: list[QWidget | int | None] = [INDENT]
        for action in finding.actions:
            parts += [_ActionLabel(action, self._actions), 14]
        self._lines.addLayout(row(*parts, None, gap=0))
        if self._strip.options:
            self._lines.addSpacing(6)
            self._lines.addLayout(strip_lines(self._strip, INDENT))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click puts the finding in focus."""
        if self._row is not None and not self._row.focused:
            self._actions.focus_finding(self._row.tracking_uid)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The card in focus is raised, with a bar in its author's colour; under the others is a hairline."""
        if self._row is None:
            return
        painter = QPainter(self)
        if not self._row.focused:
            painter.fillRect(16, self.height() - 1, self.width() - 32, 1, theme.colour("line"))
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(8, 0, -8, 0), 6, 6)
        painter.setBrush(theme.colour("reader" if self._row.kind == "reader" else "model"))
        painter.drawRoundedRect(QRectF(8, 4, 3, self.height() - 8), 1.5, 1.5)
        painter.end()


def name_text(kind: str, name: str) -> Text:
    """The name of a finding in its author's colour; "M1 = R1" in both."""
    out = Text("", "strong", "reader" if kind == "reader" else "model")
    if " = " in name:
        colours = theme.tokens().colour
        out.setTextFormat(Qt.TextFormat.RichText)
        parts = [
            f'<span style="color:{colours["reader" if part.startswith("R") else "model"]}">{part}</span>'
            for part in name.split(" = ")
        ]
        name = f'<span style="color:{colours["text_2"]}; font-weight:400"> = </span>'.join(parts)
    out.setText(name)
    return out


def _title_line(finding: FindingRow) -> QHBoxLayout:
    dim = finding.state in (MarkState.REJECTED, MarkState.BELOW)
    sign = icons.Glyph(finding.kind, "text_3" if finding.state is MarkState.BELOW else "", 16)
    title = Elided(finding.title, "strong", "text_2" if dim else "text")
    right: list[QWidget | int | None] = []
    if finding.verdict:
        words = Text(finding.verdict, "body", "text_2" if dim else "text")
        right = [icons.Glyph(VERDICT_ICONS[finding.state], "text_2"), words]
    if finding.key_image:
        right.append(icons.Glyph("key", "text_2"))
    parts: list[QWidget | int | None] = [sign, 2, name_text(finding.kind, finding.name), 2, title]
    return row(*parts, *right, gap=6)


def _detail_line(finding: FindingRow) -> QHBoxLayout:
    detail = Elided(finding.detail, "caption", "text_2")
    right: list[QWidget | int | None] = []
    if finding.band is not None:
        band = Band()
        band.show_band(finding.band, finding.state is MarkState.REJECTED)
        percent = Text(finding.band_text, "body")
        percent.setMinimumWidth(64)
        percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        right = [band, percent]
    if finding.place:
        right.append(Text(finding.place, "caption", "text_2"))
    if finding.missed:
        right.append(Text(finding.missed, "caption", "text_3"))
    return row(INDENT, detail, *_spaced(right), gap=0)


def _spaced(parts: list[QWidget | int | None]) -> list[QWidget | int | None]:
    return [part for each in parts for part in (8, each)]


def _explanation(lines: tuple[tuple[str, str], ...]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(INDENT, 0, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    for n, (caption, text) in enumerate(lines):
        grid.addWidget(Text(caption, "caption", "text_2"), n, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(Text(text, "caption", "text", wrap=True), n, 1)
    return grid


def _table(rows: tuple[tuple[str, ...], ...]) -> QGridLayout:
    """Columns under a dim heading; all but the last hold numbers, which stand right."""
    grid = QGridLayout()
    grid.setContentsMargins(INDENT, 0, 0, 0)
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(2)
    last = len(rows[0]) - 1
    grid.setColumnStretch(last, 1)
    for n, cells in enumerate(rows):
        for k, text in enumerate(cells):
            words = Text(text, "caption", "text" if n else "text_2", wrap=k == last)
            side = Qt.AlignmentFlag.AlignLeft if k == last else Qt.AlignmentFlag.AlignRight
            words.setAlignment(side)
            grid.addWidget(words, n, k, Qt.AlignmentFlag.AlignTop)
    return grid


class _ActionLabel(QWidget):
    """A key cap with what it does; the active one is underlined."""

    def __init__(self, action: Action, actions: CardActions) -> None:
        super().__init__()
        self._action, self._actions = action, actions
        self.setFixedHeight(30)
        dim = bool(action.why_not)
        colour = "text_3" if dim else "text" if action.active else "text_2"
        words = Text(action.title, "strong" if action.active else "body", colour)
        inside = row(KeyCaps(action.key, dim), words, gap=7)
        inside.setContentsMargins(0, 2, 0, 6)
        self.setLayout(inside)
        self.setAccessibleName(action.title)
        self.setAccessibleDescription(action.key)
        self.setToolTip(action.why_not)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Do it."""
        self._actions.run(self._action.command)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Underline the active one."""
        if self._action.active:
            painter = QPainter(self)
            painter.fillRect(QRectF(0, self.height() - 2, self.width(), 2), theme.colour("accent"))
            painter.end()


class Editor(QWidget):
    """The fields of a finding, edited in place: Enter saves, Esc restores."""

    def __init__(self, fields: tuple[Field, ...], actions: CardActions) -> None:
        super().__init__()
        self._actions = actions
        self._values = {field.key: field.value for field in fields}
        lines = QVBoxLayout(self)
        lines.setContentsMargins(INDENT, 0, 0, 0)
        lines.setSpacing(4)
        self._inputs: list[QLineEdit] = []
        self.setProperty(OWN_KEYS, True)
        for field in fields:
            lines.addWidget(Text(field.title, "caption", "text_2"))
            lines.addWidget(self._control(field))
        lines.addLayout(
            row(KeyCaps("Enter"), Text("save", "caption", "text_2"), 8, KeyCaps("Esc"), _leave(), None)
        )
        if self._inputs:
            self._inputs[0].selectAll()

    def _control(self, field: Field) -> QWidget:
        if field.key == "texture":
            segments = Segments()
            segments.setAccessibleName(field.title)
            segments.show_choices(field.choices, field.value)

            def choose(value: str) -> None:
                self._values[field.key] = value
                segments.show_choices(field.choices, value)

            segments.chosen.connect(choose)
            segments.installEventFilter(self)
            return segments
        line = QLineEdit(field.value)
        line.setAccessibleName(field.title)
        line.setPlaceholderText(", ".join(field.choices))
        line.textChanged.connect(lambda text: self._values.update({field.key: text}))
        line.installEventFilter(self)
        self._inputs.append(line)
        return line

    def showEvent(self, event: object) -> None:
        """The keyboard goes to the first field."""
        if self._inputs:
            self._inputs[0].setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter saves, Esc restores."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._actions.save_edit(dict(self._values))
            return True
        if event.key() == Qt.Key.Key_Escape:
            self._actions.close_edit()
            return True
        return False


def _leave() -> Text:
    return Text("leave as it was", "caption", "text_2")
