"""Where a finding lies in the breast, from its places on views; the same however the images are stored."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.hanging.files import WAYS, letters, stored
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.reading.breasts import Axes, Location, Seen, axes, examined, location, seen

ROWS, COLUMNS = 200, 120
NIPPLE = 100.0
"""mm from the chest wall, in the pictures below (1 mm pixels)."""


def on_view(side, view, *, behind, off, way=WAYS[0]):
    """A place `behind` the nipple and `off` the line behind it, on a view as some machine stores it."""

    def at(back, out):
        """(row, column) as hung: chest walls in the middle, outer or upper side on top."""
        depth = NIPPLE - back
        return round(ROWS / 2 - out), round(COLUMNS - 1 - depth if side == "R" else depth)

    def moved(place):
        marked = np.zeros((ROWS, COLUMNS), np.uint8)
        marked[place] = 1
        image, orientation = stored(marked, letters(side, view), way)
        row, column = np.argwhere(image)[0]
        return (float(column), float(row)), image.shape, tuple(orientation)

    place, shape, orientation = moved(at(behind, off))
    nipple, _, _ = moved(at(0, 0))
    where = axes(Mammogram(side=side, view=view), orientation, side)
    return seen(place, nipple, where, view, shape, (1.0, 1.0))


@given(
    st.sampled_from(["R", "L"]),
    st.sampled_from(["CC", "MLO"]),
    st.sampled_from(WAYS),
    st.integers(0, 90),
    st.integers(-60, 60),
)
def test_a_place_is_the_same_however_the_image_is_stored(side, view, way, behind, off):
    found = on_view(side, view, behind=behind, off=off, way=way)
    assert (found.behind_mm, found.off_mm) == (behind, off)
    assert found.wall_mm == NIPPLE


@pytest.mark.parametrize(
    ("side", "out", "up", "region", "clock"),
    [
        ("R", 30, 30, "upper_outer", "10"),
        ("L", 30, 30, "upper_outer", "2"),
        ("R", -30, 30, "upper_inner", "2"),
        ("L", -30, -30, "lower_inner", "8"),
        ("R", 40, -4, "lower_outer", "9"),
        ("L", 40, 4, "upper_outer", "3"),
        ("R", 4, 50, "upper_outer", "12"),
        ("L", 5, -5, "central", ""),
    ],
)
def test_quadrant_and_clock_face_as_the_woman_is_faced(side, out, up, region, clock):
    lateral = Seen(view="ML", behind_mm=50, off_mm=up, wall_mm=100)
    oblique = on_view(side, "MLO", behind=50, off=(out + up) / math.sqrt(2))
    for beside in (lateral, oblique):
        found = location([on_view(side, "CC", behind=50, off=out), beside], side).answers
        assert (found["region"], found.get("clock", "")) == (region, clock)


@pytest.mark.parametrize(("behind", "depth"), [(10, "anterior"), (40, "middle"), (95, "posterior")])
def test_depth_is_the_third_between_nipple_and_chest_wall(behind, depth):
    assert location([on_view("R", "CC", behind=behind, off=0)], "R").answers["depth"] == depth


def test_one_view_alone_says_depth_and_distance_but_no_quadrant():
    found = location([on_view("L", "MLO", behind=30, off=40)], "L")
    assert found == Location({"depth": "anterior"}, 50.0, "MLO", (("MLO", 30.0),))


def test_near_the_nipple_it_is_retroareolar():
    views = [Seen(view=v, behind_mm=15, off_mm=o, wall_mm=100) for v, o in (("CC", 8.0), ("MLO", -12.0))]
    assert location(views, "R").answers == {"region": "retroareolar", "depth": "anterior"}


def test_without_a_side_or_an_orientation_nothing_is_said():
    assert axes(Mammogram(side="R", view="CC"), (), "R") is None
    assert axes(Mammogram(view="CC"), ("P", "L"), "") is None
    assert axes(Mammogram(side="R", view=""), ("P", "L"), "R") is None
    assert axes(Mammogram(side="R", view="MLO"), ("P", "FL"), "R") == Axes((-1.0, 0.0), (0.0, -1.0))
    assert location([], "R") == Location({}, None, "")


def test_which_breasts_are_examined():
    right, left, both, none = (Mammogram(side=s) for s in ("R", "L", "B", ""))
    assert examined([left, right]) == ("R", "L")
    assert examined([none], ["L"]) == ("L",)
    assert examined([both]) == ("R", "L")
