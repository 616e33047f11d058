"""Shutters against the standard's own words, pixel by pixel."""

import math

import numpy as np
import pytest

from viewer.core.pixels.shutter import Shutter, outside

ROWS, COLUMNS = 11, 13


def covered(*shutters, aspect=1.0):
    return outside(shutters, ROWS, COLUMNS, aspect)


def test_a_rectangle_shows_its_edges_and_what_lies_between():
    mask = covered(Shutter("rectangle", (3, 10, 2, 7)))
    for row in range(1, ROWS + 1):
        for column in range(1, COLUMNS + 1):
            assert mask[row - 1, column - 1] == (not (3 <= column <= 10 and 2 <= row <= 7))


@pytest.mark.parametrize("aspect", [1.0, 2.0])
def test_a_circle_is_round_on_the_screen(aspect):
    mask = covered(Shutter("circle", (6, 7, 4)), aspect=aspect)
    for row in range(1, ROWS + 1):
        for column in range(1, COLUMNS + 1):
            assert mask[row - 1, column - 1] == (math.hypot((row - 6) * aspect, column - 7) > 4)


def test_a_polygon_closes_itself():
    triangle = covered(Shutter("polygon", (1.5, 2.5, 9.5, 2.5, 9.5, 10.5)))
    assert not triangle[7, 4]
    assert triangle[2, 8] and triangle[0, 0] and triangle[10, 12]
    assert np.count_nonzero(~triangle) == pytest.approx(32, abs=4)


def test_only_what_lies_in_every_shape_is_seen():
    both = covered(Shutter("rectangle", (1, 5, 1, 11)), Shutter("rectangle", (4, 13, 1, 11)))
    assert np.flatnonzero(~both.all(axis=0)).tolist() == [3, 4]


def test_a_shutter_round_the_whole_image_covers_nothing():
    assert covered(Shutter("rectangle", (0, 99, 0, 99))) is None
    assert covered() is None
