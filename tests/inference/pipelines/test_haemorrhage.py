"""Bleeding on head CT with the bundle that ships: places, scores of slices, and what it refuses to read."""

from functools import cache
from importlib.resources import as_file, files

import msgspec
import numpy as np
import pytest

from inference.bundle import load_bundle
from inference.pipelines import load
from inference.pipelines.haemorrhage import HaemorrhageReader
from inference.pipelines.head import find_head
from inference.pipelines.head_stack import head_stack
from inference.protocol import Score
from tests.inference.pipelines.heads import BLEED_MM, BLEED_RADIUS_MM, case, shifted, ventricles_mm


@cache
def reader() -> HaemorrhageReader:
    with as_file(files("resources") / "models" / "ct_head_haemorrhage") as folder:
        return load(load_bundle(folder), folder, "cpu")


def read(head, folder):
    return reader().read(head, folder, lambda _done, _doing: None)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"tilt_deg": 18.5},
        {"tilt_deg": -18.5, "slice_mm": 1.25},
        {"flipped": True, "slice_mm": 2.5},
    ],
    ids=["straight", "tilted", "tilted_thin", "from_the_top"],
)
def test_the_highest_place_lies_in_the_bleed_however_the_head_was_scanned(how, tmp_path):
    head = case(**how)
    found = read(head, tmp_path)
    first = found.candidates[0]
    assert np.linalg.norm(np.subtract(first.center_lps_mm, BLEED_MM)) < BLEED_RADIUS_MM
    assert first.above_operating_point
    true_mm3 = 4 / 3 * np.pi * BLEED_RADIUS_MM**3
    assert 0.6 < first.volume_mm3 / true_mm3 < 1.5
    mask, heat = (np.load(patch.array.path) for patch in (first.mask, first.heat))
    covered = head.grid.index_to_patient(np.argwhere(mask) + first.mask.start)
    assert (np.linalg.norm(covered - BLEED_MM, axis=1) < BLEED_RADIUS_MM + 4).mean() > 0.9
    assert heat.min() >= 0 and heat.max() <= 1
    hottest = np.array(np.unravel_index(heat.argmax(), heat.shape)) + first.heat.start
    assert np.linalg.norm(head.grid.index_to_patient(hottest) - BLEED_MM) < BLEED_RADIUS_MM + 3


def test_every_slice_is_scored_and_the_bleeding_ones_highest(tmp_path):
    head = case()
    scores = [s for s in read(head, tmp_path).scores if s.level == "image"]
    assert [s.frame for s in scores] == list(range(head.grid.shape[0]))
    height = head.grid.index_to_patient(
        (scores[int(np.argmax([s.probability for s in scores]))].frame, 0, 0)
    )[2]
    assert abs(height - BLEED_MM[2]) < BLEED_RADIUS_MM


def test_the_whole_answer_travels_as_json(tmp_path):
    answer = read(case(), tmp_path)
    statistics = answer.measured
    assert all(type(value) is float for value in statistics.values()), statistics
    assert msgspec.json.encode(
        (answer.domain, answer.candidates, answer.scores, answer.measurements, answer.operating_point)
    )


def test_the_midline_shift_stands_beside_the_bleed(tmp_path):
    pushed = shifted(case(), -8.0)
    (said,) = read(pushed, tmp_path).measurements
    assert (said.name, said.towards) == ("midline shift", "R")
    assert said.value_mm == pytest.approx(-ventricles_mm(pushed), abs=2.0)


def test_a_head_without_bleeding_is_less_probable_and_not_flagged(tmp_path):
    with_it, without = (study(read(case(bleed=bleed), tmp_path)) for bleed in (True, False))
    assert without < reader().bundle.operating_point.threshold < with_it


def study(found) -> float:
    (score,) = (s for s in found.scores if isinstance(s, Score) and s.level == "study")
    return score.probability


@pytest.mark.parametrize(
    ("meta", "why"),
    [
        ({"ContrastBolusAgent": "Iomeron 350"}, "contrast agent (Iomeron 350) was given"),
        ({"BodyPartExamined": "CHEST"}, "body part CHEST, the model reads head"),
        ({"SliceThickness": "10"}, "slices of 10 mm found"),
    ],
)
def test_what_it_does_not_read_it_says(meta, why, tmp_path):
    found = read(case(**meta), tmp_path)
    assert found.status == "not_run" and why in found.reason


def test_a_volume_without_a_head_is_not_read(tmp_path):
    empty = case()
    empty.hu[:] = 40
    found = read(empty, tmp_path)
    assert found.status == "not_run" and "no head" in found.reason


def test_a_scan_that_ends_below_the_vertex_is_told(tmp_path):
    cut = read(case(extent_mm=80), tmp_path)
    assert cut.domain.verdict != "in"
    assert any("top of the head" in reason for reason in cut.domain.reasons)


def test_thin_slices_are_averaged_and_a_missing_one_is_left_out():
    thin = case(slice_mm=1.25)
    hu = thin.hu.copy()
    hu[8] = -1024
    stack = head_stack(type(thin)(hu, thin.grid, missing=(8,), meta=thin.meta))
    assert stack.slab_mm == pytest.approx(5)
    assert [len(m) for m in stack.members[:4]] == [4, 4, 3, 4]
    assert np.abs(stack.grey[2] - head_stack(thin).grey[2]).mean() < 5  # air would make it dark


def test_the_crop_and_the_volume_agree_about_places():
    head = case(tilt_deg=10)
    stack = head_stack(head)
    found = find_head(stack.grey)
    inside = np.array([[72.0, 40.0], [30.0, 90.0]])
    there = stack.to_volume(found.upright.to_picture(inside))
    back = found.upright.to_crop(stack.to_picture(there))
    assert back == pytest.approx(inside)
