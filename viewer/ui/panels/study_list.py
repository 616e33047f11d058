"""The study list: what was found, how far each reading is, and what is in the chosen study."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from viewer.app.display_pages import StudyList, StudyRow
from viewer.ui import icons, theme
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Elided, Rule, Text, clear, column, row

COLUMNS = (
    ("Patient", 180),
    ("ID", 130),
    ("Study", 0),
    ("Date", 110),
    ("Images", 64),
    ("Second reader", 290),
    ("Reading", 120),
    ("Reader", 120),
)
"""(title, width); 0 takes what is left."""
_ICONS = {
    "waiting": ("clock", "text_2"),
    "ready": ("lock", "text"),
    "revealed": ("lock-open", "text"),
    "not_run": ("minus-circle", "warning"),
    "failed": ("x-circle", "danger"),
    "flagged": ("flag", "model"),
    "clear": ("check", "text"),
    "unread": ("circle", "text"),
    "draft": ("pencil", "text"),
    "differ": ("scales", "warning"),
    "signed": ("check", "text_2"),
    "": ("", "text_2"),
}


class StudyActions(Protocol):
    """What the list asks of the desk."""

    def run(self, command_id: str) -> None:
        """Do a command."""

    def list_study(self, key: str) -> None:
        """Choose a row."""


class StudyLine(QWidget):
    """One study."""

    def __init__(self, study: StudyRow, actions: StudyActions) -> None:
        super().__init__()
        self._study, self._actions = study, actions
        self.setFixedHeight(40)
        dim = study.reading_state[0] == "signed"
        strong, tone = ("body", "text_2") if dim else ("strong", "text")
        cells: list[QWidget] = [
            Elided(study.patient, strong, tone),
            Elided(study.patient_id, "body", "text_2"),
            Elided(study.study, "body", tone),
            Text(study.date, "body", "text_2"),
            Text(str(study.images), "body", "text_2"),
            _state(study.reader_state),
            _state(study.reading_state),
            Elided(study.reader, "body", "text_2"),
        ]
        self.setLayout(_columns(cells))
        said = (study.patient, study.study, study.date, study.reader_state[1], study.reading_state[1])
        self.setAccessibleName(", ".join(filter(None, said)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose it."""
        self._actions.list_study(self._study.key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open it."""
        self._actions.run("studies.open")

    def paintEvent(self, event: QPaintEvent) -> None:
        """The chosen row is raised, with a bar."""
        painter = QPainter(self)
        if self._study.selected:
            painter.fillRect(self.rect(), theme.colour("raised"))
            painter.fillRect(QRectF(0, 0, 3, self.height()), theme.colour("accent"))
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), theme.colour("line"))
        painter.end()


class StudyTable(QFrame):
    """The middle of the study list."""

    def __init__(self, actions: StudyActions) -> None:
        super().__init__()
        self.setObjectName("page")
        self._actions = actions
        self._shown: StudyList | None = None
        self._rows = column(gap=0)
        self._foot = Text("", "caption", "text_2")
        self._empty = EmptyCard()
        head = QWidget()
        head.setFixedHeight(32)
        head.setLayout(_columns([Text(title, "caption_strong", "text_2") for title, _ in COLUMNS]))
        scrolled, area = QWidget(), QScrollArea()
        scrolled.setObjectName("scrolled")
        inside = QVBoxLayout(scrolled)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(self._rows)
        inside.addWidget(self._empty)
        inside.addStretch(1)
        area.setWidget(scrolled)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = column()
        whole.addWidget(head)
        whole.addWidget(Rule())
        whole.addWidget(area, 1)
        foot = row(16, self._foot, None)
        foot.setContentsMargins(0, 8, 0, 12)
        whole.addLayout(foot)
        self.setLayout(whole)

    def show_list(self, studies: StudyList) -> None:
        """Show another state of the list."""
        if studies == self._shown:
            return
        clear(self._rows)
        for study in studies.rows:
            self._rows.addWidget(StudyLine(study, self._actions))
        self._empty.setVisible(not studies.rows)
        self._foot.say(studies.foot)
        self._shown = studies


class EmptyCard(QFrame):
    """What is said where no study is open."""

    def __init__(self) -> None:
        super().__init__()
        card = QFrame()
        card.setObjectName("card")
        words = column(gap=6)
        words.addWidget(Text("No study is open", "strong"))
        line = row(
            Text("Drop a folder, a ZIP or a DICOMDIR here, or press", "body", "text_2"),
            KeyCaps("Ctrl+O"),
            None,
        )
        words.addLayout(line)
        inside = row(20, icons.Glyph("folder-open", "text_2", 20), 8, gap=4)
        inside.setContentsMargins(0, 20, 20, 20)
        inside.addLayout(words, 1)
        card.setLayout(inside)
        card.setMaximumWidth(560)
        whole = row(16, card, None)
        whole.setContentsMargins(0, 24, 0, 0)
        self.setLayout(whole)


class StudyDetails(QFrame):
    """The right of the study list: what is in the chosen study."""

    def __init__(self, picture: Callable[[str], QImage | None]) -> None:
        super().__init__()
        self.setObjectName("panel_right")
        self.setFixedWidth(theme.px("findings_panel"))
        self._picture = picture
        self._shown: StudyList | None = None
        self._lines = column((16, 12, 16, 12), 0)
        self.setLayout(self._lines)

    def show_list(self, studies: StudyList) -> None:
        """Show another chosen study."""
        if self._shown is not None and _details(studies) == _details(self._shown):
            return
        self._shown = studies
        clear(self._lines)
        title, line = studies.title
        self._lines.addLayout(
            row(Elided(title, "title"), None, Text("Open", "body", "text_2"), KeyCaps("Enter"))
        )
        self._lines.addSpacing(4)
        self._lines.addWidget(Text(line, "caption", "text_2", wrap=True))
        kind, words = studies.flag
        if words:
            icon, colour = _ICONS[kind]
            self._lines.addSpacing(12)
            sign = row(gap=8)
            sign.addWidget(icons.Glyph(icon, colour), 0, Qt.AlignmentFlag.AlignTop)
            sign.addWidget(Text(words, "strong", "text", wrap=True), 1)
            self._lines.addLayout(sign)
        self._add_picture(studies.thumbnail)
        self._lines.addSpacing(16)
        if studies.series:
            self._lines.addWidget(Text("Series", "heading"))
            self._lines.addSpacing(8)
        for name, detail in studies.series:
            self._lines.addLayout(row(Elided(name), Text(detail, "caption", "text_2")))
            self._lines.addSpacing(6)
        for warning in studies.warnings:
            self._lines.addSpacing(8)
            sign = row(gap=8)
            sign.addWidget(icons.Glyph("warning", "warning"), 0, Qt.AlignmentFlag.AlignTop)
            sign.addWidget(Text(warning, "caption", wrap=True), 1)
            self._lines.addLayout(sign)
        self._lines.addStretch(1)

    def _add_picture(self, display_set: str) -> None:
        image = self._picture(display_set) if display_set else None
        if image is None or image.isNull():
            return
        self._lines.addSpacing(12)
        picture = QLabel()
        picture.setObjectName("picture")
        picture.setFixedHeight(208)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        wide = Qt.TransformationMode.SmoothTransformation
        size = picture.maximumSize().boundedTo(self.size())
        picture.setPixmap(
            QPixmap.fromImage(image).scaled(size.width() - 32, 208, Qt.AspectRatioMode.KeepAspectRatio, wide)
        )
        self._lines.addWidget(picture)


def _details(studies: StudyList) -> tuple[object, ...]:
    return studies.title, studies.series, studies.thumbnail, studies.warnings, studies.flag


def _state(state: tuple[str, str]) -> QWidget:
    kind, words = state
    icon, colour = _ICONS.get(kind, ("", "text_2"))
    out = QWidget()
    tone = (
        colour if colour in ("warning", "danger") else "text_2" if kind in ("waiting", "signed") else "text"
    )
    look = "strong" if kind == "flagged" else "body"
    line = row(icons.Glyph(icon, colour), gap=6)
    line.addWidget(Elided(words, look, tone), 1)
    out.setLayout(line)
    out.setToolTip(words)
    return out


def _columns(cells: list[QWidget]) -> QHBoxLayout:
    line = row(gap=12)
    line.setContentsMargins(48, 0, 16, 0)
    for cell, (_, width) in zip(cells, COLUMNS, strict=True):
        if width:
            cell.setFixedWidth(width)
        line.addWidget(cell, 0 if width else 1)
    return line
