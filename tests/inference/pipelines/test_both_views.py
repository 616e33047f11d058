"""Two views of one breast: the same lesion is one finding, on phantoms whose lesions are known."""

import numpy as np
import pytest

from inference.cases import Plane
from inference.phantom.breast.exam import VIEWS, exams, marks
from inference.phantom.breast.picture import Detector
from inference.pipelines.both_views import Agreement, breast_scores, findings, with_other_views
from inference.pipelines.breast import nipple
from inference.pipelines.marks2d import Mark, Marked

DETECTOR = Detector((460, 384), 0.5, 0.004)
PLANE = Plane((0.5, 0.5), DETECTOR.shape)
AGREEMENT = Agreement(17.0, 0.0, 1.0, 2.0)
LABELS = {"calcification cluster": "calcification cluster"}


@pytest.fixture(scope="module", params=range(4))
def exam(request):
    return exams(request.param)[0]


def outline(exam, side, projection):
    """The breast's mask, chest wall left, axilla up."""
    view = exam.view(side, projection)
    y = DETECTOR.low(view) + np.arange(DETECTOR.shape[0])[::-1] * DETECTOR.pixel_mm
    return np.arange(DETECTOR.shape[1]) * DETECTOR.pixel_mm < view.outline(y)[:, None]


def marked(exam, side, projection, probability=0.6, extra=()):
    """What a reader without fault marks on that view, and `extra` marks."""
    found = tuple(
        Mark((m.row, m.column), m.box, probability, 0.5, LABELS.get(m.kind, "mass"), probability)
        for m in marks(exam, side, projection, DETECTOR)
    )
    front = nipple(outline(exam, side, projection))
    return Marked(f"{side}{projection}", side, projection, PLANE, front, (*found, *extra))


def at(row, column, probability, malignancy=0.5):
    box = (column - 10, row - 10, column + 10, row + 10)
    return Mark((row, column), box, probability, malignancy, probability=probability)


def test_the_nipple_is_found_where_it_was_built(exam):
    for side, projection in VIEWS:
        view = exam.view(side, projection)
        _, y, x = view.to_view((exam.build.depth, 0, 0))
        top = DETECTOR.low(view) + (DETECTOR.shape[0] - 1) * DETECTOR.pixel_mm
        there = ((top - y) / DETECTOR.pixel_mm, x / DETECTOR.pixel_mm)
        found = nipple(outline(exam, side, projection))
        assert np.hypot(*(np.array(found) - there)) * DETECTOR.pixel_mm < 15


def test_every_lesion_of_an_exam_is_one_finding_in_two_places(exam):
    views = [marked(exam, *name) for name in VIEWS]
    found = findings(views, AGREEMENT)
    told = sorted((f.laterality, f.label, len(f.places)) for f in found)
    assert told == [("L", "mass", 2), ("R", "calcification cluster", 2), ("R", "mass", 2)]
    for finding in found:
        assert {views[number].view for number, _ in finding.places} == {"CC", "MLO"}


def test_marks_at_other_depths_stay_alone(exam):
    near_wall = at(230, 4, 0.9)
    views = [marked(exam, "L", "CC"), marked(exam, "L", "MLO", extra=(near_wall,))]
    two, one = sorted(findings(views, AGREEMENT), key=lambda f: -len(f.places))
    assert (len(two.places), len(one.places)) == (2, 1)
    assert one.places[0][1] is near_wall


def test_a_mark_that_the_other_view_shows_too_becomes_more_probable_than_one_that_it_does_not(exam):
    alone = at(230, 4, 0.6)
    views = [marked(exam, "L", "CC", extra=(alone,)), marked(exam, "L", "MLO")]
    after = with_other_views(views, AGREEMENT)[0].marks
    assert [mark.centre for mark in after][-1] == alone.centre
    assert after[0].probability > 0.8
    assert after[1].probability < after[0].probability


def test_a_view_alone_or_of_an_unknown_side_stays_as_it_is(exam):
    lone = marked(exam, "R", "CC")
    unknown = [Marked("u", "", v, PLANE, (230, 200), (at(230, 100, 0.6),)) for v in ("CC", "MLO")]
    assert with_other_views([lone], AGREEMENT) == (lone,)
    assert with_other_views(unknown, AGREEMENT) == tuple(unknown)
    assert [len(f.places) for f in findings(unknown, AGREEMENT)] == [1, 1]


def test_a_breast_is_as_suspicious_as_its_worst_finding():
    views = [
        Marked("1", "L", "CC", PLANE, (230, 200), (at(100, 50, 0.9, 0.2), at(300, 50, 0.5, 0.9))),
        Marked("2", "R", "CC", PLANE, (230, 200), (at(100, 50, 0.4, 0.5),)),
    ]
    scores = breast_scores(findings(views, AGREEMENT))
    assert scores == pytest.approx({"L": 0.45, "R": 0.2})


def test_the_numbers_of_the_agreement_live_in_the_settings_of_a_bundle():
    assert Agreement.of_settings({**AGREEMENT.settings(), "peak": 0.02}) == AGREEMENT
