"""Mammograms lie as on the breast, however they are stored."""

import numpy as np
import pytest
from scipy import ndimage

from tests.core.hanging.files import WAYS, hung, letters, stored
from viewer.core.hanging.breast import _opened, breast_box
from viewer.core.hanging.pose import Pose, Turn, anchor_of, turn_of

FOUR = [("R", "CC", "medial"), ("L", "CC", "medial"), ("R", "MLO", "feet"), ("L", "MLO", "feet")]
GREY = np.minimum(np.arange(65536) // 16, 255).astype(np.uint8)


def on_screen(pixels, turn):
    """The picture as `Turn` describes it."""
    out = pixels.T if turn.transposed else pixels
    return out[:: -1 if turn.down else 1, :: -1 if turn.across else 1]


@pytest.mark.parametrize(("side", "view", "down"), FOUR)
@pytest.mark.parametrize("way", WAYS)
def test_eight_ways_of_storing_a_mammogram_are_one_picture_on_screen(side, view, down, way):
    image, orientation = stored(hung(side), letters(side, view), way)
    turn = turn_of(tuple(orientation), side, down)
    np.testing.assert_array_equal(on_screen(image, turn), hung(side))
    right, bottom = letters(side, view)
    assert turn.letters(_edges(orientation))[2:] == (right, bottom)


def _edges(orientation):
    right, bottom = orientation
    back = str.maketrans("RLAPHF", "LRPAFH")
    return right.translate(back), bottom.translate(back), right, bottom


@pytest.mark.parametrize(
    ("orientation", "side", "down"),
    [
        ((), "R", "feet"),
        (("P", "L"), "", "medial"),
        (("P", "L"), "R", ""),
        (("P", "L"), "R", "feet"),
        (("P", "A"), "R", "feet"),
        (("L", "F"), "L", "feet"),
        (("P", "FH"), "L", "feet"),
    ],
)
def test_nothing_is_turned_where_the_header_does_not_say_how(orientation, side, down):
    assert turn_of(orientation, side, down) is None


@pytest.mark.parametrize("turn", [Turn(*way) for way in WAYS])
def test_points_go_to_the_screen_and_back(turn):
    shape = (80, 50)
    assert turn.from_screen(turn.onto_screen((12.5, 3.0), shape), shape) == (12.5, 3.0)
    x, y = turn.onto_screen((12.5, 3.0), shape)
    column, row = turn.from_screen((x + 2, y + 1), shape)
    assert turn.way((2, 1)) == (pytest.approx(column - 12.5), pytest.approx(row - 3.0))


@pytest.mark.parametrize(("edge", "x"), [("left", 0.0), ("right", 300.0)])
@pytest.mark.parametrize("turn", [Turn(*way) for way in WAYS])
def test_the_chest_wall_lies_at_the_edge_of_the_viewport(edge, x, turn):
    shape, spacing, size = (800, 600), (0.1, 0.1), (300, 400)
    pose = Pose(turn, 0.25, edge=edge, centre=(300, 200))
    middle = turn.onto_screen(anchor_of(pose, shape, spacing, size), shape)
    scale = 0.1 / 0.25
    wide = turn.size(shape)[0]
    chest_wall = 0 if edge == "left" else wide
    assert size[0] / 2 + (chest_wall - middle[0]) * scale == pytest.approx(x)
    assert middle[1] == pytest.approx(turn.onto_screen((300, 200), shape)[1])


@pytest.mark.parametrize("side", ["R", "L"])
def test_the_breast_is_found_and_a_marker_beside_it_is_not(side):
    image = np.kron(hung(side), np.ones((10, 10), np.uint16))
    inside = np.argwhere(image)
    marker = np.s_[30:70, 20:80] if side == "R" else np.s_[30:70, -80:-20]
    image[marker] = 4000
    left, top, right, bottom = breast_box(image, GREY)
    assert abs(top - inside[:, 0].min()) <= 24
    assert abs(bottom - inside[:, 0].max()) <= 24
    assert (right if side == "R" else left) == (image.shape[1] if side == "R" else 0)
    assert abs((left - inside[:, 1].min()) if side == "R" else (right - inside[:, 1].max())) <= 24


def test_the_bright_rim_of_a_scanned_film_is_no_breast():
    image = np.kron(hung("L"), np.ones((10, 10), np.uint16))
    image[:, :8] = 3000
    assert breast_box(image, GREY)[1] > 60


def test_an_image_of_air_has_no_breast():
    assert breast_box(np.zeros((400, 300), np.uint16), GREY) is None


def test_small_parts_are_opened_away_as_scipy_does():
    for seed in range(40):
        mask = np.random.default_rng(seed).random((40, 31)) < 0.8
        assert (_opened(mask) == ndimage.binary_opening(mask, iterations=2)).all()
