"""Tomosynthesis in the real window: stacks, slabs, cine, the 2-D image and the prior beside them."""

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.core.hanging.files import exam, hung, mammogram, tomosynthesis, write
from tests.ui.windows import Hand
from viewer.core.reading.reading import Stage
from viewer.ui import print as press
from viewer.ui.viewport.pointers import magnified

pytestmark = pytest.mark.usefixtures("qapp")
SLICES = 12


@pytest.fixture
def hand(home):
    made = Hand(home, (1600, 900))
    yield made
    made.close()


def slices(side="R"):
    """A breast; in slice k a bright square is k pixels further down."""
    out = np.stack([np.minimum(hung(side), 1500)] * SLICES)
    for k in range(SLICES):
        columns = slice(30, 34) if side == "R" else slice(16, 20)
        out[k, 30 + k : 34 + k, columns] = 3500
    return out


def larger(side, times):
    return np.kron(hung(side), np.ones((times, times), np.uint16))


def at_step(hand, name):
    hand.desk.go_to_step([step.id for step in hand.desk.hanging.steps].index(name))
    hand.until(lambda: all(stack.complete for stack in hand.desk.pixels.stacks.values()))
    hand.until(lambda: all(v.display_set in hand.desk.pixels.breasts for v in hand.desk.views.visible))
    hand.rest()
    return [hand.viewport(view.id) for view in hand.desk.views.visible]


@pytest.fixture
def stack(hand, tmp_path):
    """A stack of the right CC beside the four views, on screen."""
    hand.open(write(tmp_path / "exam", *exam(), tomosynthesis(9, "R", "CC", slices())))
    return at_step(hand, "rcc_tomo")[0]


def grey_at(viewport, column, row):
    x, y = viewport.placement().to_device(column + 0.5, row + 0.5)
    return int(viewport.grab_rgb()[int(y), int(x), 0])


def test_the_stack_hangs_as_its_2d_image_does_and_says_its_height(hand, stack):
    assert stack.frame().letters == hand.viewport("2").frame().letters
    assert stack.state.pose.edge == hand.viewport("2").state.pose.edge == "right"
    assert stack.state.corners.bottom_left[0] == "Slice 7 / 12  6.0 mm over the first"
    hand.press("Home")
    assert stack.state.corners.bottom_left[0] == "Slice 1 / 12  0.0 mm over the first"
    assert grey_at(stack, 32, 31) > 180
    hand.press("End")
    assert grey_at(stack, 32, 31) < 120


def test_each_frame_has_its_own_window(hand, tmp_path):
    windows = [(2000, 4000)] * 6 + [(6000, 4000)] * 6
    hand.open(write(tmp_path / "exam", *exam(), tomosynthesis(9, "R", "CC", slices(), windows=windows)))
    stack = at_step(hand, "rcc_tomo")[0]
    hand.press("Home")
    bright = grey_at(stack, 40, 30)
    hand.press("End")
    assert bright > 80
    assert grey_at(stack, 40, 30) == 0
    assert "L 6000" in " ".join(stack.state.corners.bottom_left)


def test_a_slab_shows_the_brightest_or_the_mean_and_says_how_thick_it_is(hand, stack):
    hand.press("Home", "Shift+S", "Shift+S")
    assert (
        stack.state.corners.bottom_left[0] == "Slab 6.0 mm, brightest of 6 slices"
    )  # half of it lies beyond
    assert all(grey_at(stack, 32, 31 + k) > 180 for k in range(5))
    hand.press("[", "[")
    assert stack.state.corners.bottom_left[0] == "Slab 4.0 mm, brightest of 4 slices"
    hand.press("Shift+S")
    assert stack.state.corners.bottom_left[0].startswith("Slice 1 / 12")
    hand.press("PgDown", "PgUp", "Down", "Down", "Down", "Down", "Down", "Shift+S")
    codes = hand.desk.pixels.stacks[stack.state.display_set].codes
    shown = stack.state.slab
    expected = np.rint(codes[shown.first : shown.last].mean(axis=0))
    assert (stack.frame().picture.pixels() == expected).all()
    assert stack.state.corners.bottom_left[0] == "Slab 6.0 mm, mean of 6 slices"


def test_cine_plays_by_the_clock_and_stops(hand, stack):
    hand.press("Home", ".", ".", ".", ".", ".", ".")
    assert "60 slices a second" in hand.desk.screen.status
    hand.press("C")
    film, seen, start = hand.desk.screen.film, set(), time.monotonic()
    while time.monotonic() - start < 0.6:
        hand.rest(0.004)
        seen.add(hand.desk.views.place(hand.desk.views.active)[0])
    assert len(seen) > 4
    now = hand.desk.screen.film
    due = film.at(hand.desk.clock(), SLICES)
    assert min(abs(now.shown - due), abs(now.shown - film.at(hand.desk.clock() - 0.1, SLICES))) <= 6
    hand.press("C")
    still = hand.desk.views.place(hand.desk.views.active)[0]
    hand.rest(0.1)
    assert hand.desk.screen.film is None
    assert hand.desk.views.place(hand.desk.views.active)[0] == still


def test_a_hand_at_the_wheel_stops_the_film(hand, stack):
    hand.press("Home", "C")
    hand.desk.scroll("1", 3)
    hand.until(lambda: hand.desk.screen.film is None)


def test_pointing_in_the_stack_shows_the_place_in_the_2d_image(hand, stack):
    hand.desk.pointer("1", None, (32.0, 45.0))
    hand.rest()
    assert hand.viewport("2").state.echo == pytest.approx((32.0, 45.0), abs=0.01)
    assert stack.state.echo is None
    hand.keep("tomosynthesis_echo")
    hand.desk.pointer("2", None, (10.0, 20.0))
    hand.rest()
    assert stack.state.echo == pytest.approx((10.0, 20.0), abs=0.01)


def test_the_prior_hangs_beside_the_stack_at_the_same_size(hand, tmp_path):
    before = mammogram(1, "R", "CC", study="1.2.7.2", date="20240101", ImagerPixelSpacing=[0.07, 0.07])
    hand.open(write(tmp_path / "exam", *exam(), tomosynthesis(9, "R", "CC", slices()), before))
    stack, prior = at_step(hand, "rcc_tomo_prior")
    drawn = [v.frame().spacing[0] / v.placement().scale for v in (stack, prior)]
    assert drawn[0] == pytest.approx(drawn[1], rel=1e-9)
    assert prior.state.corners.label_note.startswith("Prior")


def test_projections_are_apart_from_slices_and_in_no_screening_step(hand, tmp_path):
    tilted = mammogram(8, "R", "CC", SOPClassUID="1.2.840.10008.5.1.4.1.1.13.1.4", NumberOfFrames=3)
    tilted.PixelData = tilted.PixelData * 3
    hand.open(write(tmp_path / "exam", *exam(), tomosynthesis(9, "R", "CC", slices()), tilted))
    projections = next(d.id for d in hand.desk.display_sets if d.instances[0].is_projection)
    steps = {step.id: step.pictures for step in hand.desk.hanging.steps}
    assert [name for name, pictures in steps.items() if projections in pictures] == ["extra"]
    shown = at_step(hand, "extra")[0]
    assert shown.state.corners.bottom_left[0] == "Projection 2 / 3"


def test_current_and_prior_take_turns_at_the_same_size_and_place(hand, tmp_path):
    fine = {"study": "1.2.7.2", "date": "20240101", "ImagerPixelSpacing": [0.05, 0.05]}
    now, before = (
        [mammogram(n, side, "CC", pixels=larger(side, times), **more) for n, side in ((1, "R"), (2, "L"))]
        for times, more in ((8, {}), (16, fine))
    )
    hand.open(write(tmp_path / "exam", *now, *before))
    shown = at_step(hand, "cc")[0]
    hand.desk.views.set_zoom("1", 2.5, (30.0, -20.0))
    hand.desk.changed()
    hand.rest()
    current = shown.grab_rgb()[200:-200, 20:-20, 0].astype(int)
    others = [v.state for v in map(hand.viewport, ("2",))]
    hand.hold("B")
    hand.until(lambda: shown.frame().picture is not None)
    hand.rest(0.3)
    assert shown.state.corners.label_note.startswith("Prior")
    then = shown.grab_rgb()[200:-200, 20:-20, 0].astype(int)
    assert np.corrcoef(current.ravel(), then.ravel())[0, 1] > 0.99
    assert [v.state.pose for v in map(hand.viewport, ("2",))] == [one.pose for one in others]
    hand.let_go("B")
    assert not shown.state.corners.label_note.startswith("Prior")
    assert (shown.state.zoom, shown.state.pan) == (2.5, (30.0, -20.0))


def test_the_glass_shows_two_screen_pixels_for_each_of_the_image(hand, stack):
    hand.desk.run("view.glass_stay")
    hand.desk.pointer("1", None, (32.0, 40.0))
    hand.rest(0.2)
    assert stack.state.glass == (32.0, 40.0)
    hand.keep("tomosynthesis_glass")
    reduced = replace(stack.placement(), sx=-0.25, sy=0.25)
    inside = magnified(reduced, (32.0, 40.0), (120.0, 120.0), 240)
    assert (inside.sx, inside.sy) == (-2.0, 2.0)
    assert inside.to_device(32.0, 40.0) == (120.0, 120.0)
    hand.desk.run("view.glass_stay")
    hand.rest()
    assert stack.state.glass is None


def test_the_key_image_of_a_slice_is_in_the_report_though_its_stack_has_left_the_memory(hand, stack):
    hand.desk.printer = press
    hand.desk.pointer(stack.state.id, None, (32.5, 40.5))
    hand.press("M")
    (own,) = hand.desk.reading.own
    assert own.places[0].frame == stack.state.index
    gone = stack.state.display_set
    hand.press("K")
    hand.desk.go_to_step(0)
    hand.rest()
    del hand.desk.pixels.stacks[gone]
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.stage is Stage.REVEALED)
    for _ in range(2):
        hand.desk.run("report.sign")
    hand.until(lambda: bool(hand.desk.report.written))
    assert gone not in hand.desk.pixels.stacks
    made = {w.path.name for w in hand.desk.report.written if w.role == "key_image"}
    assert len(made) == 2, made  # of the finding, and the one that K chose
    page = next(w.path for w in hand.desk.report.written if w.role == "html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64") == 2


def test_air_beside_a_stack_stays_black_when_its_window_is_changed(hand, tmp_path):
    breast = np.stack([np.minimum(larger("R", 8), 1500)] * 6)
    hand.open(write(tmp_path / "exam", *exam(), tomosynthesis(9, "R", "CC", breast)))
    stack = at_step(hand, "rcc_tomo")[0]
    hand.desk.set_window("1", 200.0, 900.0)
    hand.rest(0.2)
    assert grey_at(stack, 100, 560) == 0
    hand.desk.run("view.air")
    hand.rest(0.2)
    assert grey_at(stack, 100, 560) > 40
