"""The standard display function against its published values, and calibrations against a plain search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.core.pixels.grey import Grey, Window
from viewer.core.pixels.gsdf import P_VALUES, calibration, deviation, jnd, luminance, responses
from viewer.core.pixels.table import grey_table, presentation_table

INVERSE = (71.498068, 94.593053, 41.912053, 9.8247004, 0.28175407, -1.1878455, -0.18014349, 0.14710899,
           -0.017046845)  # fmt: skip
"""Coefficients A to I of PS3.14 7.1, the standard's own way back; good to 3e-3."""


def monitor(gamma=2.2, black=0.4, white=350.0, count=18):
    levels = np.rint(np.linspace(0, 255, count)).astype(int)
    return [(int(n), black + (white - black) * (n / 255) ** gamma) for n in levels]


def test_the_ends_of_the_function():
    assert luminance(np.array([1.0, 1023.0])) == pytest.approx([0.05, 3993.404], rel=5e-4)


def test_the_way_back_is_that_of_the_standard():
    for cd_m2 in (0.06, 0.5, 1.0, 10.0, 80.0, 500.0, 3900.0):
        wanted = sum(c * np.log10(cd_m2) ** n for n, c in enumerate(INVERSE))
        assert jnd(np.array([cd_m2]))[0] == pytest.approx(wanted, rel=0.01, abs=0.05)
        assert luminance(jnd(np.array([cd_m2])))[0] == pytest.approx(cd_m2, rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.floats(1.4, 2.8), st.floats(0.05, 1.0), st.floats(100, 1000), st.floats(0, 2), st.integers(18, 60))
def test_every_p_value_gets_the_nearest_level_that_the_monitor_has(gamma, black, white, ambient, count):
    pairs = monitor(gamma, black, white, count)
    levels = np.frombuffer(calibration(pairs, ambient), np.uint8)
    steps = responses(pairs, ambient)
    wanted = np.linspace(steps[0], steps[-1], P_VALUES)
    assert len(levels) == P_VALUES
    assert (levels[0], levels[-1]) == (0, 255)
    assert (np.diff(levels.astype(int)) >= 0).all()
    best = np.abs(steps[None, :] - wanted[::37, None]).min(axis=1)
    assert np.abs(steps[levels[::37]] - wanted[::37]) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("gamma", [1.8, 2.2, 2.6])
def test_a_calibrated_monitor_keeps_to_the_function_and_an_uncalibrated_one_does_not(gamma):
    pairs = monitor(gamma, count=256)
    identity = np.rint(np.arange(P_VALUES) / (P_VALUES - 1) * 255).astype(np.uint8).tobytes()
    assert deviation(pairs, 0.3, calibration(pairs, 0.3)) < 0.15
    assert deviation(pairs, 0.3, identity) > deviation(pairs, 0.3, calibration(pairs, 0.3))


def test_few_measurements_stand_for_all():
    truth, few = monitor(count=256), monitor(count=18)
    by_all, by_few = (np.frombuffer(calibration(p, 0.3), np.uint8).astype(int) for p in (truth, few))
    assert np.abs(by_all - by_few).max() <= 4
    assert deviation(truth, 0.3, by_few.astype(np.uint8).tobytes()) < 0.1


def test_the_calibration_is_the_last_stage_of_the_table():
    levels = np.frombuffer(calibration(monitor(), 0.3), np.uint8)
    grey = Grey(signed=True, voi=Window(40, 400), calibration=levels.tobytes())
    p = presentation_table(grey)
    assert np.array_equal(grey_table(grey), levels[np.rint(p * (P_VALUES - 1)).astype(int)])
