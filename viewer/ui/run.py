"""Starts the window: application, look, desk; the first image before everything that can wait."""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from viewer.app.desk import Desk
from viewer.app.home import home
from viewer.ui.collector import Collector

if TYPE_CHECKING:  # loaded while the scan is at work
    from viewer.ui.main_window import MainWindow

SWITCH_INTERVAL_S = 0.0005
"""How soon a busy thread gives way to the window; Python's own 5 ms drops frames."""
SIZE = (1920, 1080)


class Bridge(QObject):
    """Brings work of other threads into the window's thread."""

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._posted.connect(_call)

    def post(self, work: Callable[[], None]) -> None:
        """Run `work` in the window's thread, after what already waits there; nothing once that has ended."""
        with suppress(RuntimeError):  # "Signal source has been deleted": a timer outlived the window
            self._posted.emit(work)


def _call(work: Callable[[], None]) -> None:
    work()


def run(paths: list[Path], *, backend: str | None = None) -> int:
    """Open the window on `paths` (without: offer the last unfinished reading); returns the exit code."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    folder = home()
    bridge = Bridge()
    desk = Desk(folder, bridge.post)
    desk.open_paths(paths)  # headers are read on a thread of their own while the window is made
    os.environ.setdefault("QT_SCALE_FACTOR", f"{desk.settings.interface_size / 100:g}")
    application = QApplication.instance() or QApplication(["tandem"])
    assert isinstance(application, QApplication)
    application.setApplicationName("Tandem")
    collector = Collector()
    window = open_window(application, desk, backend or desk.settings.backend)
    code = application.exec()
    del window
    collector.stop()
    return code


def open_window(application: QApplication, desk: Desk, backend: str) -> "MainWindow":
    """The window of a desk, on screen."""
    from viewer.ui import theme
    from viewer.ui.main_window import MainWindow  # some 0.2 s, in which the scan is at work already

    theme.apply(application)
    window = MainWindow(desk, backend)
    screen = application.primaryScreen().availableGeometry()
    window.resize(min(SIZE[0], screen.width()), min(SIZE[1], screen.height()))
    if screen.width() <= SIZE[0] or screen.height() <= SIZE[1]:
        window.showMaximized()  # the frame would push the status line off the screen
    else:
        window.show()
    desk.subscribe(Warm(window).when_ready)
    return window


class Warm:
    """Loads what is needed soon, once the first image is on screen: icons, measuring, the report's press."""

    def __init__(self, window: "MainWindow") -> None:
        self._window, self._begun = window, False

    def when_ready(self) -> None:
        """Begin once there is an image, or there will be none."""
        ready = self._window.desk.first_image_shown or self._window.desk.page != "reading"
        if ready and not self._begun:
            self._begun = True
            threading.Thread(target=self._load, name="warm", daemon=True).start()

    def _load(self) -> None:
        """Imports hold no lock of the window's for long: other threads run between modules."""
        import qtawesome.iconic_font
        import scipy.ndimage

        from viewer.ui import print as press

        del qtawesome, scipy
        desk = self._window.desk
        desk.post(lambda: setattr(desk, "printer", press))
        desk.post(self._window.show_icons)
