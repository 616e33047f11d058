"""A question with the keys of its answers, drawn where it is asked; and what was said of the examination."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from viewer.app.display import Panel, Strip
from viewer.ui import icons
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Elided, Rule, Text, add_all, clear, column, row

_LONG = 18
"""Letters of an answer that still fit into half of the panel."""


def strip_lines(strip: Strip, indent: int) -> QVBoxLayout:
    """Title, answers with their keys, the chosen ones strong, and how to go on."""
    lines = column((indent, 0, 0, 0), 4)
    if strip.title:
        lines.addWidget(Elided(strip.title, "strong"))
    lines.addLayout(_answers(strip))
    for words in strip.notes:
        lines.addWidget(Elided(words, "caption", "text_3"))
    return lines


def _answers(strip: Strip) -> QGridLayout:
    """In two columns where each answer is short."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(2)
    columns = 1 if any(len(words) > _LONG for _, words in strip.options) and strip.title else 2
    per_column = -(-len(strip.options) // columns)
    for n, (key, words) in enumerate(strip.options):
        line, side = n % per_column, 2 * (n // per_column)
        chosen = key in strip.chosen
        look = "caption_strong" if chosen else "caption"
        grid.addWidget(KeyCaps(key), line, side, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(Elided(f"{words} ✓" if chosen else words, look), line, side + 1)
        grid.setColumnStretch(side + 1, 1)
    return grid


class AssessmentBox(QWidget):
    """Density, category of each breast and recall, with the key that asks for them."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[object, ...] = ()
        self._lines = column((16, 8, 16, 8), 4)
        self.setLayout(self._lines)

    def show_assessment(self, panel: Panel) -> None:
        """Show what was said; nothing for what is no mammography."""
        self.setVisible(bool(panel.exam))
        if (panel.exam, panel.exam_strip, panel.density) == self._shown:
            return
        self._shown = (panel.exam, panel.exam_strip, panel.density)
        clear(self._lines)
        add_all(self._lines, Rule(), 6)
        self._lines.addLayout(row(Text("Assessment", "heading"), None, KeyCaps("Shift+E")))
        for n, (what, said, given) in enumerate(panel.exam):
            words = Text(said, "body", "text" if given else "text_3")
            self._lines.addLayout(row(Text(what, "caption", "text_2"), None, words, gap=8))
            if panel.density and n == 0:
                self._add_suggestion(panel.density)
        if panel.exam_strip.options:
            self._lines.addSpacing(6)
            self._lines.addLayout(strip_lines(panel.exam_strip, 0))

    def _add_suggestion(self, words: str) -> None:
        """What the second reader suggests, below what the reader says."""
        sign = icons.Glyph("model", "", 16)
        self._lines.addLayout(row(sign, Text(words, "caption", "text_2", wrap=True), gap=6))
