"""Images on two monitors: which viewports stand where, remembered for these monitors, and one pulled out."""

import json
import os
import subprocess
import sys

import pytest

from tests.core.hanging.files import exam, write


@pytest.fixture
def told(home, tmp_path):
    """What `two_screens` says of a screening exam, the first time and the next."""
    folder = write(tmp_path / "exam", *exam())

    def run():
        command = [sys.executable, "-m", "tests.ui.two_screens", str(folder), str(home)]
        out = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=120)
        assert out.returncode == 0, out.stderr
        return json.loads(out.stdout.splitlines()[-1])

    return run


@pytest.mark.timeout(300)
def test_a_step_spans_two_monitors_and_comes_back_from_one_that_is_pulled_out(told, home):
    first = told()
    assert not first["spread at first"]
    assert monitors(first["one"]) == ["Left"] * 4
    assert "all 2 monitors" in first["said"]
    assert monitors(first["two"]) == ["Left", "Left", "Right", "Right"]
    assert labels(first["two"]) == ["R CC", "L CC", "R MLO", "L MLO"]
    widths = [place[1] for place in first["two"].values()]
    assert widths[2] == widths[3] == 600  # half of a monitor without panels
    assert monitors(first["next"]) == ["Left", "Right"]
    assert labels(first["next"]) == ["R CC", "L CC"]
    assert first["keyboard"] and first["zoom"] == 1.25
    assert monitors(first["pulled"]) == ["Left", "Left"]
    assert labels(first["pulled"]) == ["R CC", "L CC"]
    assert first["zoom after"] == 1.25
    assert monitors(first["back"]) == ["Left", "Right"]
    shown = [first[moment] for moment in ("one", "two", "next", "pulled", "back")]
    assert all(place[3] > 1 for moment in shown for place in moment.values()), "a black viewport"

    again = told()
    assert again["spread at first"], "these two monitors were used together the last time"
    kept = (home / "screens.toml").read_text()
    assert "Left 1600x1000" in kept and "Right 1200x1000" in kept


def monitors(shown):
    return [place[0] for place in shown.values()]


def labels(shown):
    return [place[2] for place in shown.values()]
