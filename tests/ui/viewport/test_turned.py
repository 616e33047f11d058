"""A picture that is turned for hanging is the same picture in both backends."""

import numpy as np
import pytest

from tests.core.hanging.files import WAYS
from tests.ui.viewport.scenes import ct, grey_of, noise, state
from tests.ui.viewport.test_exact import LETTERS, WIDE
from viewer.core.hanging.pose import Pose, Turn


def as_stored(picture, turn):
    """The picture that is `picture` once it is turned."""
    out = picture[:: -1 if turn.down else 1, :: -1 if turn.across else 1]
    return np.ascontiguousarray(out.T if turn.transposed else out)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pixels", [False, True])
def test_each_of_the_eight_ways_is_exact(make, way, pixels):
    turn, codes = Turn(*way), noise(1, 160, 200)
    stack = ct(as_stored(codes[0], turn)[None])
    viewport = make()
    viewport.show_state(state(window=WIDE, pose=Pose(turn, pixels=pixels)), stack)
    assert viewport.placement().exact
    shown = viewport.grab_rgb().astype(int)
    expected = grey_of(codes[0], WIDE)[..., None]
    assert np.abs(shown - expected)[LETTERS].max() == 0


@pytest.mark.parametrize("way", [WAYS[3], WAYS[6]])
def test_a_magnified_picture_lies_where_its_placement_says(make, way):
    turn = Turn(*way)
    codes = np.zeros((160, 200), np.uint16)
    codes[30:40, 20:40] = 60000
    viewport = make()
    pose = Pose(turn, pixels=True)
    viewport.show_state(state(window=WIDE, pose=pose, zoom=2.0), ct(as_stored(codes, turn)[None]))
    rows, columns = np.nonzero(viewport.grab_rgb()[..., 0] > 200)
    inside = LETTERS[rows, columns]
    place = viewport.placement()
    for x, y in zip(columns[inside][::50], rows[inside][::50], strict=True):
        column, row = place.to_image(x + 0.5, y + 0.5)
        u, v = turn.onto_screen((column, row), as_stored(codes, turn).shape)
        assert 19 <= u <= 41
        assert 29 <= v <= 41
