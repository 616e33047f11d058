"""Axes as radiologists draw them, and patches on the grid of the input."""

import numpy as np
import pytest

from inference.cases import Grid
from inference.pipelines.measure import axes, sphere_diameter, to_input
from tests.inference.pipelines.bodies import AXIAL

GRID = Grid((100.0, 50.0, -20.0), AXIAL, (1.0, 1.0, 1.0), (60, 60, 60))


def _ellipsoid(radii, turn=0.0, side=41):
    z, y, x = np.meshgrid(*[np.arange(side) - side // 2] * 3, indexing="ij")
    a, b = np.cos(turn) * x + np.sin(turn) * y, -np.sin(turn) * x + np.cos(turn) * y
    far = np.sqrt((z / radii[0]) ** 2 + (b / radii[1]) ** 2 + (a / radii[2]) ** 2)
    return np.clip(0.5 - (far - 1) * min(radii), 0, 1).astype(np.float32)


@pytest.mark.parametrize("turn", [0.0, 0.6, 2.0])
def test_long_and_short_axis_lie_in_the_widest_axial_plane(turn):
    measured = axes(_ellipsoid((14, 5, 9), turn), (5, 6, 7), GRID)
    assert measured.long_mm == pytest.approx(18, abs=0.5)
    assert measured.short_mm == pytest.approx(10, abs=0.5)
    (a, b), (c, d) = measured.long_ends, measured.short_ends
    assert np.linalg.norm(np.subtract(a, b)) == pytest.approx(measured.long_mm)
    assert np.dot(np.subtract(a, b), np.subtract(c, d)) == pytest.approx(0, abs=0.5)
    middle = GRID.index_to_patient((5 + 20, 6 + 20, 7 + 20))
    assert np.add(a, b) / 2 == pytest.approx(middle, abs=0.7)
    assert a[2] == b[2] == c[2]


def test_nothing_to_measure():
    assert axes(np.zeros((5, 5, 5), np.float32), (0, 0, 0), GRID) is None
    one = np.zeros((3, 3, 3), np.float32)
    one[1, 1, 1] = 1
    assert axes(one, (0, 0, 0), GRID).long_mm == pytest.approx(1, abs=0.5)


def test_a_mask_keeps_place_and_volume_on_the_grid_of_the_input():
    target = Grid((95.0, 130.0, 60.0), ((0, 0, -1), (0, -1, 0), (1, 0, 0)), (2.5, 0.7, 0.7), (40, 130, 120))
    patch = _ellipsoid((6, 6, 6))
    there = to_input(patch, (10, 10, 10), GRID, target)
    mask = there.values >= 0.5
    assert mask.sum() * 2.5 * 0.49 == pytest.approx(4 / 3 * np.pi * 216, rel=0.06)
    middle = np.argwhere(mask).mean(axis=0) + there.start
    assert target.index_to_patient(middle) == pytest.approx(GRID.index_to_patient((30, 30, 30)), abs=0.3)


def test_a_patch_beyond_the_input_is_none():
    far = Grid((900.0, 0.0, 0.0), AXIAL, (1.0, 1.0, 1.0), (4, 4, 4))
    assert to_input(_ellipsoid((3, 3, 3)), (0, 0, 0), GRID, far) is None


def test_sphere_diameter():
    assert sphere_diameter(np.pi * 1000 / 6) == pytest.approx(10)
