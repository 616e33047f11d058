"""Long and short axis of an outline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.core.measure.outline import area_mm2, axes_of

ANGLE = np.arange(120) * 2 * np.pi / 120


def ellipse(long, short, turn=0.0):
    points = np.stack([long / 2 * np.cos(ANGLE), short / 2 * np.sin(ANGLE)], axis=1)
    return points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def length(ends):
    return float(np.linalg.norm(ends[1] - ends[0]))


@given(st.floats(5, 40), st.floats(0.4, 0.97), st.floats(0, np.pi))
def test_an_ellipse_in_any_direction(long, ratio, turn):
    axes = axes_of(ellipse(long, ratio * long, turn))
    assert axes.long_mm == pytest.approx(long, rel=0.01)
    assert length(axes.short) == pytest.approx(ratio * long, rel=0.02)
    assert (axes.long[1] - axes.long[0]) @ (axes.short[1] - axes.short[0]) == pytest.approx(0, abs=1e-6)


def test_the_short_axis_lies_where_the_outline_is_widest_not_at_the_middle():
    pear = np.array([[-6, 0], [2, -3], [6, 0], [2, 3]], float)
    axes = axes_of(pear)
    assert (
        axes.long_mm == 12 and length(axes.short) == pytest.approx(6) and axes.short[0][0] == pytest.approx(2)
    )


def test_the_area_does_not_depend_on_the_sense_of_rotation():
    assert area_mm2(ellipse(10, 6)) == pytest.approx(np.pi * 15, rel=0.01)
    assert area_mm2(ellipse(10, 6)[::-1]) == pytest.approx(np.pi * 15, rel=0.01)
