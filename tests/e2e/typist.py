"""Runs the real window and presses the keys that it is told on standard input, one name a line.

After each key it says on standard output what the screen shows: `<own marks> <kind of question or ->`.
Lets a test kill the program at any moment and know what the reader had seen by then.
"""

import sys
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from viewer.ui import run
from viewer.ui.main_window import MainWindow


class Typist(QObject):
    """Presses keys in the window's thread."""

    told = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.told.connect(self.press, Qt.ConnectionType.QueuedConnection)

    def listen(self) -> None:
        """Take key names until standard input ends."""
        for line in sys.stdin:
            self.told.emit(line.strip())

    def press(self, name: str) -> None:
        """One key into the window; then say what it shows."""
        window = next((w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)), None)
        if window is None:
            print(-1, "-", flush=True)
            return
        if name != "look":
            combination = QKeySequence(name)[0]
            target = QApplication.focusWidget() or window  # as a keyboard does
            QTest.keyClick(target, combination.key(), combination.keyboardModifiers())
            QApplication.processEvents()
        state = window.state
        shown = sum(row.kind == "reader" for row in state.panel.rows) if state else -1
        asked = state.question.kind if state and state.question else "-"
        print(shown, asked, flush=True)


def main() -> int:
    """Open the study of the command line with a typist at the keys."""
    application = QApplication(["tandem"])
    typist = Typist()
    threading.Thread(target=typist.listen, daemon=True).start()
    code = run.run([Path(sys.argv[1])], backend="cpu")
    del application
    return code


if __name__ == "__main__":
    sys.exit(main())
