"""What each gesture asks of the desk."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from tests.ui.viewport.scenes import ct, mark, noise, state
from viewer.app.display import MarkState, Tool, Window

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
CENTRE = (50.0, 40.0, -2.0)
"""Patient mm of the middle of the 160 x 200 image of slice 1: 0.5 mm pixels, spacing of slices 2 mm."""


def send(viewport, kind, at, button, buttons, held=NONE):
    where = QPointF(*at)
    event = QMouseEvent(kind, where, viewport.mapToGlobal(where), button, buttons, held)
    QApplication.sendEvent(viewport, event)


def press(viewport, at, button=LEFT, held=NONE, buttons=None):
    send(viewport, QEvent.Type.MouseButtonPress, at, button, buttons or button, held)


def move(viewport, at, buttons=Qt.MouseButton.NoButton, held=NONE):
    send(viewport, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, buttons, held)


def release(viewport, at, button=LEFT, held=NONE):
    send(viewport, QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton, held)


def drag(viewport, start, end, button=LEFT, held=NONE):
    press(viewport, start, button, held)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    for at in (middle, end):
        move(viewport, at, button, held)
    release(viewport, end, button, held)


def click(viewport, at, button=LEFT):
    press(viewport, at, button)
    release(viewport, at, button)


def turn(viewport, y, held=NONE, x=0, at=(100, 80)):
    where = QPointF(*at)
    event = QWheelEvent(
        where,
        viewport.mapToGlobal(where),
        QPoint(),
        QPoint(x, y),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


@pytest.fixture
def viewport(cpu):
    """Slice 1 of three, one device pixel per image pixel."""
    out = cpu(200, 160)
    out.show_state(state(index=1, count=3), ct(noise(3, 160, 200)))
    return out


def with_state(viewport, **changes):
    viewport.show_state(state(index=1, count=3, **changes), ct(noise(3, 160, 200)), changes.pop("tool", None))
    return viewport


def test_left_drag_is_the_window(viewport, desk):
    drag(viewport, (100, 80), (140, 60))
    assert desk.of("set_window")[-1] == ("1", 40 - 20, 400 + 40)


def test_a_small_move_of_the_hand_changes_nothing(viewport, desk):
    drag(viewport, (100, 80), (103, 78))
    assert desk.of("set_window") == []


def test_the_window_never_closes(viewport, desk):
    drag(viewport, (190, 80), (-3000, 80))
    assert desk.of("set_window")[-1][2] == 1.0


def test_fine_values_have_fine_windows(cpu, desk):
    viewport = with_state(cpu(200, 160), window=Window(0.5, 0.2))
    drag(viewport, (100, 80), (120, 80))
    _, centre, width = desk.of("set_window")[-1]
    assert (centre, width) == (pytest.approx(0.5), pytest.approx(0.21))


def test_middle_drag_pans_with_the_hand(viewport, desk):
    drag(viewport, (100, 80), (110, 60), MIDDLE)
    assert desk.of("set_pan")[-1] == ("1", (-10.0, 20.0))


def test_right_drag_zooms_where_it_began(viewport, desk):
    drag(viewport, (150, 120), (150, 20), RIGHT)
    _, zoom, pan = desk.of("set_zoom")[-1]
    assert zoom == pytest.approx(math.exp(0.5))
    assert pan == (pytest.approx(50 - 50 / zoom), pytest.approx(40 - 40 / zoom))


def test_right_click_asks_for_the_menu(viewport, desk, qtbot):
    with qtbot.waitSignal(viewport.context_menu) as asked:
        click(viewport, (30, 40), RIGHT)
    assert asked.args[0] == viewport.mapToGlobal(QPoint(30, 40))
    assert desk.of("set_zoom") == []


def test_left_and_right_together_scroll_fast(viewport, desk):
    press(viewport, (100, 80))
    press(viewport, (100, 80), RIGHT, buttons=LEFT | RIGHT)
    move(viewport, (100, 100), LEFT | RIGHT)
    assert sum(steps for _, steps in desk.of("scroll")) == 10
    assert desk.of("set_window") == []


def test_the_wheel_goes_image_by_image(viewport, desk):
    turn(viewport, -120)
    turn(viewport, 120)
    turn(viewport, -240, SHIFT)
    assert desk.of("scroll") == [("1", 1), ("1", -1), ("1", 10)]


def test_a_fine_wheel_adds_up(viewport, desk):
    for _ in range(7):
        turn(viewport, -40)
    assert desk.of("scroll") == [("1", 1), ("1", 1)]


def test_control_and_wheel_zoom_at_the_pointer(viewport, desk):
    turn(viewport, 120, CONTROL, at=(150, 80))
    _, zoom, pan = desk.of("set_zoom")[-1]
    assert zoom == pytest.approx(1.2)
    assert pan[0] == pytest.approx(50 - 50 / 1.2)


def test_alt_and_wheel_change_the_width(viewport, desk):
    turn(viewport, 120, ALT)
    turn(viewport, 0, ALT, x=-120)  # as X11 reports it
    assert desk.of("set_window") == [("1", 40.0, 440.0), ("1", 40.0, 364.0)]


def test_double_click_maximises(viewport, desk):
    send(viewport, QEvent.Type.MouseButtonDblClick, (50, 50), LEFT, LEFT)
    assert desk.of("maximise") == [("1",)]


@pytest.mark.parametrize(
    ("tool", "name"), [(Tool.PAN, "set_pan"), (Tool.ZOOM, "set_zoom"), (Tool.SCROLL, "scroll")]
)
def test_the_tool_is_what_left_drag_does(viewport, desk, tool, name):
    viewport.tool = tool
    drag(viewport, (100, 60), (100, 100))
    assert desk.of(name)
    assert desk.of("set_window") == []


def test_scrolling_back_shows_the_first_image_again(viewport, desk):
    viewport.tool = Tool.SCROLL
    press(viewport, (100, 20))
    for y in (60, 100, 60, 20):
        move(viewport, (100, y), LEFT)
    assert sum(steps for _, steps in desk.of("scroll")) == 0


def test_the_distance_tool_measures_in_the_patient(viewport, desk):
    viewport.tool = Tool.DISTANCE
    drag(viewport, (20, 30), (120, 30))
    ((_, axis),) = desk.of("add_distance")
    assert axis[0] == pytest.approx((9.75, 14.75, -2.0))
    assert math.dist(*axis) == pytest.approx(50.0)
    assert viewport.draft is None


def test_an_image_without_a_place_is_measured_in_pixels(cpu, desk):
    viewport = cpu(200, 160)
    viewport.show_state(state(), ct(noise(1, 160, 200), place=False), Tool.DISTANCE)
    drag(viewport, (20, 30), (120, 30))
    assert desk.of("add_distance") == [("1", ((20.0, 30.0, 0.0), (120.0, 30.0, 0.0)))]


def test_the_outline_tool_draws_an_ellipse_from_corner_to_corner(cpu, desk):
    viewport = cpu(200, 160)
    viewport.show_state(state(), ct(noise(1, 160, 200), place=False), Tool.OUTLINE)
    press(viewport, (120, 80))
    move(viewport, (60, 30), LEFT)
    assert viewport.draft == (59.5, 29.5, 119.5, 79.5)
    drag(viewport, (120, 80), (60, 30))
    assert desk.of("draw_outline") == [("1", (59.5, 29.5, 119.5, 79.5))]
    assert viewport.draft is None


def test_a_click_on_a_mark_focuses_it(cpu, desk):
    marks = (mark(CENTRE), mark((80.0, 40.0, -2.0), tracking_uid="9"))
    viewport = with_state(cpu(200, 160), marks=marks)
    click(viewport, (104, 84))
    click(viewport, (161, 80))
    click(viewport, (20, 20))
    assert desk.of("focus_finding") == [("1.2.3",), ("9",)]


def test_the_end_of_an_own_axis_can_be_moved(cpu, desk):
    long = ((45.0, 40.0, -2.0), (55.0, 40.0, -2.0))
    viewport = with_state(cpu(200, 160), marks=(mark(CENTRE, long_axis=long),))
    drag(viewport, (110.5, 80.5), (120.5, 84.5))
    ((uid, which, axis),) = desk.of("change_axis")
    assert (uid, which) == ("1.2.3", "long")
    assert axis == (long[0], pytest.approx((60.0, 42.0, -2.0)))


def test_an_axis_of_the_model_cannot_be_moved(cpu, desk):
    long = ((45.0, 40.0, -2.0), (55.0, 40.0, -2.0))
    viewport = with_state(cpu(200, 160), marks=(mark(CENTRE, author="model", long_axis=long),))
    drag(viewport, (110.5, 80.5), (120.5, 84.5))
    assert desk.of("change_axis") == []


def test_the_bidirectional_tool_corrects_the_axis_it_runs_along(cpu, desk):
    long = ((45.0, 40.0, -2.0), (55.0, 40.0, -2.0))
    viewport = with_state(cpu(200, 160), marks=(mark(CENTRE, long_axis=long),))
    viewport.tool = Tool.BIDIRECTIONAL
    drag(viewport, (100, 74), (101, 90))
    drag(viewport, (94, 80), (108, 81))
    drag(viewport, (10, 10), (60, 10))
    assert [(uid, which) for uid, which, _ in desk.of("change_axis")] == [
        ("1.2.3", "short"),
        ("1.2.3", "long"),
    ]
    assert len(desk.of("add_distance")) == 1


def test_shift_drag_moves_the_crosshair(cpu, desk):
    viewport = with_state(cpu(200, 160), crosshair=True, point_lps_mm=CENTRE)
    drag(viewport, (20.5, 30.5), (60.5, 50.5), held=SHIFT)
    moves = [lps for _, lps in desk.of("move_crosshair")]
    assert moves[0] == pytest.approx((10.0, 15.0, -2.0))
    assert moves[-1] == pytest.approx((30.0, 25.0, -2.0))


def test_a_line_of_the_crosshair_moves_alone(cpu, desk):
    viewport = with_state(cpu(200, 160), crosshair=True, point_lps_mm=CENTRE)
    drag(viewport, (100, 20), (120.5, 60))
    assert desk.of("move_crosshair")[-1] == ("1", pytest.approx((60.0, 40.0, -2.0)))
    drag(viewport, (20, 80), (60, 100.5))
    assert desk.of("move_crosshair")[-1] == ("1", pytest.approx((50.0, 50.0, -2.0)))
    assert desk.of("set_window") == []


def test_the_crosshair_stays_on_the_picture(cpu, desk):
    viewport = with_state(cpu(200, 160), crosshair=True, point_lps_mm=CENTRE)
    drag(viewport, (100, 20), (900, 60))
    assert desk.of("move_crosshair")[-1][1][0] == pytest.approx(99.5)


def test_the_pointer_says_where_it_is(viewport, desk):
    move(viewport, (30.5, 40.5))
    assert desk.of("pointer")[-1] == ("1", pytest.approx((15.0, 20.0, -2.0)), (30.5, 40.5))
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert desk.of("pointer")[-1] == ("1", None, None)


def test_the_pointer_claims_nothing_beside_the_picture(cpu, desk):
    viewport = cpu(300, 160)
    viewport.show_state(state(index=1, count=3), ct(noise(3, 160, 200)))
    move(viewport, (20, 80))
    assert desk.of("pointer") == [("1", None, None)]


def test_hovering_changes_only_the_cursor(cpu, desk):
    viewport = with_state(cpu(200, 160), crosshair=True, point_lps_mm=CENTRE)
    move(viewport, (100, 20))
    assert viewport.cursor().shape() == Qt.CursorShape.SplitHCursor
    move(viewport, (30, 30))
    assert viewport.cursor().shape() == Qt.CursorShape.CrossCursor
    assert {call[0] for call in desk.calls} <= {"pointer", "shown"}


def test_an_empty_viewport_takes_any_gesture(cpu, desk):
    viewport = cpu(200, 160)
    viewport.show_state(state(display_set="", marks=(mark(CENTRE, state=MarkState.BELOW),)), None)
    drag(viewport, (10, 10), (60, 60))
    drag(viewport, (10, 10), (60, 60), held=SHIFT)
    turn(viewport, 120)
    assert all(np.isfinite(call[-1]).all() for call in desk.calls if call[0] == "set_zoom")
