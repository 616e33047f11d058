"""Midline shift on phantoms that are pushed by a known length, and where no figure may be given."""

import pytest

from inference.pipelines.haemorrhage import shift_of
from inference.pipelines.head import PIXEL_MM, find_head
from inference.pipelines.head_stack import head_stack
from inference.pipelines.midline import midline_shift
from tests.inference.pipelines.heads import FLUID_HU, case, places, shifted, ventricles_mm


def head_of(volume):
    return find_head(head_stack(volume).grey)


def measured(volume):
    head = head_of(volume)
    return midline_shift(head, head.upright.scale * PIXEL_MM)


@pytest.mark.parametrize("push_mm", [0.0, 5.0, -5.0, 10.0])
def test_a_known_shift_is_measured_with_its_side(push_mm):
    volume = shifted(case(bleed=False, pixel_mm=1.1), push_mm)
    true_mm = ventricles_mm(volume)
    assert true_mm == pytest.approx(push_mm, abs=1.5)
    assert measured(volume).shift_mm == pytest.approx(true_mm, abs=2.0)
    said = shift_of(head_of(volume))
    assert said.value_mm == pytest.approx(abs(true_mm), abs=said.within_mm)
    if push_mm:
        assert said.towards == ("L" if push_mm > 0 else "R")


def test_a_tilted_head_of_thin_slices_is_not_shifted():
    assert measured(case(bleed=False, tilt_deg=15.0, slice_mm=2.5)).shift_mm == pytest.approx(0, abs=2.0)


def test_without_ventricles_nothing_is_measured():
    volume = case(bleed=False, pixel_mm=1.1)
    volume.hu[(volume.hu > FLUID_HU[0]) & (volume.hu < FLUID_HU[1])] = 33
    said = shift_of(head_of(volume))
    assert (said.value_mm, said.reason) == (None, "the ventricles are not seen")


def test_a_scan_that_ends_below_the_ventricles_gives_no_figure():
    assert measured(case(bleed=False, pixel_mm=1.1, extent_mm=50.0)).reason == "the ventricles are not seen"


def test_a_skull_that_is_pressed_in_on_one_side_gives_no_figure():
    volume = case(bleed=False, pixel_mm=1.1)
    x, y, _ = places(volume.grid)
    volume.hu[(x > 38) & (y > 0) & (volume.hu > -200)] = 900
    assert measured(volume).reason == "the skull is not symmetric, or cut"


def test_a_midline_beyond_what_is_looked_for_gives_no_figure():
    found = measured(shifted(case(bleed=False, pixel_mm=1.1), 35.0))
    assert found.shift_mm is None and found.reason
