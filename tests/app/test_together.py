"""Window, zoom and pan of all viewports together: at the same place, in each vendor's own values."""

import pytest

from tests.app.test_hanging import settle
from tests.core.hanging.files import WAYS, mammogram, write
from viewer.app import pointing


@pytest.fixture
def pair(hand, tmp_path):
    """Right and left CC of two detectors, stored in two ways."""
    left = {"ImagerPixelSpacing": [0.05, 0.05], "WindowCenter": 1000, "WindowWidth": 2000, "way": WAYS[5]}
    hand.desk.sized(1000, 700)
    hand.open(write(tmp_path / "pair", mammogram(1, "R", "CC"), mammogram(2, "L", "CC", **left)))
    settle(hand)
    hand.desk.go_to_step([step.id for step in hand.desk.hanging.steps].index("cc"))
    settle(hand)
    return hand


def middle(hand, name):
    """Mm from the chest wall and below the middle of the breast, in the middle of a viewport."""
    desk, state = hand.desk, next(v for v in hand.state.viewports if v.id == name)
    shown = desk.views.sets[state.display_set]
    at = pointing.anchor(desk, desk.views.view(name), shown)
    return pointing.in_breast(desk, shown, (at[0] + state.pan[0], at[1] + state.pan[1]))


def test_the_others_show_the_same_place_of_the_breast_at_the_same_zoom(pair):
    pair.press("Shift+L")
    pair.desk.set_zoom("1", 2.5, (-6.0, 4.0))
    pair.paint()
    assert pair.desk.views.view("2").zoom == 2.5
    assert middle(pair, "2") == pytest.approx(middle(pair, "1"), abs=1e-6)
    pair.press("Alt+Left", "Alt+Up")
    assert middle(pair, "2") == pytest.approx(middle(pair, "1"), abs=1e-6)


def test_a_window_keeps_its_relation_to_the_images_own(pair):
    pair.press("Shift+L")
    pair.desk.set_window("1", 1000.0, 2000.0)  # of 2000, 4000: a quarter lower, half as wide
    pair.paint()
    other = pair.desk.views.view("2").window
    assert (other.centre, other.width) == (500.0, 1000.0)


def test_each_by_itself_is_as_it_starts_and_comes_back(pair):
    pair.desk.set_zoom("1", 2.0, (0.0, 0.0))
    assert pair.desk.views.view("2").zoom == 1
    pair.press("Shift+L", "Shift+L")
    pair.desk.set_zoom("1", 3.0, (0.0, 0.0))
    assert pair.desk.views.view("2").zoom == 1
