"""The window: takes the display state, and gives each part what changed. It keeps no truth of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from viewer.app import windows
from viewer.app.desk import Desk
from viewer.app.display import DisplayState, Question, SeriesRow
from viewer.app.display_pages import Overlay
from viewer.app.resolve import resolve
from viewer.ui import icons
from viewer.ui.image_area import ImageArea
from viewer.ui.image_windows import ImageWindows
from viewer.ui.keys import Keyboard
from viewer.ui.menu import command_menu
from viewer.ui.monitor import MonitorWatch
from viewer.ui.overlay import Overlay as OverlayWidget
from viewer.ui.overlay import OverlayCard
from viewer.ui.panels.banners import BannerStrip
from viewer.ui.panels.case_bar import CaseBar
from viewer.ui.panels.findings_panel import FindingsPanel
from viewer.ui.panels.series_panel import SeriesPanel
from viewer.ui.panels.status_line import StatusLine
from viewer.ui.parts.controls import OWN_KEYS

if TYPE_CHECKING:  # loaded when they are first asked for
    from viewer.core.report.cards import Card
    from viewer.core.report.figures import Figure
    from viewer.ui.panels.screens import Screen
    from viewer.ui.pattern import PatternSheet

FOLD_BELOW = 1600
"""Window width below which the series panel folds."""


class MainWindow(QWidget):
    """The window of one desk."""

    def __init__(self, desk: Desk, backend: str = "") -> None:
        super().__init__()
        self.setObjectName("window")
        self.setMinimumSize(1024, 680)
        self.setAcceptDrops(True)
        self.desk = desk
        self.state: DisplayState | None = None
        self.case_bar = CaseBar(desk.go_to_step)
        self.banners = BannerStrip()
        self.images = ImageArea(desk, self._menu, backend)
        self.series = SeriesPanel(desk.show_series, lambda: desk.run("program.series"), self._thumbnail)
        self.findings = FindingsPanel(desk)
        self.status = StatusLine(desk.cancel_job)
        self.pages = QStackedWidget()
        self._screens: dict[str, Screen] = {}
        self.overlay = OverlayWidget(self)
        self._over: Overlay | Question | None = None
        self._pattern: PatternSheet | None = None
        self._monitor = MonitorWatch(self, desk)
        self.beside = ImageWindows(self, desk, self._menu, backend)
        self.keyboard = Keyboard(self, desk)
        self._lay_out()
        desk.subscribe(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        reading = QWidget()
        body = QHBoxLayout(reading)
        middle = QVBoxLayout()
        for layout in (body, middle):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        middle.addWidget(self.banners)
        middle.addWidget(self.images, 1)
        body.addWidget(self.series)
        body.addLayout(middle, 1)
        body.addWidget(self.findings)
        self.pages.addWidget(reading)
        self._reading = reading
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.case_bar)
        whole.addWidget(self.pages, 1)
        whole.addWidget(self.status)

    def showEvent(self, event: QShowEvent) -> None:
        """The window has its place: on which monitor counts for the grey levels."""
        super().showEvent(event)
        self._monitor.shown()
        self.beside.monitors_changed()

    # --- from state to screen

    def refresh(self) -> None:
        """Show what the desk holds now."""
        state = resolve(self.desk)
        before, self.state = self.state, state
        if state == before and not self._pixels_may_have_come():
            return
        if state.quitting:
            QTimer.singleShot(0, self, self.close)
        self.setWindowTitle(state.title)
        self.case_bar.show_case(state.patient, state.study, state.steps, state.chips)
        self.status.show_status(state.hints, state.status, state.status_severity, state.probe, state.saved)
        self.status.show_jobs(state.jobs)
        self._show_page(state)
        self._show_over(state)
        self._place_keyboard(state)
        if before is None or state.full_screen != before.full_screen:
            self._show_full_screen(state.full_screen)

    def _pixels_may_have_come(self) -> bool:
        return self.state is not None and self.state.page == "reading"

    def _show_page(self, state: DisplayState) -> None:
        if state.page == "reading":
            self.pages.setCurrentWidget(self._reading)
            self.banners.show_banners(state.banners)
            self.images.show_images(state)
            self.beside.show_images(state)
            if self.desk.first_image_shown or self.desk.study is None:
                self._show_panels(state)
            return
        self.beside.leave(state.page)
        if self.desk.study is None:
            self.images.let_go()
            self.beside.let_go()
        page = self._screen(state.page)
        self.pages.setCurrentWidget(page)
        page.show_state(state)

    def _show_panels(self, state: DisplayState) -> None:
        """The panels beside the images; not before the first image is on screen."""
        unfolded = state.series_open and self.width() >= FOLD_BELOW
        self.series.show_series(state.series, unfolded, state.priors, _sealed_words(state))
        self.findings.show_panel(state.panel)

    def _screen(self, name: str) -> "Screen":
        """The report and the study list are made when they are first asked for."""
        if name not in self._screens:
            from viewer.ui.panels.screens import (  # not on the way to the first image
                ReportScreen,
                StudiesScreen,
            )

            report = name == "report"
            made = (
                ReportScreen(self.desk, self._key_images, self._figure)
                if report
                else StudiesScreen(self.desk, self._picture)
            )
            self._screens[name] = made
            self.pages.addWidget(made)
        return self._screens[name]

    def _show_over(self, state: DisplayState) -> None:
        """What lies over the window: a question comes before anything else."""
        wanted = state.question or state.overlay
        if wanted == self._over or _same_typing(wanted, self._over):
            return
        self._over = wanted
        if wanted is not None and self.beside.windows:
            self.activateWindow()  # the keyboard may be on another monitor
        pattern = wanted.kind.removeprefix("pattern_") if _is_pattern(wanted) else ""
        if pattern or self._pattern is not None:
            self._show_pattern(pattern)
        if pattern:
            self.overlay.show_card(None)
            return
        if isinstance(wanted, Overlay) and wanted.kind == "folder":
            self.overlay.show_card(None)
            self._ask_for_folder()
            return
        self.overlay.show_card(None if wanted is None else make_card(wanted, self.desk))

    def _show_pattern(self, kind: str) -> None:
        """A test pattern over the whole window; made when it is first asked for."""
        if self._pattern is None:
            from viewer.ui.pattern import PatternSheet

            self._pattern = PatternSheet(self, self.desk.close_overlay)
        self._pattern.show_pattern(kind, self.desk.screen.calibration)

    def _place_keyboard(self, state: DisplayState) -> None:
        """The keyboard is where the state says, unless something that is typed into has it."""
        typing = any(row.editing for row in state.panel.rows) or (state.report and state.report.editing)
        if state.question is not None or state.overlay is not None or typing:
            return
        if state.page == "reading" and not state.panel.keyboard:
            self.images.take_keyboard(state)
            self.beside.take_keyboard(state)
            return
        wanted: QWidget = self.findings if state.page == "reading" else self._screens[state.page]
        focus = self.focusWidget()
        if focus is None or not (focus.isVisible() and wanted.isAncestorOf(focus)):
            wanted.setFocus()

    def _show_full_screen(self, on: bool) -> None:
        if on:
            self.showFullScreen()
        elif self.isFullScreen():
            self.showNormal()

    def show_icons(self) -> None:
        """Icons are loaded: draw them where they have their place."""
        icons.load()
        for part in self.findChildren(QWidget):
            part.update()

    # --- small pictures

    def _thumbnail(self, row: SeriesRow) -> QImage | None:
        return self._picture(row.display_set)

    def _picture(self, display_set: str) -> QImage | None:
        stack = self.desk.pixels.thumbnails.get(display_set)
        if stack is None or not stack.ready[0]:
            return None
        from viewer.ui.viewport.thumbnail import thumbnail  # after the first image

        shown = stack.display_set
        lung = windows.preset(shown.modality, "Lung") if shown.has_hu and shown.modality == "CT" else None
        return thumbnail(stack, 0, lung, self.devicePixelRatioF())

    def _key_images(self, card: "Card") -> list[QPixmap]:
        from viewer.app.report_material import pictures  # with the report
        from viewer.ui import print as press

        if self.desk.study is None:
            return []
        made = pictures(card, self.desk.study, self.desk.pixels.stacks, press)
        drawn = (_pixmap(data, press.RATIO) for data in made.values())
        return [pixmap for pixmap in drawn if pixmap is not None]

    def _figure(self, figure: "Figure") -> QPixmap | None:
        from viewer.app.report_pictures import figure_picture  # with the report
        from viewer.ui import print as press

        study, reading = self.desk.study, self.desk.reading
        if study is None or reading is None:
            return None
        stacks, heats = self.desk.pixels.stacks, self.desk.second.heat
        data = figure_picture(figure.key, study, reading, stacks, heats, press)
        return _pixmap(data, press.FIGURE_RATIO)

    # --- from the outside to the desk

    def _menu(self, at: QPoint) -> None:
        command_menu(self.desk, self).popup(at)

    def _ask_for_folder(self) -> None:
        """A folder, a ZIP or a file; Qt's own dialogue, which looks the same everywhere."""
        dialogue = QFileDialog(self, "Open a folder, a ZIP or a file", self.desk.settings.last_folder)
        dialogue.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialogue.setFileMode(QFileDialog.FileMode.Directory)
        dialogue.setOption(QFileDialog.Option.ShowDirsOnly, False)
        dialogue.setProperty(OWN_KEYS, True)
        dialogue.filesSelected.connect(lambda names: self.desk.open_paths([Path(name) for name in names]))
        dialogue.finished.connect(lambda _: self.desk.close_overlay())
        dialogue.open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.desk.open_paths(paths)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The series panel folds in a narrow window."""
        super().resizeEvent(event)
        if (event.oldSize().width() >= FOLD_BELOW) != (event.size().width() >= FOLD_BELOW):
            self.desk.changed()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window goes; the desk puts everything on disk."""
        self.keyboard.let_go()
        self.beside.close()
        self.desk.close()
        event.accept()


def _pixmap(data: bytes | None, ratio: float) -> QPixmap | None:
    """A PNG as the screen shows it; None for none."""
    if data is None:
        return None
    pixels = QPixmap()
    pixels.loadFromData(data)
    pixels.setDevicePixelRatio(ratio)
    return pixels


def make_card(wanted: Overlay | Question, desk: Desk) -> OverlayCard:
    """The card for what lies over the window."""
    from viewer.ui import dialogs, key_card, palette  # made when they are first asked for

    if isinstance(wanted, Question):
        return dialogs.QuestionCard(wanted, desk)
    if wanted.kind == "palette":
        return palette.Palette(wanted, desk)
    if wanted.kind == "keys":
        return key_card.KeyCard(wanted, desk)
    return dialogs.TextCard(wanted, desk)


def _is_pattern(wanted: Overlay | Question | None) -> TypeGuard[Overlay]:
    return isinstance(wanted, Overlay) and wanted.kind.startswith("pattern_")


def _same_typing(wanted: object, shown: object) -> bool:
    """The palette keeps what was typed while the desk changes behind it."""
    if not isinstance(wanted, Overlay) or not isinstance(shown, Overlay):
        return False
    return wanted.kind == shown.kind == "palette"


def _sealed_words(state: DisplayState) -> tuple[str, str]:
    """What stands in the second reader's place among the series."""
    kind, _, _ = state.panel.second_reader
    return {
        "waiting": ("clock", "Sealed until you commit"),
        "ready": ("lock", "Sealed until you commit"),
        "not_run": ("minus-circle", "Not run"),
        "failed": ("x-circle", "Failed"),
    }.get(kind, ("", ""))
