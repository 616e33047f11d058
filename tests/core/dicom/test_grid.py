"""Slice positions and the regular grid under them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.core.dicom.grid import fit_grid, seam

UP = (0.0, 0.0, 1.0)


def along_z(*heights):
    return np.array([(-100.0, -90.0, z) for z in heights])


@given(
    st.floats(0.3, 10),
    st.sets(st.integers(0, 60), min_size=3, max_size=60),
    st.floats(-0.5, 0.5),
)
def test_a_thinned_grid_is_found_again(step, kept, lean):
    slots = sorted(kept)
    slots = [k - slots[0] for k in slots]
    positions = np.array([(0.0, lean * step * k, 7 + step * k) for k in slots])
    grid = fit_grid(positions, UP)
    smallest = min(b - a for a, b in pairwise(slots))
    if smallest != 1 or len(slots) < (slots[-1] + 1) / 2:
        return  # the true step cannot be known from these, or too much is missing
    assert grid.slots == tuple(slots)
    assert grid.step_mm == pytest.approx(step * np.hypot(1, lean))
    assert set(grid.missing) == set(range(slots[-1] + 1)).difference(slots)


def test_positions_written_with_one_decimal_keep_their_true_length():
    true = 0.625 * np.arange(200)
    grid = fit_grid(along_z(*np.round(true, 1)), UP)
    assert grid.missing == ()
    assert grid.step_mm == pytest.approx(0.625, abs=1e-4)


@pytest.mark.parametrize(
    "heights",
    [(0, 2, 3.1, 5, 7.7, 9), (0, 1, 2.4, 3.3), (0, 1, 2, 9), (0, 1, 1, 2), (5, 5)],
)
def test_what_is_no_grid(heights):
    assert fit_grid(along_z(*heights), UP) is None


def test_a_slice_that_slides_sideways_is_no_grid():
    positions = along_z(0, 1, 2, 3, 4)
    positions[2, 0] += 0.5
    assert fit_grid(positions, UP) is None


@pytest.mark.parametrize(
    ("heights", "cut"),
    [
        ((0, 1, 2, 3, 5, 7, 9), 4),
        ((0, 2, 4, 6, 7, 8, 9), 4),
        ((0, 4, 8, 12, 13.1, 20.1, 27.1), 4),
        ((0, 1, 2, 4, 5, 6), None),  # one slice missing
        ((0, 1, 2, 3, 4, 5), None),
        ((0, 1, 3, 5), None),
    ],
)
def test_where_the_step_changes_for_good(heights, cut):
    assert seam(along_z(*heights), UP) == cut
