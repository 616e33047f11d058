"""The bar on top: whose case it is, the steps of the reading, and the state of both readers."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QSizePolicy, QWidget

from viewer.app.display import Chip as ChipState
from viewer.app.display import StepState
from viewer.ui import icons, theme
from viewer.ui.parts.chip import Chip
from viewer.ui.parts.text import Elided, Rule, clear, column


class StepButton(QAbstractButton):
    """One hanging step; a locked one has a lock."""

    def __init__(self, step: StepState) -> None:
        super().__init__()
        self.setText(step.title)
        self._active, self._locked = step.active, step.locked
        self.setFixedHeight(32)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Step {step.title}" + (", locked until the commit" if step.locked else ""))

    def sizeHint(self) -> QSize:
        """Words, 12 px on each side, and the lock."""
        words = QFontMetrics(theme.font("body")).horizontalAdvance(self.text())
        return QSize(words + 24 + (20 if self._locked else 0), 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the words; the active step stands out and is underlined."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0, 4, 0, -4)
        if self._active or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised" if not self._active else "control"))
            painter.drawRoundedRect(box, 6, 6)
        if self._active:
            painter.setBrush(theme.colour("accent"))
            painter.drawRect(QRectF(12, box.bottom() - 2, self.width() - 24, 2))
        left = 12
        if self._locked:
            lock = icons.pixmap("lock", "text_3", 14, self.devicePixelRatioF())
            painter.drawPixmap(QPointF(left, (self.height() - 14) / 2), lock)
            left += 20
        painter.setFont(theme.font("strong" if self._active else "body"))
        painter.setPen(theme.colour("text" if self._active else "text_3" if self._locked else "text_2"))
        words = QRectF(left, 0, self.width() - left, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class CaseBar(QFrame):
    """The bar on top."""

    def __init__(self, go_to_step: Callable[[int], None]) -> None:
        super().__init__()
        self.setObjectName("case_bar")
        self.setFixedHeight(theme.px("case_bar"))
        self._go_to_step = go_to_step
        self._shown: tuple[object, ...] = ()
        self._patient = Elided("", "heading"), Elided("", "caption", "text_2")
        self._study = Elided("", "strong"), Elided("", "caption", "text_2")
        self._steps, self._chips = QHBoxLayout(), QHBoxLayout()
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(0)
        patient = _two_lines(*self._patient)
        patient.setFixedWidth(320)
        row.addWidget(patient)
        row.addSpacing(16)
        self._bars = _bar(), _bar()
        row.addWidget(self._bars[0])
        row.addSpacing(15)
        row.addWidget(_two_lines(*self._study), 1)
        self._steps.setSpacing(4)
        self._chips.setSpacing(8)
        row.addLayout(self._steps)
        row.addSpacing(12)
        row.addWidget(self._bars[1])
        row.addSpacing(15)
        row.addLayout(self._chips)

    def show_case(
        self,
        patient: tuple[str, str],
        study: tuple[str, str],
        steps: tuple[StepState, ...],
        chips: tuple[ChipState, ...],
    ) -> None:
        """Show whose case it is, its steps, and how far both readers are."""
        for labels, lines in ((self._patient, patient), (self._study, study)):
            for label, line in zip(labels, lines, strict=True):
                label.say(line)
        self._bars[0].setVisible(bool(study[0]))
        self._bars[1].setVisible(bool(steps and chips))
        if self._shown != (steps, chips):
            self._shown = (steps, chips)
            self._show_steps(steps)
            clear(self._chips)
            for chip in chips:
                self._chips.addWidget(Chip(chip.kind, chip.text))

    def _show_steps(self, steps: tuple[StepState, ...]) -> None:
        clear(self._steps)
        for number, step in enumerate(steps):
            button = StepButton(step)
            button.clicked.connect(lambda _=False, n=number: self._go_to_step(n))
            self._steps.addWidget(button)


def _two_lines(first: QWidget, second: QWidget) -> QWidget:
    out = QWidget()
    lines = column(gap=0)
    lines.setContentsMargins(0, 6, 0, 6)
    lines.addWidget(first)
    lines.addWidget(second)
    out.setLayout(lines)
    return out


def _bar() -> QWidget:
    out = Rule(vertical=True)
    out.setFixedHeight(24)
    return out
