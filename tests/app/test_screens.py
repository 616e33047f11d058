"""A second monitor on the desk: its own calibration, steps saved and resumed, remembered by set."""

import pytest

from tests.app.desks import Hand
from tests.app.test_monitors import write as measured
from tests.core.hanging.files import exam, write
from viewer.app import monitors, screens
from viewer.core.hanging.layout import layout


@pytest.fixture
def spread(hand, tmp_path):
    """A screening exam on the desk, and a second screen for images."""
    hand.open(write(tmp_path / "exam", *exam()))
    hand.desk.sized(1000, 800)
    hand.desk.sized(1200, 1000, 2.0, 1)
    hand.paint()
    return hand


def where(hand):
    return [(cell.viewport, cell.screen) for cell in hand.state.cells]


def test_each_monitor_has_its_own_calibration_and_pitch(spread, home):
    measured(home, name="B", pitch=0.2)
    monitors.moved_to(spread.desk, ("A",), "")
    monitors.moved_to(spread.desk, ("B",), "", 1)
    assert where(spread) == [("1", 0), ("2", 0), ("3", 1), ("4", 1)]
    left, right = spread.state.viewports[0], spread.state.viewports[3]
    assert left.calibration == b"" and len(right.calibration) == 4096
    assert "Monitor not calibrated" in [chip.text for chip in spread.state.chips]
    spread.desk.focus_viewport("1")
    spread.press("Shift+F")
    assert "pixel size of this monitor is not known" in spread.desk.screen.status
    spread.desk.focus_viewport("4")
    spread.press("Shift+F")
    assert spread.state.viewports[3].pose.mm_per_px == pytest.approx(0.2 * 2.0)


def test_a_screen_that_goes_gives_its_viewports_back_as_they_were(spread):
    spread.desk.focus_viewport("4")
    spread.press("+", "V")
    before = [(v.display_set, v.zoom, v.invert) for v in spread.state.viewports]
    screens.gone(spread.desk, 1)
    spread.rest()
    assert where(spread) == [("1", 0), ("2", 0), ("3", 0), ("4", 0)]
    assert spread.desk.views.layout.id == "1x4"
    assert [(v.display_set, v.zoom, v.invert) for v in spread.state.viewports] == before


def test_a_maximised_viewport_takes_its_own_monitor(spread):
    spread.desk.maximise("4")
    assert where(spread) == [("4", 1)]
    assert spread.desk.views.pixels(spread.desk.views.view("4")) == (1200, 1000)
    screens.gone(spread.desk, 1)
    assert where(spread) == [("4", 0)]


def test_a_step_saved_on_two_monitors_hangs_on_one_as_well(spread, home, tmp_path):
    spread.desk.run("step.save")
    spread.desk.accept({"text": "Mine"})
    spread.rest()
    saved = next(step for step in spread.desk.hanging.steps if step.title == "Mine")
    assert (saved.layout, saved.spread) == ("1x4", ("1x2", "1x2"))
    again = Hand(home)
    again.open(write(tmp_path / "other", *exam(study="1.2.8.1", PatientID="P-9")))
    again.desk.go_to_step([step.title for step in again.desk.hanging.steps].index("Mine"))
    assert {cell.screen for cell in again.state.cells} == {0}
    again.desk.close()


def test_what_was_chosen_for_a_set_of_monitors_comes_back_with_it(home):
    desk = Hand(home).desk
    pair = ("A 1200x1600", "B 1200x1600")
    screens.present(desk, pair)
    assert not desk.screen.spread
    desk.run("program.screens")
    screens.remember(desk, pair[1])
    screens.present(desk, pair[:1])
    assert not desk.screen.spread
    desk.run("program.screens")
    assert "there is one monitor" in desk.screen.status
    assert screens.present(desk, (pair[1], pair[0])) == pair[1]
    assert desk.screen.spread
    screens.present(desk, ("C 800x600", pair[0]))
    assert not desk.screen.spread
    desk.close()


def test_a_file_that_is_not_understood_is_nothing_remembered(home):
    (home / "screens.toml").write_text("set = 3", encoding="utf-8")
    desk = Hand(home).desk
    assert screens.present(desk, ("A", "B")) == ""
    desk.close()


def test_ids_of_layouts_say_where_boxes_stand():
    assert [box.screen for box in layout("1x2 | 2x1").boxes] == [0, 0, 1, 1]
    assert layout("0,0,0.5,1 0.5,0,0.5,1").boxes[1].left == 0.5
    for wrong in ("", "3x9", "0,0,2,1", "0,0,0,1", "0,0,nan,1", "1x2 | "):
        with pytest.raises(KeyError):
            layout(wrong)
