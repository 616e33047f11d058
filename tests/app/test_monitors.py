"""Measured monitors from their files: used on their own screen only, and refused in one sentence."""

from datetime import date

import numpy as np
import pytest
import tomli_w

from tests.conftest import shared_data
from tests.core.pixels.test_gsdf import monitor
from viewer.app import monitors
from viewer.app.display import Severity

GOOD = {
    "name": "GX560",
    "measured": date(2026, 11, 20),
    "ambient": 0.2,
    "luminance": [[level, round(value, 4)] for level, value in monitor()],
}


def write(home, file="left", **changes):
    folder = home / monitors.FOLDER
    folder.mkdir(exist_ok=True)
    values = {key: value for key, value in (GOOD | changes).items() if value is not None}
    (folder / f"{file}.toml").write_text(tomli_w.dumps(values))


def test_a_monitor_is_calibrated_by_its_own_file_and_no_other(hand, home):
    write(home, "any")
    write(home, "second", serial="222", ambient=5.0)
    desk = hand.desk
    monitors.moved_to(desk, ("GX560", "DP-1"), "111")
    first = desk.screen.calibration
    assert len(first) == 4096
    monitors.moved_to(desk, ("GX560", "DP-2"), "222")
    assert desk.screen.calibration not in (b"", first)
    monitors.moved_to(desk, ("other", "DP-3"), "")
    assert desk.screen.calibration == b""


def test_images_are_drawn_through_it_and_renderings_are_not(hand, desk, home):
    assert all(v.calibration == b"" for v in hand.state.viewports)
    write(home)
    monitors.moved_to(desk, ("GX560",), "")
    assert all(len(v.calibration) == 4096 for v in hand.state.viewports)
    stack = desk.pixels.stacks[desk.views.active.display_set]
    assert stack.grey(0).calibration == b""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"luminance": [[0, 1.0], [255, 300.0]]}, "18 or more pairs"),
        ({"luminance": [*GOOD["luminance"][:-1], [250, 300.0]]}, "from level 0 to 255"),
        ({"luminance": [*GOOD["luminance"][:-1], [255, 0.5]]}, "both rising"),
        ({"luminance": [[n * 15, 1.0 + n / 100] for n in range(18)]}, "times or more"),
        ({"ambient": -1.0}, "0 to 100 cd/m2"),
        ({"ambient": None}, "0 to 100 cd/m2"),
        ({"measured": "yesterday"}, "2026-11-20"),
        ({"name": ""}, "tandem doctor"),
        ({"gamma": 2.2}, "unknown key"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(hand, home, changes, told):
    write(home, **changes)
    monitors.moved_to(hand.desk, ("GX560",), "")
    assert hand.desk.screen.calibration == b""
    assert hand.desk.screen.severity is Severity.WARNING
    assert told in hand.desk.screen.status and "monitors/left.toml" in hand.desk.screen.status
    assert "\n" not in hand.desk.screen.status


def test_a_file_that_is_no_toml_is_told(hand, home):
    write(home)
    (home / monitors.FOLDER / "left.toml").write_bytes(b"\xff\xfe")
    monitors.moved_to(hand.desk, ("GX560",), "")
    assert "cannot be read" in hand.desk.screen.status


def test_radiographs_say_that_nobody_measured_the_monitor(hand, home):
    desk = hand.open(shared_data("conformance", "grey", "mg_ge_sigmoid_3windows_voilut.dcm"))
    monitors.moved_to(desk, ("GX560",), "")
    assert "Monitor not calibrated" in [chip.text for chip in hand.state.chips]
    write(home)
    monitors.moved_to(desk, ("GX560",), "")
    assert "Monitor not calibrated" not in [chip.text for chip in hand.state.chips]
    assert np.frombuffer(desk.screen.calibration, np.uint8)[-1] == 255
