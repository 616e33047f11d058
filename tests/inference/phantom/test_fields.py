import numpy as np
import pytest

from inference.phantom.fields import (
    Lattice,
    Reader,
    both,
    coarse_lattice,
    enlarge,
    noise,
    smooth_path,
    superellipsoid,
    tube,
    union,
)


@pytest.fixture(scope="module")
def coarse():
    return coarse_lattice((-30.0, -30.0, -30.0), (30.0, 30.0, 30.0))


@pytest.mark.parametrize("step", [(1.0, 1.0, 1.0), (2.5, 0.7, 0.7)])
def test_a_ball_has_its_volume_on_any_grid(coarse, step):
    ball = superellipsoid(coarse.mesh(), (1.0, -2.0, 3.0), (14.0, 14.0, 14.0))
    shape = tuple(round(50 / s) for s in step)
    lattice = Lattice((-25.0, -25.0, -25.0), step, shape)
    reader = Reader(coarse, lattice)
    inside = sum((reader.plane(ball, k) < 0).sum() for k in range(shape[0]))
    assert inside * np.prod(step) == pytest.approx(4 / 3 * np.pi * 14**3, rel=0.05)


def test_a_field_is_read_in_its_box_as_in_the_whole_slice(coarse):
    field = noise(np.random.default_rng(1), coarse, 12)
    lattice = Lattice((-20.0, -20.0, -20.0), (1.0, 0.9, 1.1), (30, 40, 36))
    reader = Reader(coarse, lattice)
    box = reader.reach(field, 7, -1.0)
    assert box is not None
    whole = reader.plane(field, 7)
    np.testing.assert_array_equal(reader.plane(field, 7, box), whole[box])
    whole[box] = 9.0
    assert whole.min() > -1.0  # nothing that deep was left outside


def test_reach_is_none_where_there_is_nothing(coarse):
    field = np.ones(coarse.shape, np.float32)
    assert Reader(coarse, Lattice((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (4, 4, 4))).reach(field, 0, 0.0) is None


def test_a_tube_is_as_wide_as_said(coarse):
    path = np.array([[-20.0, 0.0, 0.0], [20.0, 0.0, 0.0]])
    field = tube(coarse.mesh(), path, np.array([6.0, 6.0]))
    plane = Reader(coarse, Lattice((0.0, -15.0, -15.0), (1.0, 0.5, 0.5), (1, 61, 61))).plane(field, 0)
    assert np.sqrt((plane < 0).sum() * 0.25 / np.pi) == pytest.approx(6.0, abs=0.3)


def test_rounding_only_adds_to_a_union_and_only_takes_from_an_intersection():
    a = np.linspace(-5, 5, 41, dtype=np.float32)
    b = -a
    assert (union(a, b, 3.0) <= np.minimum(a, b)).all()
    assert (both(a, b, 3.0) >= np.maximum(a, b)).all()
    far = np.abs(a - b) > 3
    np.testing.assert_allclose(union(a, b, 3.0)[far], np.minimum(a, b)[far])


def test_a_smooth_path_goes_through_its_points():
    points = np.array([[0.0, 0.0, 0.0], [10.0, 5.0, 0.0], [20.0, 0.0, 4.0]])
    np.testing.assert_allclose(smooth_path(points, 4)[::4], points, atol=1e-9)


def test_a_plane_is_enlarged_in_its_place():
    coarse = Lattice((0.0, -10.0, 5.0), (1.0, 0.5, 0.4), (1, 60, 70))
    fine = Lattice((0.0, -8.0, 7.0), (1.0, 0.11, 0.13), (1, 150, 120))

    def wave(lattice):
        _, y, x = lattice.mesh()
        return (np.sin(y / 3) + np.cos(x / 4))[0].astype(np.float32)

    found = enlarge(wave(coarse), coarse, fine)
    assert found.shape == fine.shape[1:]
    np.testing.assert_allclose(found, wave(fine), atol=0.01)
