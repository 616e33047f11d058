import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from viewer.ui.keys import name_of
from viewer.ui.parts.caps import caps_of

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
KEYPAD = Qt.KeyboardModifier.KeypadModifier


@pytest.mark.parametrize(
    ("key", "held", "text", "name"),
    [
        (Qt.Key.Key_M, NONE, "m", "M"),
        (Qt.Key.Key_N, SHIFT, "N", "Shift+N"),
        (Qt.Key.Key_Return, NONE, "\r", "Enter"),
        (Qt.Key.Key_Enter, KEYPAD, "\r", "Enter"),
        (Qt.Key.Key_Return, CTRL | SHIFT, "\r", "Ctrl+Shift+Enter"),
        (Qt.Key.Key_Plus, SHIFT, "+", "+"),
        (Qt.Key.Key_Question, SHIFT, "?", "?"),
        (Qt.Key.Key_1, NONE, "1", "1"),
        (Qt.Key.Key_1, SHIFT, "1", "1"),  # a French keyboard
        (Qt.Key.Key_1, ALT, "1", "Alt+1"),
        (Qt.Key.Key_Exclam, SHIFT, "!", "!"),
        (Qt.Key.Key_Space, SHIFT, " ", "Shift+Space"),
        (Qt.Key.Key_Backtab, SHIFT, "", "Shift+Tab"),
        (Qt.Key.Key_PageDown, CTRL, "", "Ctrl+PgDown"),
        (Qt.Key.Key_Left, ALT | SHIFT, "", "Alt+Shift+Left"),
        (Qt.Key.Key_Z, CTRL | SHIFT, "\x1a", "Ctrl+Shift+Z"),
        (Qt.Key.Key_Delete, NONE, "\x7f", "Del"),
        (Qt.Key.Key_Escape, NONE, "\x1b", "Esc"),
        (Qt.Key.Key_F11, NONE, "", "F11"),
        (Qt.Key.Key_Shift, SHIFT, "", ""),
    ],
)
def test_a_key_has_the_name_that_the_command_table_gives_it(key, held, text, name):
    assert name_of(QKeyEvent(QEvent.Type.KeyPress, key, held, text)) == name


@pytest.mark.parametrize(
    ("keys", "caps"),
    [
        ("Ctrl+Shift+Enter", ("Ctrl", "Shift", "Enter")),
        ("+", ("+",)),
        ("Ctrl++", ("Ctrl", "+")),
        ("Up", ("↑",)),
        ("", ()),
    ],
)
def test_keys_are_written_on_caps(keys, caps):
    assert caps_of(keys) == caps
