"""Air beside the breast is black in every window, in both backends; skin and labels stay as they are."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtTest import QTest

from tests.ui.viewport.scenes import ct, state
from viewer.app.display import Corners, Window
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.hanging.breast import air_round
from viewer.core.pixels.grey import Grey
from viewer.core.pixels.table import grey_table
from viewer.ui.viewport.cpu import REST_MS

ROWS, COLUMNS = 960, 720
LABEL = np.s_[100:116, 600:640]


def breast(air=200, inverted=False):
    """Codes of a left breast with noise, a thin label beside it, and a dark spot in it."""
    row, column = np.indices((ROWS, COLUMNS))
    inside = (column / 420) ** 2 + ((row - 480) / 380) ** 2 < 1
    codes = np.where(inside, 2400.0, air) + np.random.default_rng(2).normal(0, 15, inside.shape)
    codes[460:500, 100:140] = air
    codes[LABEL][::4] = 4000
    codes = np.clip(codes, 0, 4095).round().astype(np.uint16)
    return (4095 - codes if inverted else codes), inside


def shown(make, codes, window, air, invert=False, **fields):
    more = {"signed": False, "units": "", "modality": "MG", "bits_stored": 12}
    more["mammogram"] = Mammogram(side="L", view="CC")
    more["windows"] = (Window(2047.5, 4096.0),)
    stack = ct(codes[None], spacing=(1.0, 0.1, 0.1), **(more | fields))
    viewport = make(COLUMNS // 2, ROWS // 2)
    viewport.show_state(state(window=window, air=air, invert=invert), stack)
    QTest.qWait(REST_MS + 80)
    return viewport.grab_rgb()[..., 0]


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_air_is_black_in_every_window_and_skin_and_labels_are_untouched(make, invert, photometric):
    codes, inside = breast(inverted=photometric == "MONOCHROME1")
    odd = Window(300.0 if photometric == "MONOCHROME2" else 3795.0, 900.0)
    bare = shown(make, codes, odd, False, invert, photometric=photometric)
    dark = shown(make, codes, odd, True, invert, photometric=photometric)
    near = np.zeros_like(inside)
    near[56:160, 560:680] = True
    beside = ~inside & ~near & (np.indices(inside.shape)[1] > 520)
    middle = np.s_[30:-30, 30:-30]
    air = beside[::2, ::2][middle]
    assert set(np.unique(dark[middle][air])) == {0}
    assert np.median(bare[middle][air]) > 40
    kept = inside[::2, ::2][middle]
    assert (dark[middle][kept] == bare[middle][kept]).all()
    label = np.s_[50:58, 300:320]
    assert (dark[label] == bare[label]).all()


def test_an_image_without_a_dark_ground_keeps_all_of_it():
    table = grey_table(Grey(bits_stored=12))
    assert air_round(np.full((60, 80), 3000, np.uint16), table, 3) is None


@pytest.mark.parametrize(("middle", "low"), [(480, False), (40, True)])
def test_side_and_view_stay_off_a_breast_that_reaches_their_corner(make, middle, low):
    """The outer upper corner of a left breast is at the right."""
    row, column = np.indices((ROWS, COLUMNS))
    inside = (column / 690) ** 2 + ((row - middle) / 420) ** 2 < 1
    codes = np.where(inside, 1500, 200).astype(np.uint16)
    more = {"signed": False, "units": "", "modality": "MG", "mammogram": Mammogram(side="L", view="CC")}
    stack = ct(codes[None], spacing=(1.0, 0.1, 0.1), windows=(Window(2047.5, 4096.0),), **more)
    viewport = make(COLUMNS, ROWS)
    corners = Corners(label="L CC", label_note="5 Jan 2026", label_right=True)
    plain = state(window=Window(2047.5, 4096.0), air=True)
    viewport.show_state(plain, stack)
    QTest.qWait(REST_MS + 80)
    bare = viewport.grab_rgb()
    viewport.show_state(replace(plain, corners=corners), stack)
    QTest.qWait(REST_MS + 80)
    named = (viewport.grab_rgb() != bare).any(axis=-1)
    assert named.any()
    assert not (named & inside).any()
    assert (np.flatnonzero(named.any(axis=1)).min() > ROWS // 2) == low
