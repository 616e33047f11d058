"""Pictures at another size."""

import numpy as np
import pytest

from viewer.core.pixels.resample import resample


def test_shrinking_is_the_area_average():
    picture = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    wanted = picture.reshape(3, 2, 4, 2).mean(axis=(1, 3))
    assert np.abs(resample(picture, 3, 4) - wanted).max() <= 0.5


def test_a_bright_dot_never_vanishes():
    for at in range(9):
        picture = np.zeros((9, 9), np.uint8)
        picture[at, 4] = 255
        assert resample(picture, 2, 2).astype(int).sum() == pytest.approx(255 * 4 / 81, abs=2)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_same_size_is_the_same_picture(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(resample(picture, 5, 7), picture)
    assert resample(picture, 11, 3).shape == (11, 3, *shape[2:])


def test_growing_keeps_flat_areas_flat():
    assert (resample(np.full((3, 3), 77, np.uint8), 10, 20) == 77).all()
