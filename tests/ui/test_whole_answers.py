"""The window shows what a model says of a whole series: a strip beside the stack, a box in the panel."""

import numpy as np
import pytest

from tests.app.desks import SecondReader, slice_of, write_chest
from tests.app.test_whole_answers import ANSWERS, BEST, SAID
from tests.ui.windows import Hand
from viewer.ui import theme

STRIP = (0.90, 0.97)
"""Where the strip lies across a viewport, about, as shares of its width."""


pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def window(home, tmp_path, monkeypatch):
    (tmp_path / "arrays").mkdir()
    SecondReader(monkeypatch, tmp_path / "arrays").says(ANSWERS, **SAID)
    hand = Hand(home)
    yield hand.open(write_chest(tmp_path / "chest"))
    hand.close()


def purple(picture):
    """Pixels in the colour of the model, by row, in the strip."""
    colour = np.array(theme.colour("model").getRgb()[:3])
    left, right = (round(share * picture.shape[1]) for share in STRIP)
    return (np.abs(picture[:, left:right].astype(int) - colour).max(axis=2) < 12).sum(axis=1)


def test_the_strip_is_longest_at_the_most_probable_slice_and_absent_before_the_commit(window):
    assert not purple(window.pixels()).any()
    window.press("Shift+Return", "N")
    rows = purple(window.pixels())
    window.keep("whole_answers")
    where = float(np.mean(np.flatnonzero(rows == rows.max()))) / len(rows)
    assert where == pytest.approx((slice_of(BEST) + 0.5) / 24, abs=0.08)


def test_the_panel_says_each_probability_and_whether_it_is_flagged(window):
    assert "haemorrhage" not in window.words()
    window.press("Shift+Return")
    said = window.words()
    assert "93 %  ·  flagged from 50 %" in said
    assert "10 %  ·  not flagged, below 40 %" in said
    window.press("Home", "Shift+J")
    assert window.state.viewports[0].index == slice_of(BEST)
