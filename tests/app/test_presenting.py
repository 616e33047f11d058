"""Presentation states from the keyboard: which one, on which image, and what the window says of it."""

import numpy as np
import pytest
from pydicom import dcmread

from tests.app.desks import write_chest
from tests.conftest import shared_data
from viewer.app.picturing import shown_in
from viewer.app.report_pictures import presentation_in
from viewer.core.dicom.presentation import Area, Presentation
from viewer.core.hanging.pose import anchor_of, scale_of, turn_by


@pytest.fixture
def both(hand, tmp_path):
    """A CT image with its presentation state, in one folder."""
    folder = tmp_path / "both"
    folder.mkdir()
    for parts in (("other", "ct_highdicom.dcm"), ("made", "gsps_circle_text.dcm")):
        (folder / parts[1]).write_bytes(shared_data("conformance", *parts).read_bytes())
    desk = hand.open(folder)
    desk.focus_viewport(next(v.id for v in hand.state.viewports if v.display_set))
    return desk


def showing(hand):
    return next(v for v in hand.state.viewports if v.display_set)


def test_a_state_is_applied_named_and_taken_off_again(hand, both):
    plain = showing(hand)
    assert plain.presentation is None
    hand.press("Shift+P")
    shown = showing(hand)
    assert isinstance(shown.presentation, Presentation)
    assert (shown.window.centre, shown.window.width) == (40, 400)
    assert "Presentation state 1 of 1" in hand.state.status
    assert any("Presentation state" in line for line in shown.corners.top_right)
    hand.press("Shift+P")
    assert showing(hand) == plain
    hand.desk.run("presentation.previous")
    hand.paint()
    assert showing(hand).presentation is shown.presentation


def test_the_state_is_in_the_record_so_that_a_resumed_reading_has_it(hand, both):
    hand.press("Shift+P")
    view = both.views.active
    assert both.places()[view.id]["presentation"] == view.presentation != ""


def test_the_displayed_area_fills_the_viewport(hand, both):
    both.views.area = (200, 100)
    view = both.views.active
    both.views.show_area(view.id, (11, 21), (30, 30))
    view = both.views.view(view.id)
    shown = both.views.display_set(view)
    rows, columns = shown.instances[0].rows, shown.instances[0].columns
    assert view.pan == ((10 + 30 - columns) / 2, (20 + 30 - rows) / 2)
    fit = min(both.views.aspect(view) / columns, 1 / rows)
    assert view.zoom * fit == pytest.approx(min(both.views.aspect(view) / 20, 1 / 10), rel=0.02)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turn_is_clockwise_and_a_flip_comes_after_it(rotation, flip):
    picture = np.arange(6).reshape(2, 3)
    wanted = np.rot90(picture, -rotation // 90)
    wanted = wanted[:, ::-1] if flip else wanted
    turn = turn_by(rotation, flip)
    for row in range(2):
        for column in range(3):
            x, y = turn.onto_screen((column + 0.5, row + 0.5), (2, 3))
            assert wanted[int(y), int(x)] == picture[row, column]


def test_a_state_that_turns_the_image_turns_its_letters_too(hand, tmp_path):
    folder = tmp_path / "turned"
    folder.mkdir()
    state = dcmread(shared_data("conformance", "made", "gsps_circle_text.dcm"))
    state.ImageRotation, state.ImageHorizontalFlip = 90, "N"
    state.save_as(folder / "state.dcm")
    image = shared_data("conformance", "other", "ct_highdicom.dcm")
    (folder / "image.dcm").write_bytes(image.read_bytes())
    desk = hand.open(folder)
    desk.focus_viewport(showing(hand).id)
    hand.press("Shift+P")
    shown = showing(hand)
    assert shown.pose.turn == turn_by(90, False)
    assert shown.pose.turn.letters(("R", "A", "L", "P")) == ("P", "R", "A", "L")


def test_without_a_state_the_key_says_so(hand, tmp_path):
    hand.open(write_chest(tmp_path / "chest"))
    hand.press("Shift+P")
    assert hand.state.status == "There is no presentation state for these images."
    hand.press("Tab", "Shift+P")
    assert "planes" in hand.state.status
    assert np.all([v.presentation is None for v in hand.state.viewports])


def test_a_key_image_and_a_snapshot_keep_the_state_that_they_were_seen_through(hand, both):
    hand.press("Shift+P")
    shown = shown_in(both, both.views.active)
    state = showing(hand).presentation
    assert shown.presentation == state.sop_instance_uid
    assert (shown.window.centre, shown.window.width) == (40, 400)
    assert presentation_in(both.study, shown.presentation) is state
    assert presentation_in(both.study, "") is None


@pytest.mark.parametrize(
    ("mode", "numbers", "scale"),
    [
        ("MAGNIFY", {"PresentationPixelMagnificationRatio": 2.5}, lambda own, pitch: 2.5),
        ("TRUE SIZE", {"PresentationPixelSpacing": [0.8, 0.8]}, lambda own, pitch: 0.8 / pitch),
        ("TRUE SIZE", {}, lambda own, pitch: own / pitch),
    ],
)
def test_the_size_that_a_state_asks_for_is_kept(hand, tmp_path, mode, numbers, scale):
    folder = tmp_path / "sized"
    folder.mkdir()
    state = dcmread(shared_data("conformance", "made", "gsps_circle_text.dcm"))
    (area,) = state.DisplayedAreaSelectionSequence
    area.PresentationSizeMode = mode
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [11, 21], [30, 30]
    for keyword in ("PresentationPixelSpacing", "PresentationPixelAspectRatio"):
        area.pop(keyword, None)
    for keyword, value in numbers.items():
        setattr(area, keyword, value)
    state.save_as(folder / "state.dcm")
    image = shared_data("conformance", "other", "ct_highdicom.dcm")
    (folder / "image.dcm").write_bytes(image.read_bytes())
    desk = hand.open(folder)
    desk.screen.pitch_mm = 0.25
    desk.focus_viewport(showing(hand).id)
    hand.press("Shift+P")
    shown = showing(hand)
    instance = desk.views.sets[shown.display_set].instances[0]
    shape, spacing = (instance.rows, instance.columns), instance.spacing_mm
    drawn = shown.zoom * scale_of(shown.pose, shape, spacing, (400, 300))
    assert drawn == pytest.approx(scale(spacing[0], 0.25), rel=1e-6)
    middle = anchor_of(shown.pose, shape, spacing, (400, 300))
    assert (middle[0] + shown.pan[0], middle[1] + shown.pan[1]) == pytest.approx((20, 25))


def test_a_true_size_that_nobody_knows_is_said(hand, both):
    state = next(i.presentation for d in both.study.display_sets for i in d.instances if i.presentation)
    object.__setattr__(state, "areas", (Area((), (1, 1), (9, 9), "TRUE SIZE"),))
    hand.press("Shift+P")
    assert "true size" in hand.state.status
