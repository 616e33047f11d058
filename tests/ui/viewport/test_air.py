"""Air beside the breast is black in every window, in both backends; skin and labels stay as they are."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtTest import QTest

from tests.ui.viewport.scenes import ct, state
from viewer.app.display import Corners, TextLevel, Window
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.hanging.breast import air_round
from viewer.core.hanging.pose import Pose
from viewer.core.pixels.grey import Grey
from viewer.core.pixels.slab import Slab, SlabMode
from viewer.core.pixels.table import grey_table
from viewer.ui.viewport import rulers
from viewer.ui.viewport.cpu import REST_MS
from viewer.ui.viewport.source import Source

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


def stack_of(slices, side="L", edge="left", **fields):
    more = {"signed": False, "units": "", "modality": "MG", "bits_stored": 12}
    more |= {"mammogram": Mammogram(side=side, view="CC"), "windows": (Window(2047.5, 4096.0),)}
    return ct(slices, spacing=(1.0, 0.1, 0.1), **(more | fields))


@pytest.mark.parametrize("slab", [None, Slab(SlabMode.BRIGHTEST, 0, 3)])
def test_air_beside_a_stack_is_black_and_no_slice_loses_its_skin(make, slab):
    """The breast is larger in the lower slices: what is air in one is tissue in another."""
    row, column = np.indices((ROWS, COLUMNS))
    insides = [(column / wide) ** 2 + ((row - 480) / 380) ** 2 < 1 for wide in (300, 420, 360)]
    stack = stack_of(np.stack([np.where(inside, 2400, 200).astype(np.uint16) for inside in insides]))
    assert Source(stack).find_ground() is not None
    viewport = make(COLUMNS // 2, ROWS // 2)

    def grey(index, air):
        one = state(window=Window(300.0, 900.0), air=air, index=index, count=3, slab=slab)
        viewport.show_state(one, stack)
        QTest.qWait(REST_MS + 80)
        return viewport.grab_rgb()[40:-40, 10:-60, 0]

    far = (column > 520)[::2, ::2][40:-40, 10:-60]
    for index in range(3):
        bare, dark = grey(index, False), grey(index, True)
        assert bare[far].min() > 40
        assert dark[far].max() == 0
        tissue = insides[1][::2, ::2][40:-40, 10:-60]
        assert (dark[tissue] == bare[tissue]).all(), index


def test_air_of_a_stack_is_looked_for_when_all_slices_are_there():
    codes = np.full((3, ROWS, COLUMNS), 200, np.uint16)
    codes[:, 200:760, :300] = 2400
    stack = stack_of(codes)
    stack.ready[2] = False
    assert Source(stack).find_ground() is None
    stack.ready[2] = True
    assert 0.3 < Source(stack).find_ground().mean() < 0.9


@pytest.mark.parametrize(("wide", "zoom", "drawn"), [(300, 1.0, True), (430, 1.0, True), (430, 6.0, False)])
def test_the_scale_bar_stays_off_the_breast(make, monkeypatch, wide, zoom, drawn):
    """It moves outwards from a breast that reaches the lower edge, and is left out where all is breast."""
    row, column = np.indices((ROWS, COLUMNS))
    inside = (column / wide) ** 2 + ((row - 700) / 600) ** 2 < 1
    stack = stack_of(np.where(inside, 1500, 200).astype(np.uint16)[None])
    viewport = make(COLUMNS, ROWS)
    pan = (-200.0, 220.0) if zoom > 1 else (0.0, 0.0)
    plain = state(
        window=Window(2047.5, 4096.0),
        air=False,
        pose=Pose(edge="left"),
        zoom=zoom,
        pan=pan,
        corners=Corners(label="L CC", label_right=True),
    )
    viewport.show_state(plain, stack)
    QTest.qWait(REST_MS + 80)
    whole = viewport.grab_rgb()
    monkeypatch.setattr(rulers, "scale_bar", lambda sheet: None)
    viewport.show_state(replace(plain, title="again", text_level=TextLevel.MINIMAL), stack)
    viewport.refresh()
    QTest.qWait(REST_MS + 80)
    bar = (viewport.grab_rgb() != whole).any(axis=-1)
    assert bar.any() == drawn
    assert zoom > 1 or not (bar & inside).any()


@pytest.mark.parametrize(("edge", "expected"), [("left", "right"), ("right", "left"), ("", "right")])
def test_the_rail_is_at_the_edge_without_the_chest_wall(make, monkeypatch, edge, expected):
    stack = stack_of(np.full((3, ROWS, COLUMNS), 200, np.uint16), side="R" if edge == "right" else "L")
    viewport = make(COLUMNS // 2, ROWS // 2)
    one = state(window=Window(2047.5, 4096.0), count=3, pose=Pose(edge=edge))
    viewport.show_state(one, stack)
    whole = viewport.grab_rgb()
    monkeypatch.setattr(rulers, "rail", lambda sheet: None)
    viewport.refresh()
    QTest.qWait(80)
    columns = np.flatnonzero((viewport.grab_rgb() != whole).any(axis=(0, 2)))
    assert columns.size
    assert columns.max() < 40 if expected == "left" else columns.min() > COLUMNS // 2 - 40
