"""The line at the foot: the keys that work now, what was just done, when it was saved, and the notice."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from viewer.app.display import JobLine, Severity
from viewer.ui import icons, theme
from viewer.ui.parts.bars import Bar
from viewer.ui.parts.caps import ARROWS
from viewer.ui.parts.text import Elided, Rule, Text, row

_GAP = 20


class Hints(QWidget):
    """Keys with what they do, as many as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self._hints: tuple[tuple[str, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_hints(self, hints: tuple[tuple[str, str], ...]) -> None:
        """Other keys: (key, what it does)."""
        if hints != self._hints:
            self._hints = hints
            self.setAccessibleName("; ".join(f"{key}: {title}" for key, title in hints))
            self.update()

    def minimumSizeHint(self) -> QSize:
        """Hints give way."""
        return QSize(40, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw whole hints only."""
        painter = QPainter(self)
        strong, plain = theme.font("caption_strong"), theme.font("caption")
        left = 0
        for key, title in self._hints:
            key = "+".join(ARROWS.get(part, part) for part in key.split("+")) if key not in "+" else key
            wide = QFontMetrics(strong).horizontalAdvance(key)
            words = QFontMetrics(plain).horizontalAdvance(title)
            if left + wide + 6 + words > self.width():
                break
            self._draw(painter, strong, "text", left, key, wide)
            self._draw(painter, plain, "text_2", left + wide + 6, title, words)
            left += wide + 6 + words + _GAP
        painter.end()

    def _draw(self, painter: QPainter, font: object, colour: str, left: int, text: str, width: int) -> None:
        painter.setFont(font)  # type: ignore[arg-type]
        painter.setPen(theme.colour(colour))
        painter.drawText(QRectF(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)


_ICONS = {Severity.INFO: "", Severity.WARNING: "warning", Severity.DANGER: "warning-octagon"}
_TONES = {Severity.INFO: "text", Severity.WARNING: "warning", Severity.DANGER: "danger"}


class JobLineView(QWidget):
    """What is at work: its name, how far it is, and the way to stop it."""

    def __init__(self, cancel: Callable[[str], None]) -> None:
        super().__init__()
        self._job = ""
        self._title, self._note = Text("", "caption"), Text("", "caption", "text_2")
        self._bar, self._stop = Bar(120, "accent"), QPushButton("Cancel")
        self._stop.setObjectName("link")
        self._stop.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._stop.clicked.connect(lambda: cancel(self._job))
        self.setLayout(row(self._title, self._note, self._bar, self._stop, 12, gap=8))
        self.hide()

    def show_jobs(self, jobs: tuple[JobLine, ...]) -> None:
        """Show the oldest job; nothing where there is none."""
        self.setVisible(bool(jobs))
        if not jobs:
            return
        first = jobs[0]
        self._job = first.id
        self._title.say(first.title)
        more = f", {len(jobs) - 1} more" if len(jobs) > 1 else ""
        self._note.say(f"{first.note}{more}")
        self._bar.show_share(max(0.0, first.done))
        self.setAccessibleName(f"{first.title} {first.note}")


class StatusLine(QFrame):
    """The line at the foot."""

    def __init__(self, cancel_job: Callable[[str], None]) -> None:
        super().__init__()
        self.setObjectName("status_line")
        self.setFixedHeight(theme.px("status_line"))
        self._hints = Hints()
        self._icon, self._status = icons.Glyph("", "text", 14), Elided("", "caption")
        self._status.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._probe = Text("", "caption", "text_2")
        self._tick, self._saved = icons.Glyph("check", "text_2", 14), Text("", "caption", "text_2")
        self._job = JobLineView(cancel_job)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 0, 16, 0)
        line.setSpacing(6)
        line.addWidget(self._hints, 1)
        for part in (self._job, self._icon, self._status, self._probe, self._tick, self._saved):
            line.addWidget(part)
        line.addSpacing(6)
        bar = Rule(vertical=True)
        bar.setFixedHeight(14)
        line.addWidget(bar)
        line.addSpacing(6)
        line.addWidget(Text(theme.RESEARCH_NOTICE, "caption"))

    def show_jobs(self, jobs: tuple[JobLine, ...]) -> None:
        """Show the progress of the oldest job, and how many more there are."""
        self._job.show_jobs(jobs)

    def show_status(
        self, hints: tuple[tuple[str, str], ...], status: str, severity: Severity, probe: str, saved: str
    ) -> None:
        """Show the keys, the last sentence, the value under the pointer and when it was saved."""
        self._hints.show_hints(hints)
        self._status.say(status, _TONES[severity])
        self._status.setAccessibleName(status)
        self._icon.show_glyph(_ICONS[severity], _TONES[severity])
        self._icon.setVisible(bool(_ICONS[severity] and status))
        self._probe.say(f"Probe {probe}" if probe else "")
        self._probe.setVisible(bool(probe))
        self._saved.say(saved)
        self._tick.setVisible(bool(saved))
