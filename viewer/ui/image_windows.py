"""The images on the other monitors: one bare window each, beside the window with the panels."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QScreen, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from viewer.app import screens
from viewer.app.desk import Desk
from viewer.app.display import DisplayState
from viewer.ui.image_area import ImageArea, Menu
from viewer.ui.keys import Keyboard
from viewer.ui.monitor import MonitorWatch, identity

Screens = Callable[[], Sequence[QScreen]]


class ImageWindow(QWidget):
    """Viewports on a monitor of their own; `number` counts from 1."""

    def __init__(self, desk: Desk, menu: Menu, backend: str, number: int, on: QScreen) -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint)
        self.setObjectName("window")
        self.setWindowTitle("Tandem: images")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.on = on
        self.images = ImageArea(desk, menu, backend, number)
        self.keyboard = Keyboard(self, desk)
        self._monitor = MonitorWatch(self, desk, number)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.images)
        self.setScreen(on)
        self.setGeometry(on.geometry())

    def showEvent(self, event: QShowEvent) -> None:
        """The window has its place: on which monitor counts for the grey levels."""
        super().showEvent(event)
        self._monitor.shown()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Held keys are let go."""
        self.keyboard.let_go()
        event.accept()


class ImageWindows(QObject):
    """Makes and takes away the windows as monitors come and go, and as the desk says.

    there  the monitors, by default those that Qt knows
    """

    def __init__(
        self, main: QWidget, desk: Desk, menu: Menu, backend: str, there: Screens = QGuiApplication.screens
    ) -> None:
        super().__init__(main)
        self._main, self._desk, self._menu, self._backend, self.there = main, desk, menu, backend, there
        self.windows: list[ImageWindow] = []
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenAdded.connect(self.monitors_changed)
        application.screenRemoved.connect(self.monitors_changed)

    def monitors_changed(self) -> None:
        """Monitors came or went: those that are there now are used as they were the last time."""
        before = screens.present(self._desk, tuple(map(identity, self.there())))
        wanted = next((one for one in self.there() if identity(one) == before), None)
        if wanted is not None and wanted is not self._main.screen():
            way = wanted.geometry().topLeft() - self._main.screen().geometry().topLeft()
            self._main.setGeometry(self._main.geometry().translated(way))

    def show_images(self, state: DisplayState) -> None:
        """The windows that the desk asks for, each with its viewports."""
        own = self._main.screen()
        others = [one for one in self.there() if one is not own] if state.spread else []
        if [window.on for window in self.windows] != others:
            self._renew(others)
        screens.remember(self._desk, identity(own))
        for window in self.windows:
            window.images.setVisible(True)
            window.images.show_images(state)

    def _renew(self, others: list[QScreen]) -> None:
        self.close()
        screens.gone(self._desk, 1)
        self.windows = [
            ImageWindow(self._desk, self._menu, self._backend, number, on)
            for number, on in enumerate(others, 1)
        ]
        for window in self.windows:
            window.show()

    def leave(self, page: str) -> None:
        """The window shows no images now; with the report they stay, with the list of studies they go."""
        for window in self.windows:
            window.images.setVisible(page == "report")

    def let_go(self) -> None:
        """The study is off the desk: its pixels need not stay."""
        for window in self.windows:
            window.images.let_go()

    def take_keyboard(self, state: DisplayState) -> None:
        """The keyboard goes to the viewport that is in focus."""
        for window in self.windows:
            window.images.take_keyboard(state)

    def close(self) -> None:
        """All go."""
        for window in self.windows:
            window.close()
            window.deleteLater()
        self.windows = []
