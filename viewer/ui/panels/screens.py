"""The pages beside the images: the report, and the study list; each made of its three columns."""

from collections.abc import Callable

from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from viewer.app.desk import Desk
from viewer.app.display import DisplayState
from viewer.core.report.cards import Card
from viewer.core.report.figures import Figure
from viewer.ui import theme
from viewer.ui.panels.report_page import ReportView
from viewer.ui.panels.signing_panels import SectionPanel, SignPanel
from viewer.ui.panels.study_list import StudyDetails, StudyTable
from viewer.ui.parts.text import Text, column, row


class Screen(QWidget):
    """A page of three columns."""

    def __init__(self, *columns: QWidget) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        for number, part in enumerate(columns):
            line.addWidget(part, 1 if number == 1 else 0)

    def show_state(self, state: DisplayState) -> None:
        """Show this page of a state."""


class ReportScreen(Screen):
    """Sections, report, and what to know before signing."""

    def __init__(
        self,
        desk: Desk,
        picture: Callable[[Card], list[QPixmap]],
        figure: Callable[[Figure], QPixmap | None],
    ) -> None:
        self._sections = SectionPanel(self._choose)
        self._report = ReportView(desk, picture, figure)
        self._sign = SignPanel(desk)
        self._desk = desk
        self._section = ""
        self._titles: list[str] = []
        super().__init__(self._sections, self._report, self._sign)
        self.setFocusProxy(self._report)

    def show_state(self, state: DisplayState) -> None:
        """Show the report."""
        report = state.report
        if report is None:
            return
        self._titles = [title for title, _, _ in report.sections]
        self._sections.show_sections(report)
        self._report.show_report(report)
        self._sign.show_panel(state.panel)
        if report.section != self._section:
            self._section = report.section
            self._report.go_to(report.section)

    def _choose(self, title: str) -> None:
        if title in self._titles:
            self._desk.go_to_section(self._titles.index(title))


class StudiesScreen(Screen):
    """The study list."""

    def __init__(self, desk: Desk, picture: Callable[[str], QImage | None]) -> None:
        self._table, self._details = StudyTable(desk), StudyDetails(picture)
        self._count = Text("", "body", "text_2")
        self._order = Text("", "caption", "text_2", wrap=True)
        super().__init__(self._left(), self._table, self._details)

    def _left(self) -> QFrame:
        out = QFrame()
        out.setObjectName("panel_left")
        out.setFixedWidth(theme.px("series_panel"))
        lines = column((16, 12, 16, 12), 12)
        lines.addLayout(row(Text("Studies", "heading"), None, self._count))
        lines.addWidget(Text("Order", "heading"))
        lines.addWidget(self._order)
        lines.addStretch(1)
        out.setLayout(lines)
        return out

    def show_state(self, state: DisplayState) -> None:
        """Show the list."""
        if state.studies is not None:
            self._count.say(str(len(state.studies.rows)))
            self._order.say(state.studies.order)
            self._table.show_list(state.studies)
            self._details.show_list(state.studies)
