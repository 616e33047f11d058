"""The page on mammography has its forty rows, and every test that it names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mammography-conformance.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.*?) ?\|$", PAGE, re.MULTILINE)


def test_it_has_forty_rows_in_order():
    assert [int(number) for number, *_ in ROWS] == list(range(1, 41))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE))))
def test_every_test_that_it_names_is_there(name):
    file, test = name.split("::")
    assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("number", "state", "tests"), [(n, s, t) for n, _, s, t in ROWS])
def test_a_row_is_done_with_a_test_or_says_what_is_missing(number, state, tests):
    assert state == "Done" or state.startswith("In part") or state == "Not yet", number
    assert bool(tests) == (state != "Not yet"), number
