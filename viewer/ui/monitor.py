"""Which monitor a window stands on, told to the desk whenever it changes."""

import weakref

from PySide6.QtGui import QScreen, QWindow
from PySide6.QtWidgets import QWidget

from viewer.app import monitors
from viewer.app.desk_state import DeskState


def names_of(screen: QScreen) -> tuple[str, ...]:
    """What a monitor is called: its model, then its socket; "screen" where the system tells neither."""
    return tuple(dict.fromkeys(filter(None, (screen.model(), screen.name())))) or ("screen",)


def identity(screen: QScreen) -> str:
    """What tells a monitor from others: name, serial number and size in device pixels."""
    size, ratio = screen.size(), screen.devicePixelRatio()
    pixels = f"{round(size.width() * ratio)}x{round(size.height() * ratio)}"
    return " ".join(filter(None, (*names_of(screen), screen.serialNumber(), pixels)))


class MonitorWatch:
    """Follows one window; `screen` is its number among those with images."""

    def __init__(self, window: QWidget, desk: DeskState, screen: int = 0) -> None:
        self._window: QWidget = weakref.proxy(window)  # no cycle: see `viewport.mouse.Mouse`
        self._desk, self._screen = desk, screen
        self._watched: QWindow | None = None

    def shown(self) -> None:
        """The window has come on screen; its native window may be a new one."""
        handle = self._window.windowHandle()
        if handle is not None and handle is not self._watched:
            self._watched = handle
            handle.screenChanged.connect(self._tell)
        self._tell()

    def _tell(self) -> None:
        screen = self._window.screen()
        monitors.moved_to(self._desk, names_of(screen), screen.serialNumber(), self._screen)
