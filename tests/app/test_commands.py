import re
from itertools import combinations

import pytest

from viewer.app import keymap
from viewer.app.commands import COMMANDS, Context, find, perform
from viewer.app.commands.page import PAGE, keys_page

_MODIFIERS = ("Ctrl", "Alt", "Shift")
BINDING = {
    "Up": "image.previous",
    "Down": "image.next",
    "Shift+Down": "image.on_5",
    "PgDown": "image.on_10",
    "Home": "image.first",
    "End": "image.last",
    "Left": "series.previous",
    "Right": "series.next",
    "Ctrl+PgDown": "case.next",
    "Tab": "viewport.next",
    "Space": "step.next",
    "Shift+Space": "step.previous",
    "Ctrl+2": "step.2",
    "Alt+1": "layout.1x1",
    "Alt+6": "layout.three",
    "Alt+Left": "pan.left",
    "+": "zoom.in",
    "=": "zoom.in",
    "-": "zoom.out",
    "F": "zoom.fit",
    "1": "window.1",
    "0": "window.stored",
    "V": "window.invert",
    "W": "tool.window",
    "Z": "tool.zoom",
    "S": "tool.scroll",
    "T": "tool.pan",
    "D": "tool.distance",
    "R": "tool.bidirectional",
    "P": "tool.probe",
    "J": "view.point",
    "L": "view.link",
    "I": "view.text",
    "N": "finding.next",
    "Shift+N": "finding.previous",
    "Enter": "finding.accept",
    "Ctrl+Enter": "finding.accept_next",
    "X": "finding.reject",
    "U": "finding.undecided",
    "E": "finding.edit",
    "M": "finding.mark",
    "G": "marks.toggle",
    "Shift+G": "marks.below",
    "H": "heat.hold",
    "Shift+H": "heat.pin",
    "Ctrl+H": "heat.method",
    "Ctrl+Shift+H": "heat.target",
    "Del": "finding.delete",
    "Backspace": "viewport.reset",
    "Ctrl+Z": "edit.undo",
    "Ctrl+Y": "edit.redo",
    "Ctrl+Shift+Z": "edit.redo",
    "Ctrl+K": "program.palette",
    "F1": "program.help",
    "?": "program.keys",
    "F2": "studies.list",
    "F4": "findings.focus",
    "F6": "report.open",
    "F11": "program.full_screen",
    "Ctrl+S": "report.save",
    "Shift+Enter": "reading.commit",
    "Ctrl+Shift+Enter": "report.sign",
    "Ctrl+O": "studies.add",
    "Ctrl+W": "studies.close",
    "Ctrl+Q": "program.quit",
    "Esc": "program.back",
}
"""The default map, as it holds while the images have the keyboard."""


def test_ids_are_unique_and_lasting():
    ids = [command.id for command in COMMANDS]
    assert sorted(set(ids)) == sorted(ids)
    assert all(re.fullmatch(r"[a-z]+\.[a-z0-9_]+", name) for name in ids)


def test_a_key_means_one_thing_in_each_place():
    clashes = [
        (one.id, other.id)
        for one, other in combinations(COMMANDS, 2)
        if set(one.keys) & set(other.keys) and one.when & other.when
    ]
    assert clashes == []


def test_keys_are_written_in_one_way():
    for key in (key for command in COMMANDS for key in command.keys):
        held = [part for part in key.split("+")[:-1] if part]
        assert held == [name for name in _MODIFIERS if name in held], key


def test_no_key_that_a_system_or_a_keyboard_layout_takes():
    keys = {key for command in COMMANDS for key in command.keys}
    assert not keys & {"Alt+Space", "Alt+Tab", "Ctrl+Space", "F10"}
    assert not any(re.fullmatch(r"(Ctrl\+)?Alt\+[A-Z]", key) for key in keys)


@pytest.mark.parametrize(("key", "command"), BINDING.items())
def test_the_default_map_holds(key, command):
    assert key in find(command).keys
    assert Context.IMAGES in find(command).when


def test_digits_are_reasons_only_while_the_strip_is_open():
    for digit in "123456789":
        reject = [c for c in COMMANDS if digit in c.keys and c.when == {Context.STRIP}]
        window = [c for c in COMMANDS if digit in c.keys and Context.IMAGES in c.when]
        assert len(reject) == len(window) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_has_words_and_says_why_it_cannot_be_done(command, hand):
    """On an empty desk each one does something harmless, or says a sentence; none breaks."""
    assert command.title
    assert command.group
    assert command.run is not None
    done = perform(hand.desk, command)
    assert done or hand.desk.screen.status.startswith(command.title)


def test_the_page_of_keys_is_current():
    assert PAGE.read_text(encoding="utf-8") == keys_page(), "run python -m viewer.app.commands.page"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_is_on_the_page_of_keys(command):
    assert f"| {command.title} | {' or '.join(command.keys)} |" in PAGE.read_text(encoding="utf-8")


# --- the user's own keys


def test_the_users_key_replaces_the_default_and_takes_it_from_others(tmp_path):
    (tmp_path / keymap.NAME).write_text('"finding.accept" = "N"\n"edit.undo" = ["Ctrl+U", "F9"]\n')
    table, odd = keymap.load(tmp_path, COMMANDS)
    assert odd == ()
    assert find("finding.accept", table).keys == ("N",)
    assert find("finding.next", table).keys == ()
    assert find("edit.undo", table).keys == ("Ctrl+U", "F9")


def test_an_empty_list_unbinds(tmp_path):
    (tmp_path / keymap.NAME).write_text('"finding.delete" = []\n')
    table, _ = keymap.load(tmp_path, COMMANDS)
    assert find("finding.delete", table).keys == ()


def test_what_is_not_understood_is_said_and_the_rest_holds(tmp_path):
    (tmp_path / keymap.NAME).write_text('"finding.accept" = "A"\n"no.such" = "B"\n"edit.undo" = 7\n')
    table, odd = keymap.load(tmp_path, COMMANDS)
    assert find("finding.accept", table).keys == ("A",)
    assert len(odd) == 2
    (tmp_path / keymap.NAME).write_text("not toml")
    table, odd = keymap.load(tmp_path, COMMANDS)
    assert table == COMMANDS
    assert len(odd) == 1
