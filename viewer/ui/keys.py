"""The keyboard: Qt's key events to the names of the command table, hold keys, and text fields left alone."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from viewer.app.commands import Command
from viewer.app.desk import Desk
from viewer.ui.parts.controls import OWN_KEYS

_NAMES = {
    Qt.Key.Key_Return: "Enter",
    Qt.Key.Key_Enter: "Enter",
    Qt.Key.Key_Backtab: "Tab",
    Qt.Key.Key_PageUp: "PgUp",
    Qt.Key.Key_PageDown: "PgDown",
}
_BARE = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}
_TEXT = (QLineEdit, QPlainTextEdit, QTextEdit)


def name_of(event: QKeyEvent) -> str:
    """What the command table calls this key: Ctrl, Alt, Shift in this order, then the key; "" for none.

    A sign that needs Shift on some keyboards (+, ?, a digit) is named by the sign, wherever it lies.
    """
    key = Qt.Key(event.key())
    if key in _BARE or key == Qt.Key.Key_unknown:
        return ""
    held = event.modifiers()
    shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
    sign = event.text()
    if len(sign) == 1 and sign.isprintable() and not sign.isalpha() and sign != " ":
        name, shift = sign, False
    else:
        name = _NAMES.get(key) or QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
    parts = [
        "Ctrl" if held & Qt.KeyboardModifier.ControlModifier else "",
        "Alt" if held & Qt.KeyboardModifier.AltModifier else "",
        "Shift" if shift else "",
        name,
    ]
    return "+".join(part for part in parts if part)


class Keyboard(QObject):
    """Watches the keys of one window; everything that is a command goes to the desk."""

    def __init__(self, window: QWidget, desk: Desk) -> None:
        super().__init__(window)
        self._window, self._desk = window, desk
        self._held: dict[int, Command] = {}
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(lambda _: self.let_go())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a key that is a command; leave all others to Qt."""
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate and watched is self._window:
            self.let_go()
        if not isinstance(event, QKeyEvent) or not self._is_ours(watched):
            return False
        if kind == QEvent.Type.KeyPress:
            return self._moved_on(event) or self._press(event)
        if kind == QEvent.Type.KeyRelease:
            return self._release(event)
        if kind == QEvent.Type.ShortcutOverride and not _keeps_its_keys(QApplication.focusWidget()):
            event.accept()
        return False

    def let_go(self) -> None:
        """Every held key counts as released: the window lost the keyboard."""
        held, self._held = self._held, {}
        for command in held.values():
            if command.release is not None:
                command.release(self._desk)

    def _is_ours(self, watched: QObject) -> bool:
        return isinstance(watched, QWidget) and watched.window() is self._window

    def _moved_on(self, event: QKeyEvent) -> bool:
        """Show what earlier keys did before this one acts; True where it went to what they gave the keyboard.

        Keys may come faster than the window shows: the letter after the one that opened an editor is text.
        """
        if self._desk.settled:
            return False
        before = QApplication.focusWidget()
        self._desk.show_now()
        now = QApplication.focusWidget()
        if now is None or now is before:
            return False
        QApplication.sendEvent(now, event.clone())
        return True

    def _press(self, event: QKeyEvent) -> bool:
        focus = QApplication.focusWidget()
        if _keeps_its_keys(focus):
            return False
        key = name_of(event)
        if isinstance(focus, QAbstractButton) and key in ("Space", "Enter"):
            return False
        command = self._desk.press(key, event.isAutoRepeat()) if key else None
        if command is not None and command.release is not None and not event.isAutoRepeat():
            self._held[event.key()] = command
        return command is not None

    def _release(self, event: QKeyEvent) -> bool:
        if event.isAutoRepeat():
            return event.key() in self._held
        command = self._held.pop(event.key(), None)
        if command is None or command.release is None:
            return False
        command.release(self._desk)
        return True


def _keeps_its_keys(widget: QWidget | None) -> bool:
    """True in a text field, and in whatever lies over the window."""
    if isinstance(widget, _TEXT):
        return True
    while widget is not None:
        if widget.property(OWN_KEYS):
            return True
        widget = widget.parentWidget()
    return False
