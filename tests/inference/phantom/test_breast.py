import hashlib
from dataclasses import replace

import numpy as np
import pytest

from inference.phantom.breast.exam import VIEWS, exams, marks, picture
from inference.phantom.breast.picture import Detector
from inference.phantom.breast.tomosynthesis import slices
from inference.phantom.breast.truth import mirrored

SMALL = Detector((460, 384), 0.5, 0.004)
CLOSE = Detector((1150, 960), 0.2, 0.0)


@pytest.fixture(scope="module")
def both():
    return exams(3)


@pytest.fixture(scope="module")
def current(both):
    return {view: picture(both[0], *view, SMALL) for view in VIEWS}


def test_one_seed_gives_one_picture(current):
    again = picture(exams(3)[0], "L", "MLO", SMALL)
    first = current["L", "MLO"]
    assert hashlib.sha256(again.light).digest() == hashlib.sha256(first.light).digest()
    assert again.marks == first.marks


def test_the_breast_is_at_the_chest_wall_and_the_air_is_black(current):
    for (_, projection), shown in current.items():
        assert shown.light.shape == shown.inside.shape == SMALL.shape
        assert shown.inside[SMALL.shape[0] // 2, 0]
        assert not shown.inside[:, -20:].any()
        air = shown.light[~shown.inside]
        assert np.abs(air).max() < 0.02
        assert shown.light[shown.inside].mean() > 0.2
        width = shown.inside.sum(axis=1) * SMALL.pixel_mm
        assert 80 < width.max() < 125
        assert bool(shown.inside[0].any()) == (projection == "MLO")  # the axilla reaches the upper edge


def test_only_the_oblique_view_has_a_muscle_and_its_edge_runs_to_the_chest_wall(current):
    for side in "RL":
        axilla = current[side, "MLO"].light[8:40, 4:60]
        assert axilla.mean() > 0.42
        assert axilla.std() < 0.08
        assert current[side, "MLO"].light[8:40, 130:135].mean() < axilla.mean()
        assert not current[side, "CC"].light[8:40, 4:60].any() or current[side, "CC"].light[8:40].mean() < 0.1


def test_every_lesion_is_brighter_than_what_is_round_it(both):
    with_lesions = picture(both[0], "R", "CC", CLOSE)
    bare = picture(_without(both[0]), "R", "CC", CLOSE)
    more = with_lesions.light - bare.light
    for mark in with_lesions.marks:
        top, left, bottom, right = (round(v) for v in mark.box)
        assert more[top : bottom + 1, left : right + 1].max() > 0.08, mark
        more[top - 4 : bottom + 5, left - 4 : right + 5] = 0
    assert more.max() < 0.03  # and nowhere else is there anything


def _without(exam):
    return replace(exam, right=replace(exam.right, lesions=()), left=replace(exam.left, lesions=()))


def test_each_speck_of_the_cluster_is_where_the_truth_says(both):
    shown = picture(both[0], "R", "MLO", Detector((2300, 1300), 0.1, 0.0))
    bare = picture(_without(both[0]), "R", "MLO", Detector((2300, 1300), 0.1, 0.0))
    more = shown.light - bare.light
    (cluster,) = [mark for mark in shown.marks if mark.kind == "calcification cluster"]
    assert len(cluster.specks) >= 5
    assert all(speck.diameter_mm >= 0.3 for speck in cluster.specks)
    for speck in cluster.specks:
        row, column = round(speck.row), round(speck.column)
        assert more[row - 1 : row + 2, column - 1 : column + 2].max() > 0.04


def test_the_prior_has_no_cluster_and_a_smaller_spiculated_mass(both):
    now = {mark.id: mark for view in VIEWS for mark in marks(both[0], *view, SMALL)}
    then = {mark.id: mark for view in VIEWS for mark in marks(both[1], *view, SMALL)}
    assert {mark.kind for mark in now.values()} - {mark.kind for mark in then.values()} == {
        "calcification cluster"
    }
    assert then["L1"].kind == now["L1"].kind == "spiculated mass"
    assert then["L1"].diameter_mm == pytest.approx(0.55 * now["L1"].diameter_mm)
    assert then["L2"].diameter_mm == now["L2"].diameter_mm
    assert then["L1"].breast_mm == now["L1"].breast_mm


def test_places_are_told_in_the_words_of_a_report(current):
    found = {(m.id, view[1]): m for view, p in current.items() for m in p.marks}
    assert found["L1", "CC"].quadrant == "upper outer"
    assert found["L1", "CC"].clock in (1, 2)  # of a left breast
    assert found["L2", "CC"].quadrant == "lower inner"
    assert found["L2", "CC"].clock in (4, 5)  # of a right one
    for name in ("L1", "L2", "L3"):
        assert found[name, "CC"].breast_mm == found[name, "MLO"].breast_mm
        # both views show a lesion equally far from the chest wall, as breasts are shifted by some mm only
        assert abs(found[name, "CC"].column - found[name, "MLO"].column) * SMALL.pixel_mm < 6
    assert found["L1", "CC"].row < SMALL.shape[0] / 2  # lateral is up


def test_a_mirrored_mark_is_where_the_mirrored_picture_shows_it(current):
    shown = current["R", "CC"]
    for mark in shown.marks:
        turned = mirrored(mark, SMALL.shape[1])
        here = shown.light[round(mark.row), round(mark.column)]
        assert shown.light[:, ::-1][round(turned.row), round(turned.column)] == here
        assert turned.box[1] < turned.column < turned.box[3]
        assert mirrored(turned, SMALL.shape[1]) == pytest.approx(mark) or turned.row == mark.row


def test_texture_has_the_power_law_of_mammograms(both):
    """Burgess 2001: radial power falls as 1/f^3 between about 0.15 and 0.7 cycles per mm."""
    shown = picture(both[0], "L", "CC", CLOSE)
    side = 256
    row, column = CLOSE.shape[0] // 2, 220
    part = shown.light[row - side // 2 : row + side // 2, column - side // 2 : column + side // 2]
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.abs(np.fft.fft2((part - part.mean()) * window)) ** 2
    f = np.fft.fftfreq(side, CLOSE.pixel_mm)
    far = np.hypot(f[:, None], f)
    band = (far > 0.1) & (far < 0.9)
    slope = np.polyfit(np.log(far[band]), np.log(power[band]), 1)[0]
    assert -3.6 < slope < -2.4


def test_a_slice_shows_sharp_what_lies_in_it(both):
    exam = both[0]
    view, breast = exam.view("L", "MLO"), exam.left
    (mass,) = breast.lesions
    height = view.to_view(mass.centre)[0]
    stack = list(slices(breast, view, SMALL, 1))
    heights = [h for h, _ in stack]
    assert heights == sorted(heights)
    assert np.diff(heights) == pytest.approx(1.0, abs=0.02)
    bare = list(slices(_without(exam).left, view, SMALL, 1))
    (mark,) = marks(exam, "L", "MLO", SMALL)
    row, column = round(mark.row), round(mark.column)
    more = np.array([a[1][row, column] - b[1][row, column] for a, b in zip(stack, bare, strict=True)])
    near = np.abs(np.array(heights) - height)
    assert more[near < 2].mean() > 2 * more[near > 15].mean()
