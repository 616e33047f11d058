"""Python's cyclic garbage collector, kept to the window's thread.

Left to itself it runs in whatever thread allocates, and may destroy a widget of a cycle there:
one short run in eight died so, inside a paint event (measured with loader threads at work).
"""

import gc

from PySide6.QtCore import QObject, QTimer

OFTEN_MS = 1000
YOUNG, ALL = 1, 2
FULL_EVERY = 30
"""A full collection comes so rarely; what the start has made is frozen out of it."""


class Collector(QObject):
    """Collects on a timer of the thread that made it; `stop` gives the work back to Python."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turn = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._collect)
        gc.disable()
        gc.freeze()
        self._timer.start(OFTEN_MS)

    def _collect(self) -> None:
        self._turn += 1
        gc.collect(YOUNG if self._turn % FULL_EVERY else ALL)

    def stop(self) -> None:
        """The window is gone."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
