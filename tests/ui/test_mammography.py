"""Mammograms in the real window: turned by their codes, chest walls back to back, all at one scale."""

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.conftest import shared_data
from tests.core.hanging.exams import FOUR
from tests.core.hanging.files import WAYS, exam, hung, mammogram, write
from tests.ui.windows import Hand
from viewer.app.report_pictures import figure_picture
from viewer.ui import print as press
from viewer.ui.viewport.picture import MOST_HALVES
from viewer.ui.viewport.source import Source

HALF_TURN = (False, True, True)
pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def hand(home):
    made = Hand(home, (1600, 900))
    yield made
    made.close()


def opened(hand, folder):
    hand.open(folder)
    hand.until(lambda: all(v.display_set in hand.desk.pixels.breasts for v in hand.desk.views.visible))
    hand.rest()
    return [hand.viewport(view.id) for view in hand.desk.views.visible]


def pictures(viewports):
    """What is painted inside the frame of the focus and away from the corner text."""
    return [v.grab_rgb()[120:-80, 4:-4, 0] for v in viewports]


def bigger(side):
    return np.kron(hung(side), np.ones((8, 8), np.uint16))


@pytest.fixture(scope="module")
def straight(qapp, tmp_path_factory):
    """What the screen shows of mammograms that are stored as they hang."""
    folder = tmp_path_factory.mktemp("straight")
    return _shown(folder, WAYS[0])


def _shown(folder, way):
    made = Hand(folder, (1600, 900))
    made.desk.settings = made.desk.settings.__class__(reader="Test Reader")
    images = []
    for n, (side, view) in enumerate(FOUR, 1):
        # a CC turned by half has the header of the other breast, and a banner says so: a smaller picture
        stored = WAYS[0] if (way, view) == (HALF_TURN, "CC") else way
        images.append(mammogram(n, side, view, way=stored, pixels=bigger(side)))
    found = pictures(opened(made, write(folder / "exam", *images)))
    made.close()
    return found


@pytest.mark.parametrize("way", WAYS[1:])
def test_the_screen_is_the_same_in_whatever_way_a_mammogram_is_stored(straight, tmp_path, way):
    for one, other in zip(straight, _shown(tmp_path, way), strict=True):
        assert one.std() > 20
        assert np.abs(one.astype(int) - other).mean() < 0.5


def test_chest_walls_touch_and_right_hangs_on_the_left(hand, tmp_path):
    viewports = opened(hand, write(tmp_path / "exam", *exam()))
    for right, left in (viewports[:2], viewports[2:]):
        assert right.geometry().right() + 1 == left.geometry().left()
        assert right.grab_rgb()[right.height() // 2 - 30, -4, 0] > 100
        assert left.grab_rgb()[left.height() // 2 - 30, 3, 0] > 100
        chest_wall = right.placement().rect(0, 0, 50, 80)
        assert chest_wall[0] + chest_wall[2] == pytest.approx(right.device_size()[0], abs=1e-6)
        assert left.placement().rect(0, 0, 50, 80)[0] == pytest.approx(0, abs=1e-6)
    middle = viewports[2].height() // 2 - 30
    assert viewports[2].grab_rgb()[middle, -1, 0] > 100  # no line between the breasts
    assert viewports[3].grab_rgb()[middle, 0, 0] > 100
    ring = viewports[0].grab_rgb()  # of the keyboard, open where the breasts touch
    assert len(set(ring[ring.shape[0] // 2 + 60, 0])) > 1
    assert len(set(ring[ring.shape[0] // 2 - 30, -1])) == 1
    assert [v.state.corners.label for v in viewports] == ["R CC", "L CC", "R MLO", "L MLO"]
    assert [v.state.corners.label_right for v in viewports] == [False, True, False, True]


def test_lateral_and_axilla_are_up(hand, tmp_path):
    viewports = opened(hand, write(tmp_path / "exam", *exam(way=WAYS[7])))
    assert [v.frame().letters[1] for v in viewports] == ["R", "L", "HR", "HL"]


def test_all_images_of_a_step_have_one_scale_across_detectors_and_priors(hand, tmp_path):
    coarse = {"ImagerPixelSpacing": [0.1, 0.1]}
    fine = {"ImagerPixelSpacing": [0.07, 0.07]}
    now = [mammogram(1, "R", "CC", **coarse), mammogram(2, "L", "CC", **fine)]
    before = [
        mammogram(n, s, "CC", study="1.2.7.2", date="20240101", **fine) for n, s in ((1, "R"), (2, "L"))
    ]
    hand.open(write(tmp_path / "exam", *now, *before))
    hand.press("Space", "Space")
    viewports = opened(hand, tmp_path / "exam")
    assert hand.desk.hanging.now.id == "cc_prior"
    drawn = [v.frame().spacing[0] / v.placement().scale for v in viewports]
    assert drawn == pytest.approx([drawn[0]] * 4, rel=1e-9)
    heights = [np.ptp(np.flatnonzero(v.grab_rgb()[:, v.width() // 2, 0] > 0)) for v in viewports[:1]]
    assert heights[0] > 0


def test_zooming_at_the_pointer_keeps_what_is_under_it(hand, tmp_path):
    viewport = opened(hand, write(tmp_path / "exam", *exam(way=WAYS[5])))[0]
    column, row = 20.0, 30.0
    hand.desk.pointer("1", None, (column, row))
    before = viewport.placement().to_device(column, row)
    hand.press("+", "+")
    assert viewport.placement().to_device(column, row) == pytest.approx(before, abs=2.5)


def test_panning_goes_where_the_arrow_points(hand, tmp_path):
    viewport = opened(hand, write(tmp_path / "exam", *exam(way=WAYS[6])))[1]
    hand.desk.focus_viewport("2")
    before = viewport.placement().to_device(20, 20)
    hand.press("Alt+Right", "Alt+Right")
    after = viewport.placement().to_device(20, 20)
    assert after[0] < before[0]
    assert after[1] == pytest.approx(before[1])


@pytest.mark.parametrize(
    ("name", "label", "letters"),
    [
        ("mg/dicom/mg_ge_rcc_sigmoid_voilut.dcm", "R CC", ("A", "R", "P", "L")),
        ("conformance/grey/mg_ge_sigmoid_3windows_voilut.dcm", "R MLO", ("A", "HR", "P", "FL")),
        ("mg/dicom/mg_siemens_stereo_overlay_outside.dcm", "L CC", ("P", "L", "A", "R")),
        ("mg/dicom/mg_hologic_mono1_stereo_scout.dcm", "L S CC", ("P", "L", "A", "R")),
    ],
)
def test_real_mammograms_hang_as_their_headers_say(hand, name, label, letters):
    hand.open(shared_data(*name.split("/")))
    hand.rest()
    shown = [v for v in (hand.viewport(view.id) for view in hand.desk.views.visible) if v.state.display_set]
    assert [v.state.corners.label for v in shown] == [label]
    assert shown[0].frame().letters == letters


def test_a_side_that_contradicts_itself_is_said_and_nothing_is_turned(hand, tmp_path):
    odd = mammogram(1, "R", "MLO", ImageLaterality="L")
    hand.open(write(tmp_path / "exam", odd))
    hand.rest()
    state = hand.viewport("1").state
    assert state.banners[0].title == "Check the side"
    assert state.corners.label == "MLO"
    assert state.pose.turn.across is False


def test_ten_centimetres_are_ten_centimetres_on_a_measured_monitor(hand, tmp_path):
    viewport = opened(hand, write(tmp_path / "exam", *exam()))[0]
    hand.press("Shift+F")
    assert "pixel size of this monitor is not known" in hand.desk.screen.status
    hand.desk.screen.pitch_mm = 0.27
    hand.press("Shift+F")
    (x, _), (end, _) = viewport.placement().to_device(0, 0), viewport.placement().to_device(1000, 0)
    drawn_mm = abs(end - x) * 0.27  # 1000 pixels of 0.1 mm
    assert drawn_mm == pytest.approx(100, rel=0.02)
    assert viewport.state.corners.bottom_left[0] == "True size"
    hand.press("F")
    assert viewport.state.corners.bottom_left[0].startswith("Same size")


def test_the_next_step_is_reduced_before_it_is_asked_for(hand, tmp_path):
    before = exam(study="1.2.7.2", date="20240101")
    opened(hand, write(tmp_path / "exam", *exam(), *before))
    hand.press("Space", "Space")
    coming = [p for p in hand.desk.hanging.steps[3].pictures if p.startswith("1.2.7.2.")]
    stacks = hand.desk.pixels.stacks
    hand.until(lambda: all(name in stacks and stacks[name].complete for name in coming))
    hand.until(lambda: all(name in hand.desk.pixels.breasts for name in coming))
    hand.until(lambda: all(len(Source(stacks[name]).slice(0)._pixels) > MOST_HALVES for name in coming))
    assert not {view.display_set for view in hand.desk.views.visible} & set(coming)


def test_a_tomosynthesis_stack_hangs_by_its_image_orientation(hand, tmp_path):
    """Slices of a right CC, stored mirrored, whose front points along growing columns."""
    slices = []
    for number in range(6):
        one = mammogram(1, "R", "CC", pixels=hung("R")[:, ::-1], PatientOrientation=None)
        one.SOPInstanceUID, one.InstanceNumber = f"1.2.7.1.1.{number + 1}", number + 1
        one.ImageOrientationPatient, one.PixelSpacing = [0, -1, 0, 1, 0, 0], [0.1, 0.1]
        one.ImagePositionPatient, one.FrameOfReferenceUID = [0, 0, 2.0 * number], "1.2.7.9"
        slices.append(one)
    hand.open(write(tmp_path / "stack", *slices))
    hand.rest()
    viewport = next(v for v in hand.window.images.viewports.values() if v.state.display_set)
    assert viewport.frame().letters == ("A", "R", "P", "L")
    assert viewport.state.pose.edge == "right"
    assert viewport.state.pose.turn.across
    assert viewport.state.corners.bottom_left[0] == "Slice 4 / 6  6.0 mm over the first"


def test_a_snapshot_shows_what_the_viewport_showed(hand, tmp_path):
    images = [mammogram(1, "R", "CC", way=WAYS[1], pixels=bigger("R"))]
    hand.open(write(tmp_path / "exam", *images))
    hand.until(lambda: hand.desk.pixels.breasts)
    view = hand.desk.views.active
    hand.desk.views.set_zoom(view.id, 2.0, (-30.0, 40.0))
    hand.desk.changed()
    hand.rest()
    hand.press("F12")
    (taken,) = hand.desk.reading.snapshots
    desk = hand.desk
    png = figure_picture(taken.key, desk.study, desk.reading, desk.pixels.stacks, {}, press)
    drawn = QImage.fromData(png).convertToFormat(QImage.Format.Format_Grayscale8)
    seen = QImage(hand.viewport(view.id).grab().toImage()).convertToFormat(QImage.Format.Format_Grayscale8)
    one, other = (grey(picture.scaled(64, 64)) for picture in (drawn, seen))
    assert one.std() > 20
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95


def grey(picture):
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return rows[8:-8, 8 : picture.width() - 8].astype(float)
