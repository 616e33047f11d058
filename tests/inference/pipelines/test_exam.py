"""An examination through the pipeline of a bundle: masses where they were drawn, on every view."""

import numpy as np
import pytest

from inference.bundle import TrainingDomain
from inference.cases import Case, Exam, Grid, Plane, View, load_exam, save_exam
from inference.pipelines import load
from inference.pipelines.mammogram import prepare
from inference.pipelines.mammogram_domain import UNKNOWN, described, judge, statistics
from tests.inference import breasts


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder, bundle = breasts.bundle(tmp_path_factory.mktemp("bundle"))
    return load(bundle, folder, "cpu")


def nothing(done, doing):
    pass


def inside(place, box):
    left, top, right, bottom = box
    return left <= place.column <= right and top <= place.row <= bottom


def test_every_mass_is_marked_in_stored_pixels_whatever_side_the_chest_wall_is_on(model, tmp_path):
    exam = breasts.exam()
    read = model.read(exam, tmp_path, nothing)
    assert (read.status, read.skipped) == ("done", ())
    places = [p for c in read.candidates if c.above_operating_point for p in c.places]
    for view in exam.views:
        own = [p for p in places if p.sop_instance_uid == view.image]
        assert [inside(p, view.truth[0].box) for p in own] == [True]
        left, top, right, bottom = own[0].box
        assert left < own[0].column < right
        assert top < own[0].row < bottom


def test_scores_are_those_of_the_likeliest_finding(model, tmp_path):
    read = model.read(breasts.exam(), tmp_path, nothing)
    by = {(s.level, s.laterality, s.sop_instance_uid): s.probability for s in read.scores if s.label == "any"}
    assert by["study", None, None] == max(c.probability for c in read.candidates)
    assert by["study", None, None] == max(by["breast", "L", None], by["breast", "R", None])
    assert sum(s.level == "image" for s in read.scores) == 4
    malignant = [s for s in read.scores if s.label == "malignant"]
    assert [(s.level, s.laterality) for s in malignant] == [("study", None), ("breast", "L"), ("breast", "R")]
    assert all(s.probability <= by["study", None, None] for s in malignant)


def test_a_view_without_a_breast_is_skipped_and_the_others_are_read(model, tmp_path):
    empty = View(np.zeros((400, 300), np.uint16), Plane((0.3, 0.3), (400, 300)), "1.2.0", "R", "CC")
    read = model.read(Exam((empty, *breasts.exam().views[1:])), tmp_path, nothing)
    assert read.status == "done"
    assert [(s.sop_instance_uid, s.reason) for s in read.skipped] == [("1.2.0", "no breast was found on it")]
    assert "1.2.0" not in {s.sop_instance_uid for s in read.scores}


BENT = {
    "one pixel": lambda p: p[:1, :1],
    "one row": lambda p: p[:1],
    "one value": lambda p: np.full_like(p, 40000),
    "inverted": lambda p: 65535 - p,
    "noise": lambda p: np.random.default_rng(1).integers(0, 65536, p.shape, np.uint16),
    "8 bits": lambda p: p // 257 * 257,
    "white": lambda p: np.full_like(p, 65535),
}


@pytest.mark.parametrize("name", BENT)
def test_images_that_are_no_mammograms_break_nothing(model, tmp_path, name):
    whole = breasts.view("L", "CC")
    pixels = np.ascontiguousarray(BENT[name](whole.pixels))
    bent = View(pixels, Plane((0.3, 0.3), pixels.shape), whole.image, "L", "CC", whole.patient_orientation)
    read = model.read(Exam((bent,)), tmp_path, nothing)
    assert read.status in ("done", "not_run")
    assert all(0 <= c.probability <= 1 for c in read.candidates)
    if name == "8 bits":
        assert any(inside(c.places[0], whole.truth[0].box) for c in read.candidates[:1])


def test_a_volume_is_not_read_as_an_examination(model, tmp_path):
    axes = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    case = Case(np.zeros((4, 5, 6), np.int16), Grid((0.0, 0.0, 0.0), axes, (1.0, 1.0, 1.0), (4, 5, 6)))
    read = model.read(case, tmp_path, nothing)
    assert (read.status, read.reason) == ("not_run", "a volume found, this model reads mammograms")


def test_a_prepared_examination_comes_back_as_it_was(tmp_path):
    exam = breasts.exam()
    save_exam(exam, tmp_path / "exam")
    back = load_exam(tmp_path / "exam")
    assert back.patient == exam.patient
    for one, other in zip(back.views, exam.views, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        assert (one.plane, one.image, one.truth) == (other.plane, other.image, other.truth)
        assert (one.laterality, one.view, one.patient_orientation) == (
            other.laterality,
            other.view,
            other.patient_orientation,
        )


def test_a_heat_map_is_hottest_near_its_mass_and_lies_as_the_stored_image(model, tmp_path):
    read = model.read(breasts.exam(), tmp_path, nothing)
    for view in breasts.exam().views:
        (place,) = [
            p
            for c in read.candidates
            if c.above_operating_point
            for p in c.places
            if p.sop_instance_uid == view.image
        ]
        heat = np.load(place.heat.array.path)
        assert heat.max() == 1
        left, top, right, bottom = place.heat.box
        rows, columns = heat.shape
        y = top + (np.arange(rows) + 0.5) * (bottom - top) / rows
        x = left + (np.arange(columns) + 0.5) * (right - left) / columns
        weight = np.where(heat > 0.5, heat, 0)
        middle = ((weight.sum(1) @ y) / weight.sum(), (weight.sum(0) @ x) / weight.sum())
        box = view.truth[0].box
        centre = ((box[1] + box[3]) / 2, (box[0] + box[2]) / 2)
        assert np.hypot(*np.subtract(middle, centre)) * breasts.MM < 12


def test_the_domain_is_told_by_the_worst_view():
    known = described([statistics(prepare(v)) for v in breasts.exam().views] * 2)
    good = [(f"{v.laterality} {v.view}", statistics(prepare(v))) for v in breasts.exam().views]
    assert judge(good, known).verdict == "in"
    name, worst = good[2]
    said = judge([*good[:2], (name, worst | {"detail": 1.0})], known)
    assert said.verdict == "outside"
    assert said.reasons[0].startswith("R MLO: fine detail in the breast is 1, ")
    assert judge(good, TrainingDomain()).reasons == (UNKNOWN,)


def test_clusters_are_findings_of_their_own_with_their_own_threshold_and_heat_map(tmp_path):
    folder, bundle = breasts.bundle(tmp_path / "bundle", clusters=True)
    read = load(bundle, folder, "cpu").read(breasts.exam(), tmp_path, nothing)
    assert {c.label for c in read.candidates} == {"mass", "calcification cluster"}
    clusters = [c for c in read.candidates if c.label == "calcification cluster"]
    assert all(c.malignancy is None for c in clusters)
    assert all(c.above_operating_point == (c.probability >= 0.5) for c in clusters)
    explained = [p for c in clusters for p in c.places if p.heat is not None]
    assert explained
    for place in explained:
        left, top, right, bottom = place.heat.box
        assert left <= place.column <= right
        assert top <= place.row <= bottom
        heat = np.load(place.heat.array.path)
        assert heat.shape == place.heat.array.shape
        pixel = (bottom - top) / heat.shape[0]
        assert pixel * breasts.MM == pytest.approx(0.15, rel=0.02)
