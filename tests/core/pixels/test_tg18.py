"""Test patterns have what AAPM TG18 asks of them."""

import numpy as np
import pytest

from viewer.core.pixels import tg18


@pytest.mark.parametrize("number", range(1, 19))
def test_ln_is_a_field_of_a_tenth_of_the_area_on_a_fifth_of_the_luminance(number):
    picture = tg18.ln(number, 1920, 1080)
    field = picture != 153
    assert picture[540, 960] == (number - 1) * 15
    assert field.mean() == pytest.approx(0.1, rel=0.005)
    assert np.unique(picture).size == 2


@pytest.mark.parametrize("size", [680, 1024, 2048])
def test_qc_has_sixteen_patches_with_their_low_contrast_corners(size):
    picture, unit = tg18.qc(size), size / 1024
    found = set()
    for row in range(5):
        for column in range(5):
            x, y = (int((202 + n * 124 + 62) * unit) for n in (column, row))
            value, half = int(picture[y, x]), int(47 * unit)
            if not (0 < row < 4 and 0 < column < 4):
                found.add(value)
                corners = (picture[y - half, x - half], picture[y + half, x + half])
                assert [int(c) - value for c in corners] == [4, 4]
                assert int(picture[y - half, x + half]) - value == -4
    assert found == set(range(8, 249, 16))


def test_qc_has_line_pairs_at_the_nyquist_frequency_in_the_middle_and_the_corners():
    picture = tg18.qc(1024)
    for x, y in ((512, 512), (110, 110), (914, 110), (110, 914), (914, 914)):
        block = picture[y - 48 : y - 27, x - 48 : x - 26]
        assert (block[:, ::2] == 0).all() and (block[:, 1::2] == 255).all()
        low = picture[y + 1 : y + 20, x - 48 : x - 26]
        assert set(np.unique(low)) == {128, 130}


def test_qc_has_every_value_in_its_ramps_and_5_per_cent_at_both_ends():
    picture = tg18.qc(1024)
    assert set(picture[256:768, 40].tolist()) == set(range(256))
    assert (picture[512, 388], picture[470, 345]) == (13, 0)
    assert (picture[512, 636], picture[470, 595]) == (242, 255)
