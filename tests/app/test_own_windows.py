"""The windows and curves stored in an image: chosen by key, dragged without losing their shape, resumed."""

import numpy as np
import pytest

from tests.app.desks import write_chest
from tests.conftest import shared_data
from viewer.core.pixels.grey import Grey
from viewer.core.pixels.table import presentation_table
from viewer.core.pixels.voi import from_window


@pytest.fixture
def two_windows(hand, tmp_path):
    return hand.open(
        write_chest(
            tmp_path / "two",
            WindowCenter=[40, -500],
            WindowWidth=[400, 1500],
            WindowCenterWidthExplanation=["BODY", "AIR"],
        )
    )


def levels(hand):
    corners = showing(hand).corners
    return next(line for line in (*corners.bottom_left, *corners.bottom_right) if "W " in line)


def showing(hand):
    return next(v for v in hand.state.viewports if v.display_set)


def test_each_window_of_the_image_comes_with_its_name(hand, two_windows):
    hand.press("0", "Y")
    assert levels(hand).startswith("AIR")
    assert "Window 2 of 2" in hand.state.status
    hand.press("Y")
    assert levels(hand).startswith("BODY")
    hand.press("Shift+Y")
    assert levels(hand).startswith("AIR")


def test_a_window_that_is_not_there_is_said(hand, two_windows):
    two_windows.run("window.own_2")
    assert levels(hand).startswith("AIR")
    two_windows.run("window.own_3")
    assert hand.state.status.endswith("this image stores only 2 of them.")
    assert levels(hand).startswith("AIR")


def test_a_mammogram_offers_its_windows_and_luts_and_keeps_their_curves(hand):
    desk = hand.open(shared_data("conformance", "grey", "mg_ge_sigmoid_3windows_voilut.dcm"))
    assert desk.views.focused == showing(hand).id
    seen = [levels(hand)]
    for _ in range(5):
        hand.press("Y")
        seen.append(levels(hand))
    assert len(set(seen)) == 6
    assert sum("sigmoid" in line for line in seen) == 3
    assert sum("LUT" in line for line in seen) == 3
    stack = desk.pixels.stacks[desk.views.active.display_set]
    before = showing(hand).window
    desk.set_window(showing(hand).id, before.centre + 1, before.width)
    after = showing(hand).window
    assert after.function == before.function
    instance = stack.instance(0)
    tables = [presentation_table(Grey(voi=from_window(w, instance.voi_luts))) for w in (before, after)]
    steps = np.diff(tables[0])
    assert np.abs(tables[1] - tables[0]).max() <= steps.max() + 1e-9


def test_the_choice_is_resumed(hand, two_windows, home, tmp_path):
    hand.press("0", "Y")
    saved = two_windows.places()["1"]
    assert (saved["choice"], saved["window"]) == (1, None)
    two_windows.set_window("1", 10.0, 20.0)
    assert two_windows.places()["1"]["window"] == [10.0, 20.0, "", "LINEAR"]
