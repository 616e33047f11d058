"""The table against the standard's own words, value by value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.core.pixels.grey import Grey, Lut, MovedLut, Window
from viewer.core.pixels.reference import display_value, modality_value
from viewer.core.pixels.table import full_range, grey_table, modality_table, presentation_table
from viewer.core.pixels.voi import as_window, auto_window, from_window

numbers = st.floats(-5000, 5000, allow_nan=False)
windows = st.one_of(
    st.builds(Window, numbers, st.floats(1, 20000), st.just("w"), st.just("LINEAR")),
    st.builds(
        Window, numbers, st.floats(0.01, 20000), st.just("w"), st.sampled_from(["LINEAR_EXACT", "SIGMOID"])
    ),
)
luts = st.builds(
    lambda first, entries, bits: Lut(first, np.array([e % 2**bits for e in entries], "<u2").tobytes(), bits),
    st.integers(-2000, 2000),
    st.lists(st.integers(0, 65535), min_size=1, max_size=300),
    st.integers(8, 16),
)
moved = st.builds(MovedLut, luts, numbers, st.floats(1, 20000))
greys = st.builds(
    Grey,
    signed=st.booleans(),
    slope=st.floats(0.001, 50).map(lambda x: round(x, 4)),
    intercept=numbers,
    modality_lut=st.one_of(st.none(), luts),
    voi=st.one_of(windows, luts, moved),
    presentation_lut=st.one_of(st.none(), luts),
    invert=st.booleans(),
    padding=st.one_of(st.none(), st.tuples(st.integers(-3000, 0), st.integers(0, 500))),
)
stored_values = st.lists(st.integers(0, 65535), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(greys, stored_values)
def test_every_value_is_what_the_standard_says(grey, codes):
    table, levels = presentation_table(grey), grey_table(grey)
    for code in codes:
        wanted = display_value(code - (0x8000 if grey.signed else 0), grey)
        assert table[code] == pytest.approx(wanted, abs=1e-9)
        assert abs(int(levels[code]) - wanted * 255) <= 0.5 + 1e-6


@settings(max_examples=50, deadline=None)
@given(greys, stored_values)
def test_modality_values(grey, codes):
    table = modality_table(grey)
    for code in codes:
        assert table[code] == modality_value(code - (0x8000 if grey.signed else 0), grey)


def test_a_ct_window_as_every_radiologist_knows_it():
    table = grey_table(Grey(signed=True, voi=Window(40, 400)))
    hu = {-160: 0, -161: 0, 39: 127, 40: 128, 239: 255, 1000: 255}
    assert {value: int(table[value + 0x8000]) for value in hu} == hu


def test_calibration_comes_last():
    ramp = Grey(voi=Window(32767.5, 65535, function="LINEAR_EXACT"))
    backwards = Grey(voi=ramp.voi, calibration=bytes(range(255, -1, -1)))
    assert np.array_equal(grey_table(backwards), 255 - grey_table(ramp))


def test_padding_is_black_in_both_polarities():
    for invert in (False, True):
        table = grey_table(Grey(signed=True, voi=Window(0, 4000), invert=invert, padding=(-2000, -2000)))
        assert table[0x8000 - 2000] == 0
    assert table[0x8000 - 1999] == 255


@pytest.mark.parametrize(("signed", "low", "high"), [(False, 0, 4095), (True, -2048, 2047)])
def test_without_a_window_the_stored_bits_are_the_range(signed, low, high):
    window = full_range(Grey(signed=signed, bits_stored=12))
    assert (window.centre - window.width / 2, window.centre + window.width / 2) == (low, high)


def test_the_automatic_window_leaves_padding_out():
    codes = np.array([[0x8000 - 2000, 0x8000 + 10], [0x8000 + 30, 0x8000 + 20]], np.uint16)
    grey = Grey(signed=True, slope=2, intercept=1, padding=(-2000, -2000))
    window = auto_window(codes, grey)
    assert (window.centre - window.width / 2, window.centre + window.width / 2) == (21, 61)


def test_the_automatic_window_of_a_flat_image_is_the_full_range():
    grey = Grey(bits_stored=8)
    assert auto_window(np.full((4, 4), 7, np.uint16), grey) == full_range(grey)


CURVE = np.array([0, 10, 40, 160, 640, 1023], "<u2").tobytes()


def test_a_lut_keeps_its_curve_when_its_window_is_dragged():
    lut = Lut(1000, CURVE, 10, "film")
    other = Lut(0, CURVE, 10)
    window = as_window(lut, (other, lut))
    assert (window.centre, window.width, window.name, window.function) == (1002.5, 5, "film", "LUT 2")
    assert from_window(window, (other, lut)) is lut
    still = presentation_table(Grey(voi=MovedLut(lut, window.centre, window.width)))
    assert np.array_equal(still, presentation_table(Grey(voi=lut)))
    brighter = presentation_table(Grey(voi=from_window(Window(990.0, 10.0, "", "LUT 2"), (other, lut))))
    assert np.array_equal(brighter[985:996:2], presentation_table(Grey(voi=lut))[1000:1006])


def test_a_lut_that_is_not_there_is_no_window():
    assert from_window(Window(0, 1, "", "LUT 3"), (Lut(0, CURVE, 10),)) is None
