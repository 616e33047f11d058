"""Where a picture lies: fit, zoom at a point, pixels that are not square."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.ui.viewport.placement import LARGEST, SMALLEST, place, zoom_at

SHAPES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))
SPACINGS = st.tuples(st.floats(0.1, 5), st.floats(0.1, 5))
ZOOMS = st.floats(SMALLEST, LARGEST)
PANS = st.tuples(st.floats(-500, 500), st.floats(-500, 500))
SIZE = (1024, 768)


def test_the_whole_image_fits_and_is_centred():
    at = place((512, 512), (0.7, 0.7), 1.0, (0, 0), SIZE)
    assert at.to_device(0, 0) == (128, 0)
    assert at.to_device(512, 512) == (896, 768)


@given(SHAPES, SPACINGS)
def test_a_pixel_keeps_its_shape(shape, spacing):
    at = place(shape, spacing, 1.0, (0, 0), SIZE)
    assert at.sx / spacing[1] == pytest.approx(at.sy / spacing[0])


@given(SHAPES, SPACINGS, ZOOMS, PANS, st.floats(0, 1024), st.floats(0, 768))
def test_there_and_back(shape, spacing, zoom, pan, x, y):
    at = place(shape, spacing, zoom, pan, SIZE)
    back = at.to_device(*at.to_image(x, y))
    assert back == (pytest.approx(x, abs=1e-6), pytest.approx(y, abs=1e-6))


@given(SHAPES, SPACINGS, ZOOMS, PANS, st.floats(0.2, 5), st.floats(0, 1024), st.floats(0, 768))
def test_zooming_leaves_the_point_under_the_pointer(shape, spacing, zoom, pan, factor, x, y):
    before = place(shape, spacing, zoom, pan, SIZE)
    under = before.to_image(x, y)
    after = place(shape, spacing, *zoom_at(before, zoom, factor, x, y), SIZE)
    slack = 1.0 if after.exact else 1e-6 * (1 + abs(x) + abs(y) + 64 * 5000)
    assert after.to_device(*under) == (pytest.approx(x, abs=slack), pytest.approx(y, abs=slack))


def test_zoom_has_bounds():
    before = place((100, 100), (1, 1), 1.0, (0, 0), SIZE)
    assert zoom_at(before, 1.0, 1e9, 0, 0)[0] == LARGEST
    assert zoom_at(before, 1.0, 1e-9, 0, 0)[0] == SMALLEST


@pytest.mark.parametrize("shape", [(100, 101), (101, 100), (333, 511)])
def test_one_to_one_lies_on_whole_pixels(shape):
    fitting = min(SIZE[0] / shape[1], SIZE[1] / shape[0])
    at = place(shape, (1, 1), 1 / fitting, (0.3, -7.7), SIZE)
    assert at.exact
    assert (at.dx, at.dy) == (round(at.dx), round(at.dy))
