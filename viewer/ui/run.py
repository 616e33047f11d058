"""Starts the window: headers first, then Qt, then the first image, then everything that can wait.

Nothing here imports Qt before the scan is at work: PySide6 reads the source of every module that is imported
after it, which costs a tenth of a second on the way to the first image.
"""

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.desk import Desk
from viewer.app.home import home
from viewer.app.mailbox import Mailbox

if TYPE_CHECKING:  # see above
    from PySide6.QtWidgets import QApplication

    from viewer.ui.main_window import MainWindow

SWITCH_INTERVAL_S = 0.0005
"""How soon a busy thread gives way to the window; Python's own 5 ms drops frames."""
SIZE = (1920, 1080)


def run(paths: list[Path], *, backend: str | None = None) -> int:
    """Open the window on `paths` (without: offer the last unfinished reading); returns the exit code."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    mailbox = Mailbox()
    desk = Desk(home(), mailbox.post)
    desk.open_paths(paths)
    os.environ.setdefault("QT_SCALE_FACTOR", f"{desk.settings.interface_size / 100:g}")
    return _show(desk, mailbox, backend or desk.settings.backend)


def _show(desk: Desk, mailbox: Mailbox, backend: str) -> int:
    from PySide6.QtWidgets import QApplication

    from viewer.ui.bridge import Bridge
    from viewer.ui.collector import Collector

    application = QApplication.instance() or QApplication(["tandem"])
    assert isinstance(application, QApplication)
    application.setApplicationName("Tandem")
    bridge = Bridge(mailbox)
    collector = Collector()
    window = open_window(application, desk, backend)
    code = application.exec()
    bridge.close()
    del window
    collector.stop()
    return code


def open_window(application: "QApplication", desk: Desk, backend: str) -> "MainWindow":
    """The window of a desk, on screen."""
    from viewer.ui import theme
    from viewer.ui.main_window import MainWindow

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
        ready = self._window.desk.first_image_shown or self._window.desk.screen.page != "reading"
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
