"""Beside the report: its sections on the left; on the right the checks before signing and what is written."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from viewer.app.display import Panel
from viewer.app.display_pages import ReportPage
from viewer.ui import icons, theme
from viewer.ui.panels.verdict_boxes import ActionRow, RunsCommands
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Rule, Text, clear, column, row

_MARKS = {
    "check": ("check", "text_2"),
    "warning": ("warning", "warning"),
    "danger": ("warning-octagon", "danger"),
    "info": ("info", "text_2"),
    "folder": ("folder-open", "text_2"),
    "": ("", "text_2"),
}


class SectionRow(QWidget):
    """A section of the report in the left column."""

    def __init__(
        self, title: str, count: str, warning: bool, active: bool, choose: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._title, self._active, self._choose = title, active, choose
        self.setFixedHeight(36)
        words = Text(title, "strong" if active else "body", "text" if active else "text_2")
        line = row(12, words, None, Text(count, "body", "warning" if warning else "text_2"), 8, gap=0)
        self.setLayout(line)
        self.setAccessibleName(f"{title} {count}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self._choose(self._title)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The section in view is raised, with a bar."""
        if not self._active:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0, 2, 0, -2), 6, 6)
        painter.fillRect(QRectF(0, 10, 3, 16), theme.colour("accent"))
        painter.end()


class SectionPanel(QFrame):
    """The sections of the report."""

    def __init__(self, choose: Callable[[str], None]) -> None:
        super().__init__()
        self.setObjectName("panel_left")
        self.setFixedWidth(theme.px("series_panel"))
        self._choose = choose
        self._shown: object = None
        self._rows = column(gap=0)
        lines = column((8, 12, 8, 12), 8)
        lines.addLayout(row(8, Text("Report", "heading"), None, KeyCaps("F6"), 8, gap=0))
        lines.addLayout(self._rows)
        lines.addLayout(row(8, KeyCaps("Tab"), 6, Text("next section", "caption", "text_2"), None, gap=0))
        lines.addStretch(1)
        self.setLayout(lines)

    def show_sections(self, report: ReportPage) -> None:
        """Show the sections and which one is in view."""
        if (report.sections, report.section) == self._shown:
            return
        self._shown = (report.sections, report.section)
        clear(self._rows)
        for title, count, warning in report.sections:
            self._rows.addWidget(SectionRow(title, count, warning, title == report.section, self._choose))


class SignPanel(QFrame):
    """Checks before the signature, what is written, and the buttons."""

    def __init__(self, actions: RunsCommands) -> None:
        super().__init__()
        self.setObjectName("panel_right")
        self.setFixedWidth(theme.px("findings_wide"))
        self._shown: Panel | None = None
        self._sections = column((16, 12, 16, 8), 0)
        self._icon, self._head = icons.Glyph("warning", "warning"), Text("", "heading")
        self._text = Text("", "caption", "text_2", wrap=True)
        self._foot = ActionRow(actions)
        scrolled, area = QWidget(), QScrollArea()
        scrolled.setObjectName("scrolled")
        inside = QVBoxLayout(scrolled)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(self._sections)
        inside.addStretch(1)
        area.setWidget(scrolled)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        words = column(gap=2)
        words.addWidget(self._head)
        words.addWidget(self._text)
        notice = row(gap=8)
        notice.setContentsMargins(16, 16, 16, 16)
        notice.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        notice.addLayout(words, 1)
        whole = column()
        whole.addWidget(area, 1)
        whole.addWidget(Rule())
        whole.addLayout(notice)
        whole.addWidget(self._foot)
        self.setLayout(whole)

    def show_panel(self, panel: Panel) -> None:
        """Show another state."""
        if panel == self._shown:
            return
        if self._shown is None or panel.sections != self._shown.sections:
            clear(self._sections)
            for number, (title, rows) in enumerate(panel.sections):
                if number:
                    self._sections.addWidget(Rule())
                self._add_section(title, rows)
        head, _, text = panel.warning.partition("\n")
        self._head.say(head)
        self._text.say(text)
        self._icon.setVisible(bool(head))
        self._foot.show_actions(panel.actions)
        self._shown = panel

    def _add_section(self, title: str, rows: tuple[tuple[str, str, str, str], ...]) -> None:
        self._sections.addSpacing(4)
        self._sections.addWidget(Text(title, "heading"))
        self._sections.addSpacing(12)
        for mark, what, text, right in rows:
            icon, colour = _MARKS[mark]
            words = column(gap=2)
            weight = "strong" if mark in ("warning", "danger") else "body"
            words.addLayout(row(Text(what, weight), None, Text(right, "caption", "text_2"), gap=8))
            if text:
                words.addWidget(Text(text, "caption", "text_2", wrap=True))
            line = row(gap=12)
            if icon:
                line.addWidget(icons.Glyph(icon, colour), 0, Qt.AlignmentFlag.AlignTop)
            line.addLayout(words, 1)
            self._sections.addLayout(line)
            self._sections.addSpacing(12)
