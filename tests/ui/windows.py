"""The real window on a small chest, with a hand at its keys."""

import time
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRect
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from viewer.app.desk import Desk
from viewer.ui import theme
from viewer.ui.bridge import bridged
from viewer.ui.main_window import MainWindow

ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
"""Where tests leave pictures to be looked at; nothing of it is committed."""


class Hand:
    """Presses keys in the window, waits for what they do, and looks at what is painted."""

    def __init__(self, home, size=(1920, 1080), backend="cpu"):
        application = QApplication.instance()
        if not application.styleSheet():
            theme.apply(application)
        post, self.bridge = bridged()
        self.desk = Desk(home, post)
        self.window = MainWindow(self.desk, backend)
        self.window.resize(*size)
        self.window.show()
        self.window.activateWindow()

    def open(self, *folders):
        """Open studies; every image is there, and the second reader has done its work."""
        self.desk.open_paths(list(folders))
        self.until(lambda: self.desk.first_image_shown)
        self.until(lambda: all(stack.complete for stack in self.desk.pixels.stacks.values()))
        self.until(lambda: self.desk.second.kind != "waiting")
        return self

    def until(self, true, seconds=30.0):
        """Let the window work until something is true."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "waited in vain"
            QApplication.processEvents()
            time.sleep(0.002)

    def rest(self, seconds=0.03):
        """Let the window work for a while, and until it shows what the desk holds."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end and self.desk.settled)

    def press(self, *names):
        """Press keys where the keyboard is."""
        for name in names:
            combination = QKeySequence(name)[0]
            QTest.keyClick(self.keyboard, combination.key(), combination.keyboardModifiers())
            self.rest()

    def press_at_once(self, *names):
        """Press keys, or letters of a text, so fast that nothing is shown between them."""
        for name in names:
            combination = QKeySequence(name)[0]
            key, held = combination.key(), combination.keyboardModifiers()
            text = name if len(name) == 1 else ""
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                QApplication.postEvent(self.window.windowHandle(), QKeyEvent(kind, key, held, text))
        self.rest()

    def type(self, text):
        QTest.keyClicks(self.keyboard, text)
        self.rest()

    def hold(self, name):
        QTest.keyPress(self.keyboard, QKeySequence(name)[0].key())
        self.rest()

    def let_go(self, name):
        QTest.keyRelease(self.keyboard, QKeySequence(name)[0].key())
        self.rest()

    @property
    def keyboard(self):
        return QApplication.focusWidget() or self.window

    @property
    def state(self):
        self.rest(0.0)
        return self.window.state

    def viewport(self, name="1"):
        return self.window.images.viewports[name]

    def pixels(self, name="1"):
        self.rest()
        self.until(lambda: self.viewport(name).at_rest)
        self.rest()
        return self.viewport(name).grab_rgb()

    def shows(self, part):
        """A part of the window is on screen, whole."""
        box = QRect(part.mapTo(self.window, QPoint(0, 0)), part.size())
        return part.isVisible() and self.window.rect().contains(box)

    def words(self):
        """Every word that the window shows or says outside the images."""
        parts = [part for part in self.window.findChildren(QWidget) if part.isVisible()]
        shown = [part.text() for part in parts if isinstance(part, QLabel)]
        said = [part.accessibleName() + part.accessibleDescription() + part.toolTip() for part in parts]
        return " ".join(shown + said)

    def keep(self, name):
        """The window as it is now, for the eye: artefacts/NAME.png."""
        self.window.show_icons()
        self.rest()
        ARTEFACTS.mkdir(exist_ok=True)
        assert self.window.grab().save(str(ARTEFACTS / f"{name}.png"))

    def close(self):
        self.window.close()
        self.bridge.close()
        self.window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
