"""Figures of readers: against published numbers and against cases that can be counted by hand."""

import csv
import json

import numpy as np
import pytest

from inference.evidence.bootstrap import interval, of_cases
from inference.evidence.calibration import (
    brier,
    ece,
    ece_by_chance,
    isotonic,
    logistic,
    multinomial,
    platt,
    reliability,
)
from inference.evidence.froc import at_threshold, froc, highest_marks, sensitivity_at, threshold_at
from inference.evidence.marks import FALSE, IGNORED, Scored, match
from inference.evidence.roc import auc, delong, roc
from inference.evidence.sizes import dice, sphere_diameter_mm
from tests.conftest import shared_data


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _luna_cases(folder):
    lists = {
        name: _rows(folder / f"{name}.csv") for name in ("annotations", "annotations_excluded", "submission")
    }
    for uid in (folder / "seriesuids.csv").read_text(encoding="utf-8").split():
        truth, excluded, marks = ([r for r in rows if r["seriesuid"] == uid] for rows in lists.values())
        scores = np.array([float(row["probability"]) for row in marks])
        keep = highest_marks(scores)
        size = [float(row["diameter_mm"]) for row in truth + excluded]
        lesion = match(
            np.array([_place(row) for row in marks]).reshape(-1, 3)[keep],
            scores[keep],
            [_place(row) for row in truth + excluded],
            [5.0 if d < 0 else d / 2 for d in size],
            [False] * len(truth) + [True] * len(excluded),
            strict=True,
        )
        yield Scored(uid, scores[keep], lesion, (uid,) * len(truth))


def _place(row):
    return [float(row[f"coord{axis}"]) for axis in "XYZ"]


def test_froc_equals_the_luna16_program():
    folder = shared_data("golden", "luna16_froc")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    cases = list(_luna_cases(folder))
    curve = froc(cases)
    found = [sensitivity_at(curve, rate, interpolate=True) for rate in expected["fp_per_scan"]]
    assert found == pytest.approx(expected["sensitivity"], abs=1e-8)
    counts = expected["counts"]
    assert sum(int((case.lesion == FALSE).sum()) for case in cases) == counts["False positives"]
    assert sum(int((case.lesion >= 0).sum()) for case in cases) == counts["True positives"]
    golden = _rows(folder / "expected_froc_curve.csv")
    rate = [float(row["fps_per_scan"]) for row in golden]
    assert np.interp(rate, curve.false_rate, curve.sensitivity).max() == pytest.approx(
        max(float(row["sensitivity"]) for row in golden)
    )


def test_only_the_best_mark_of_a_lesion_counts_and_ignored_places_count_neither_way():
    lesions = [[0, 0, 0], [50, 0, 0]]
    marks = [[1, 0, 0], [2, 0, 0], [50, 0, 0], [99, 0, 0]]
    assert match(marks, [0.5, 0.9, 0.8, 0.7], lesions, [4, 4], [False, True]).tolist() == [
        IGNORED, 0, IGNORED, FALSE,
    ]  # fmt: skip
    assert match(marks, [1, 1, 1, 1], np.zeros((0, 3)), [], []).tolist() == [FALSE] * 4


def _case(patient, scores, lesion, lesions, amount=1.0):
    return Scored(patient, np.array(scores, float), np.array(lesion), (patient,) * lesions, amount)


CASES = [_case("a", [0.9, 0.6, 0.3], [0, FALSE, 1], 2, 2.0), _case("b", [0.8], [FALSE], 1, 2.0)]


def test_froc_counts_missed_lesions_and_empty_cases():
    curve = froc(CASES)
    assert curve.sensitivity.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 2 / 3])
    assert curve.false_rate.tolist() == pytest.approx([0, 0, 0.25, 0.5, 0.5])
    assert sensitivity_at(curve, 0.25) == pytest.approx(1 / 3)
    assert threshold_at(curve, 0.3) == 0.8
    assert at_threshold(CASES, 0.6) == pytest.approx((1 / 3, 0.5))
    assert froc([]).sensitivity.tolist() == [0]


def test_intervals_come_from_patients_not_from_lesions():
    units = ["a"] * 50 + ["b"] * 50
    found = np.array([1.0] * 50 + [0.0] * 50)
    span = interval(units, lambda rows: float(found[rows].mean()), repeats=200)
    assert (span.value, span.low, span.high) == (0.5, 0.0, 1.0)
    one = interval(["a", "a"], lambda rows: 1.0)
    assert np.isnan(one.low)


def test_implants_are_drawn_by_the_patient_that_they_came_from():
    mixed = Scored("phantom", np.array([0.9, 0.8, 0.1]), np.array([0, 1, FALSE]), ("x", "x", "y"), 1.0)
    span = of_cases([mixed], lambda cases: at_threshold(cases, 0.5)[0], repeats=200)
    assert span.value == pytest.approx(2 / 3)
    assert (span.low, span.high) == (0.0, 1.0)
    again = of_cases([mixed], lambda cases: at_threshold(cases, 0.5)[0], repeats=200)
    assert again == span


def test_calibration_figures():
    assert brier([1, 0, 0.5], [1, 0, 1]) == pytest.approx(0.25 / 3)
    rng = np.random.default_rng(0)
    p = rng.random(20000)
    truth = rng.random(20000) < p
    assert ece(p, truth) < 0.02
    assert ece(p**2, truth) > 0.1
    table = reliability(p, truth)
    assert table.weight.sum() == 20000


def test_the_calibration_error_is_that_of_bins_of_equal_mass_whatever_the_order_of_rows():
    p = np.repeat([0.1, 0.2, 0.9], [40, 40, 20])
    truth = np.zeros(100, bool)
    truth[:4] = truth[40:60] = truth[80:] = True  # 0.1, 0.5 and 1.0 are true of 0.1, 0.2 and 0.9
    wanted = 0.4 * 0.0 + 0.4 * 0.3 + 0.2 * 0.1
    assert ece(p, truth) == pytest.approx(wanted)
    assert ece(p[::-1], truth[::-1]) == pytest.approx(wanted)
    crowded = np.concatenate([np.full(990, 0.001), np.linspace(0.002, 0.9, 10)])
    assert ece(crowded, np.arange(1000) >= 990) == pytest.approx((0.99 + 10 - crowded[990:].sum()) / 1000)


def test_beside_a_calibration_error_stands_what_chance_gives_so_few_cases():
    rng = np.random.default_rng(3)
    few, many = rng.random(69), rng.random(20000)
    assert 0.08 < ece_by_chance(few) < 0.16
    assert ece_by_chance(many) < 0.02
    assert ece_by_chance(few) == ece_by_chance(few)
    errors = [ece(few, rng.random(69) < few) for _ in range(200)]
    assert np.median(errors) == pytest.approx(ece_by_chance(few), abs=0.01)


def test_what_chance_gives_knows_that_lesions_were_planted_more_often_than_they_occur():
    rng = np.random.default_rng(4)
    p = rng.random(4000) * 0.2
    rare = 0.1  # ten times as many lesions as the probabilities speak of
    truth = rng.random(4000) < p / (p + rare * (1 - p))
    found = ece(p, truth, np.where(truth, rare, 1.0))
    assert found < 2 * ece_by_chance(p, rare)
    assert ece(p, truth) > 10 * ece_by_chance(p)


def test_isotonic_regression_repairs_a_monotone_distortion_and_rises():
    rng = np.random.default_rng(1)
    p = rng.random(5000)
    truth = rng.random(5000) < p
    scores, values = isotonic(p**3, truth)
    assert len(scores) <= 26
    assert np.all(np.diff(scores) > 0)
    assert np.all(np.diff(values) > 0)
    assert ece(np.interp(p**3, scores, values), truth) < 0.03


def test_a_softmax_regression_of_two_classes_is_the_logistic_one():
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, (400, 3))
    truth = rng.random(400) < 1 / (1 + np.exp(-(x @ [1.0, -0.5, 0.0] + 0.3)))
    both = multinomial(x, np.column_stack([~truth, truth]), ridge=2.0)
    assert both[:, 1] - both[:, 0] == pytest.approx(logistic(x, truth, ridge=1.0), abs=0.01)


def test_a_rare_class_that_weighs_as_much_as_the_others_is_called_as_often():
    rng = np.random.default_rng(6)
    kind = np.repeat([0, 1, 2], [900, 60, 40])
    x = rng.normal(0, 0.4, (1000, 2)) + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[kind]
    weights = np.eye(3)[kind] / np.bincount(kind)
    slopes = multinomial(x, 300 * weights, ridge=1.0)
    called = (x @ slopes[:-1] + slopes[-1]).argmax(axis=1)
    assert all((called[kind == k] == k).mean() > 0.7 for k in range(3))


def test_dice_and_diameter():
    a = np.zeros((4, 4), bool)
    a[:2] = True
    assert dice(a, a) == 1
    assert dice(a, ~a) == 0
    assert dice(~a & a, a & ~a) == 1
    assert sphere_diameter_mm(4 / 3 * np.pi * 27) == pytest.approx(6)


def test_delongs_interval_is_that_of_the_structural_components():
    """Against the definition, pair by pair, with ties."""
    rng = np.random.default_rng(3)
    truth = rng.random(60) < 0.4
    score = np.round(rng.normal(truth.astype(float), 1), 1)
    positive, negative = score[truth], score[~truth]
    wins = (positive[:, None] > negative).astype(float) + 0.5 * (positive[:, None] == negative)
    error = np.sqrt(
        wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    )
    at = delong(score, truth)
    assert at.value == pytest.approx(wins.mean())
    assert at.low == pytest.approx(wins.mean() - 1.959964 * error)
    assert at.high == pytest.approx(min(wins.mean() + 1.959964 * error, 1))


def test_the_area_under_the_roc_curve_is_its_auc():
    score, truth = np.array([0.9, 0.7, 0.7, 0.2]), np.array([True, True, False, False])
    curve = roc(score, truth)
    assert curve.false_share.tolist() == [0, 0, 0.5, 1]
    assert curve.sensitivity.tolist() == [0, 0.5, 1, 1]
    assert np.trapezoid(curve.sensitivity, curve.false_share) == pytest.approx(auc(score, truth))


def test_a_probability_is_right_where_the_true_ones_among_the_cases_fitted_on_were_too_many():
    rng = np.random.default_rng(3)
    truth = rng.random(40_000) < 0.3
    score = 1 / (1 + np.exp(-rng.normal(np.where(truth, 0.7, -0.7), 1.0)))
    enriched = np.flatnonzero(truth | (rng.random(len(truth)) < 0.3))[:3000]
    plain, moved = (platt(score[enriched], truth[enriched], share=share) for share in (None, 0.3))
    assert ece(np.interp(score, *plain), truth) > 0.15
    assert ece(np.interp(score, *moved), truth) < 0.02
