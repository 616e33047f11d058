from dataclasses import replace

import numpy as np
import pytest

from tests.core.report import made
from viewer.core.dicom.geometry import Geometry
from viewer.core.reading.codec import from_json, to_json
from viewer.core.reading.finding import Finding
from viewer.core.reading.mask import PackedMask, pack, unpack

GRID = made.display_set().geometry
BALL = made.ball(made.display_set(), (0.0, 0.0, 10.0), 6.0)


def grown(slices: int) -> Geometry:
    """The grid after so many slices came in front of it."""
    x, y, z = GRID.origin_mm
    return replace(GRID, origin_mm=(x, y, z - slices * GRID.spacing_mm[0]), shape=(12 + slices, 64, 64))


def test_a_mask_comes_back_as_it_was():
    voxels, start = unpack(pack(BALL.voxels, BALL.start, GRID), GRID)
    assert np.array_equal(voxels, BALL.voxels)
    assert start == BALL.start


def test_it_is_small_and_goes_through_the_log_as_part_of_its_mark():
    packed = pack(BALL.voxels, BALL.start, GRID)
    assert len(packed.bits) < BALL.voxels.size / 4
    mark = made.finding("R1", mask=packed)
    assert from_json(to_json(mark), Finding) == mark


def test_slices_that_come_later_move_it_along():
    packed = pack(BALL.voxels, BALL.start, GRID)
    voxels, start = unpack(packed, grown(3))
    assert np.array_equal(voxels, BALL.voxels)
    assert start == (BALL.start[0] + 3, *BALL.start[1:])


@pytest.mark.parametrize(
    "other",
    [
        replace(GRID, spacing_mm=(1.0, 0.8, 0.8)),
        replace(GRID, spacing_mm=(2.0, 0.7, 0.7)),
        replace(GRID, origin_mm=(-30.3, -30.0, 0.0)),
    ],
)
def test_on_another_grid_there_is_no_mask(other):
    assert unpack(pack(BALL.voxels, BALL.start, GRID), other) is None


@pytest.mark.parametrize("bits", ["", "!!", "AAAA", "eJwDAAAAAAE="])
def test_bits_that_do_not_fill_the_box_are_no_mask(bits):
    packed = pack(BALL.voxels, BALL.start, GRID)
    assert unpack(replace(packed, bits=bits), GRID) is None


def test_a_box_of_absurd_size_is_refused_before_it_is_filled():
    end = tuple(float(v) for v in GRID.index_to_patient((9_999_999, 999, 999)))
    huge = PackedMask(
        first_lps_mm=GRID.origin_mm, last_lps_mm=end, shape=(10_000_000, 1000, 1000), bits="eJwDAAAAAAE="
    )
    assert unpack(huge, GRID) is None
