"""What the user guide says of keys, commands, exit codes, files and pictures is what the program has."""

import re
from pathlib import Path

import pytest

from viewer.app.commands import COMMANDS
from viewer.app.exit_codes import ExitCode
from viewer.cli import parser

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "user-guide.md").read_text(encoding="utf-8")
KEYS = {key for command in COMMANDS for key in command.keys}


@pytest.mark.parametrize("key", sorted(set(re.findall(r"\*\*(.+?)\*\*", GUIDE))))
def test_every_key_in_bold_does_something(key):
    assert key in KEYS


@pytest.mark.parametrize("title", ["What was not loaded", "Amend the signed report"])
def test_a_command_without_a_key_is_found_by_the_title_that_the_guide_gives(title):
    assert f'"{title}"' in GUIDE
    assert title in {command.title for command in COMMANDS}


def test_every_exit_code_is_listed():
    listed = re.findall(r"^\| (\d) \|", GUIDE, re.MULTILINE)
    assert [int(code) for code in listed] == [code.value for code in ExitCode]


def test_every_command_line_of_the_guide_is_understood():
    lines = re.findall(r"\.venv/bin/tandem ?([^`\n]*)", GUIDE)
    for words in (line.split("#")[0].split() for line in lines):
        if words != ["--help"]:
            assert parser().parse_args(words)


def test_every_picture_and_page_is_there():
    links = re.findall(r"\]\(([^)]+)\)", GUIDE)
    assert len([link for link in links if link.endswith(".png")]) == 4
    assert all((DOCS / link).is_file() for link in links)
