"""Reduced pictures are means; holes stay holes."""

import numpy as np
import pytest

from viewer.ui.viewport.picture import Picture, half, half_without, level_for


def test_half_is_the_mean_of_each_block():
    pixels = np.array([[0, 2, 65535, 65535], [4, 6, 65535, 65534]], np.uint16)
    assert half(pixels).tolist() == [[3, 65535]]
    assert half(pixels).dtype == np.uint16


def test_an_odd_edge_is_not_lost():
    pixels = np.arange(15, dtype=np.uint16).reshape(3, 5)
    assert half(pixels).shape == (2, 3)
    assert half(pixels)[-1, -1] == 14


def test_a_picture_that_two_cores_halve_has_no_seam():
    pixels = np.random.default_rng(3).integers(0, 4096, (2050, 2052)).astype(np.uint16)
    blocks = pixels.reshape(1025, 2, 1026, 2).astype(np.uint32)
    assert np.array_equal(half(pixels), (blocks.sum(axis=(1, 3)) + 2) // 4)


def test_colours_are_halved_too():
    pixels = np.full((4, 6, 3), (10, 20, 30), np.uint8)
    assert (half(pixels) == (10, 20, 30)).all()


@pytest.mark.parametrize(
    ("scale", "level"), [(2.0, 0), (1.0, 0), (0.51, 0), (0.5, 1), (0.26, 1), (0.25, 2), (0.001, 5)]
)
def test_a_reduced_level_still_has_a_pixel_for_each_on_screen(scale, level):
    assert level_for(scale) == level


def test_holes_are_black_at_every_level():
    table = np.full(65536, 200, np.uint8)
    holes = np.zeros((8, 8), bool)
    holes[0, 0] = True
    picture = Picture(np.full((8, 8), 7, np.uint16), holes)
    for level in range(3):
        size = 8 >> level
        shown = picture.shown(table, level, (0, 0, size, size))
        assert shown[0, 0] == 0
        assert (shown == 0).sum() == 1


def test_the_pixels_of_the_stack_are_not_touched():
    pixels = np.full((4, 4, 3), 9, np.uint8)
    Picture(pixels, np.ones((4, 4), bool)).shown(np.zeros(65536, np.uint8), 0, (0, 0, 4, 4))
    assert (pixels == 9).all()


def test_padding_is_left_out_of_means_and_never_made():
    random = np.random.default_rng(5)
    for padding in ((0, 0), (4, 6), (65535, 65535)):
        low = min(padding[0], 65526)
        pixels = random.integers(low, low + 10, (30, 41)).astype(np.uint16)
        out = half_without(pixels, padding)
        padded = np.pad(pixels, ((0, 0), (0, 1)), mode="edge")
        for row in range(15):
            for column in range(21):
                block = padded[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].ravel().astype(int)
                data = block[(block < padding[0]) | (block > padding[1])]
                shown = int(out[row, column])
                if not data.size:
                    assert padding[0] <= shown <= padding[1]
                    continue
                mean = (data.sum() + data.size // 2) // data.size
                on_padding = padding[0] <= mean <= padding[1]
                beside = padding[1] + 1 if padding[1] < 65535 else padding[0] - 1
                assert shown == (beside if on_padding else mean)
