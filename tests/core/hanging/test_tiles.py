"""Tiles cover the whole breast, and only what was on screen counts as seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.hanging.files import WAYS
from viewer.core.hanging.pose import Turn
from viewer.core.hanging.tiles import Seen, tiles

SHAPE = (3000, 2400)


@given(
    st.integers(0, 2000), st.integers(0, 2500), st.integers(50, 2400), st.integers(50, 3000),
    st.tuples(st.integers(300, 2500), st.integers(300, 2500)), st.sampled_from(WAYS),
)  # fmt: skip
def test_tiles_cover_the_box_and_what_they_show_is_seen(left, top, wide, tall, size, way):
    box = (left, top, min(SHAPE[1], left + wide), min(SHAPE[0], top + tall))
    turn, seen = Turn(*way), Seen(SHAPE)
    covered = np.zeros(SHAPE, bool)
    for column, row in tiles(box, turn, SHAPE, size):
        columns, rows = (abs(v) / 2 for v in turn.way(size))
        part = (column - columns, row - rows, column + columns, row + rows)
        seen.add(*part)
        x0, y0, x1, y1 = (max(0, round(v)) for v in part)
        covered[y0:y1, x0:x1] = True
    assert covered[box[1] + 1 : box[3] - 1, box[0] + 1 : box[2] - 1].all()
    if box[2] - box[0] > 64 and box[3] - box[1] > 64:
        assert seen.share(box) == 1


def test_neighbours_overlap_by_a_tenth_and_go_in_reading_order_on_screen():
    middles = tiles((0, 0, 2400, 3000), Turn(across=True), SHAPE, (1000, 1000))
    assert len(middles) == 3 * 4
    assert middles[0] == pytest.approx((1900, 500))
    assert middles[1][0] < middles[0][0]
    assert abs(middles[0][0] - middles[1][0]) <= 900


def test_half_of_the_breast_is_half_seen():
    seen = Seen(SHAPE)
    seen.add(0, 0, 2400, 1504)
    assert seen.share((0, 0, 2400, 3008)) == pytest.approx(0.5, abs=0.02)
    assert seen.share((0, 0, 2400, 1000)) == 1
