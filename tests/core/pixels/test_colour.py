"""Colour conversions against the formulas, and palettes."""

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.core.pixels.colour import apply_palette, luminance, to_eight_bits, unpack_422, ybr_full_to_rgb
from viewer.core.pixels.grey import Lut
from viewer.core.pixels.palette import expand_segments

byte = st.integers(0, 255)


@given(byte, byte, byte)
def test_ybr_full_and_back(red, green, blue):
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    b = 128 - 0.1687 * red - 0.3313 * green + 0.5 * blue
    r = 128 + 0.5 * red - 0.4187 * green - 0.0813 * blue
    ybr = np.clip(np.rint([[[y, b, r]]]), 0, 255).astype(np.uint8)
    assert np.abs(ybr_full_to_rgb(ybr).astype(int) - [red, green, blue]).max() <= 2


def test_half_chroma_is_shared_by_two_pixels():
    pairs = np.array([10, 20, 30, 40, 50, 60, 70, 80], np.uint8)
    assert unpack_422(pairs, 1, 4).tolist() == [[[10, 30, 40], [20, 30, 40], [50, 70, 80], [60, 70, 80]]]


def test_luminance_of_the_primaries():
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert luminance(primaries).tolist() == [[76, 150, 29, 255]]
    yiq = [round(255 * colorsys.rgb_to_yiq(*(p / 255 for p in pixel))[0]) for pixel in primaries[0].tolist()]
    assert np.abs(luminance(primaries)[0] - np.array(yiq)).max() <= 1


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_deep_colour_is_scaled(bits):
    dtype = np.uint8 if bits == 8 else np.uint16
    ends = np.array([[[0, 2**bits - 1, 2 ** (bits - 1)]]], dtype)
    assert to_eight_bits(ends, bits).tolist() == [[[0, 255, 128]]]


def palette(bits, first=0):
    wide = 257 if bits == 16 else 1
    red, green = (np.array(v, "<u2") * wide for v in ([0, 100, 255], [5, 6, 7]))
    return tuple(Lut(first, v.astype("<u2").tobytes(), bits) for v in (red, green, red[::-1]))


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_with_values_outside(bits):
    rgb = apply_palette(np.array([[0, 1, 2, 3, 4, 9]], np.uint16), palette(bits, first=1))
    assert rgb[0].tolist() == [[0, 5, 255], [0, 5, 255], [100, 6, 100], [255, 7, 0], [255, 7, 0], [255, 7, 0]]


def words(*values):
    return np.array(values, "<u2").tobytes()


def test_segments_expand():
    discrete, linear = (0, 2, 10, 20), (1, 4, 60)
    assert expand_segments(words(*discrete, *linear), 6) == words(10, 20, 30, 40, 50, 60)
    indirect = (2, 1, 0, 0)  # the one segment at byte offset 0 again
    assert expand_segments(words(*discrete, *indirect), 4) == words(10, 20, 10, 20)


@given(st.lists(st.integers(0, 65535), max_size=60), st.integers(1, 300))
def test_no_palette_hangs_or_grows(segments, count):
    out = expand_segments(words(*segments), count)
    assert out is None or len(out) == 2 * count
