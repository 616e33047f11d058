"""Two CT of one person are found to lie beside each other; those of two bodies are not claimed to."""

import numpy as np
import pytest

from viewer.core.dicom.geometry import Geometry
from viewer.core.hanging.registration import STEP, is_upright, look_at, outline, shift_between

SPACING = (2.5, 1.5, 1.5)
SHAPE = (100, 224, 224)


def trunk(heights, lungs=(140.0, 60.0)):
    """(slices, rows, columns) HU of an egg-shaped lung in a body, with a spine, at heights in mm."""
    middle, half = lungs
    _, row, column = np.indices((1, *SHAPE[1:]))
    out = np.full((len(heights), *SHAPE[1:]), -1000, np.int16)
    for number, height in enumerate(heights):
        across = np.hypot((row[0] - 112) / 80, (column[0] - 112) / 100)
        out[number][across < 0.9 + 0.1 * np.sin(height / 40)] = 40
        lung = max(0.0, 1 - ((height - middle) / half) ** 2) ** 0.5 * (0.6 + height / 1000)
        out[number][across < lung * 0.9] = -850
        out[number][np.hypot(row[0] - 170, column[0] - 112) < 12 + 3 * np.cos(height / 11)] = 600
    return out


def seen(hu, *, origin=(0.0, 0.0, 0.0), spacing=SPACING, down=False):
    """The outline of a volume whose slices go up, or down."""
    way = (0.0, 0.0, -1.0 if down else 1.0)
    place = Geometry(origin, way, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), spacing, hu.shape, "1.2.3")
    return outline(np.array([look_at(one[::STEP, ::STEP]) for one in hu]), place)


HEIGHTS = np.arange(SHAPE[0]) * SPACING[0]


def test_the_height_is_found_although_the_table_stood_elsewhere():
    now = seen(trunk(HEIGHTS))
    part = HEIGHTS[12:90]
    before = seen(trunk(part), origin=(20.0, -5.0, -400.0 + part[0]))
    shift = shift_between(now, before)
    assert shift == pytest.approx((20.0, -5.0, -400.0), abs=1.5)
    back = shift_between(before, now)
    assert back == pytest.approx([-value for value in shift], abs=1.5)


def test_thicker_slices_from_head_to_foot_are_found_too():
    heights = np.arange(5, 245, 5.0)[::-1]
    before = seen(trunk(heights), origin=(0, 0, 30.0 + heights[0]), spacing=(5.0, 1.5, 1.5), down=True)
    assert shift_between(seen(trunk(HEIGHTS)), before) == pytest.approx((0, 0, 30), abs=2.5)


def test_what_does_not_fit_is_not_claimed():
    head = np.full((60, 224, 224), -1000, np.int16)
    head[:, 60:160, 60:160] = 40
    assert shift_between(seen(trunk(HEIGHTS)), seen(head)) is None
    assert shift_between(seen(trunk(HEIGHTS)), seen(trunk(HEIGHTS[:10]))) is None
    air = np.full((40, 224, 224), -1000, np.int16)
    assert shift_between(seen(air), seen(air)) is None


def test_slices_along_the_patient_have_no_height():
    axial, coronal = ((0, 0, 1), (0, 1, 0), (1, 0, 0)), ((0, 1, 0), (0, 0, -1), (1, 0, 0))
    stacks = [Geometry((0, 0, 0), *axes, (1, 1, 1), (9, 9, 9), "") for axes in (axial, coronal)]
    assert [is_upright(stack) for stack in stacks] == [True, False]
