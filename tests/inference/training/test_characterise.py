"""Types and concepts are fitted, and judged by models that never saw the patient."""

from dataclasses import replace

import numpy as np

from inference.concepts import characteristics_faults
from inference.training.characteristics import FOLDS, fit, folds
from inference.training.characteristics_evaluate import figures, left_out, pooled
from inference.training.outlined import CONCEPTS, Outlined, found_again, keep


def made(count=240, noise=0.3):
    """Rows whose ratings, type and malignancy follow from size and one density, two of each patient."""
    rng = np.random.default_rng(1)
    size, density = rng.normal(2, 0.5, count), rng.normal(0, 1, count)
    kind = np.digitize(-density, [0.4, 1.0])
    ratings = np.clip(3 + np.outer(density, np.ones(len(CONCEPTS))) + rng.normal(0, noise, (count, 7)), 1, 5)
    leaning = 2 * (size - 2) + density + rng.normal(0, 0.3, count)
    return Outlined(
        names=("log_diameter", "hu_p50", "shape"),
        features=np.column_stack([size, density, rng.normal(0, 1, count)]),
        patient=tuple(f"p{k // 2}" for k in range(count)),
        of_readers=np.arange(count) % 2 == 0,
        kind=kind,
        ratings=ratings,
        medians=np.rint(ratings),
        malignancy=np.clip(np.rint(3 + leaning), 1, 5),
        diameter_mm=np.exp(size),
        held_back=np.zeros(count, bool),
    )


def test_a_patient_is_never_on_two_sides():
    nodules = made()
    fold = folds(nodules)
    assert all(len(set(fold[np.array(nodules.patient) == p])) == 1 for p in set(nodules.patient))
    assert set(fold) == set(range(FOLDS))


def test_what_can_be_learnt_is_learnt_and_holds_for_patients_left_out():
    nodules = made()
    assert not list(characteristics_faults(fit(nodules)))
    said = left_out(nodules, 0)
    assert (said.types == nodules.kind).mean() > 0.85
    assert np.abs(said.ratings - nodules.ratings).mean() < 0.4
    high, low = nodules.clear & nodules.suspicious, nodules.clear & ~nodules.suspicious
    assert np.median(said.score[high]) > 0.8 and np.median(said.score[low]) < 0.2
    assert said.inside.mean() > 0.85


def test_what_has_nothing_to_do_with_it_is_not_found():
    nodules = made()
    rng = np.random.default_rng(2)
    shuffled = replace(nodules, features=rng.permutation(nodules.features))
    said = left_out(shuffled, 0)
    kinds = [(said.types[nodules.kind == k] == k).mean() for k in range(3)]
    assert np.mean(kinds) < 0.45


def test_outlines_are_found_again_only_by_the_weights_that_made_them(tmp_path):
    """A training that goes on takes them up; one with other weights makes its own."""
    rng = np.random.default_rng(3)
    made_ = [
        (f"n{k}", rng.normal(0, 1, (4 + k, 5, 6)).astype(np.float32), rng.random((4 + k, 5, 6)) > 0.5)
        for k in (0, 1)
    ]
    keep(tmp_path / "outlined_1.npz", "a" * 64, made_)
    again = found_again(tmp_path / "outlined_1.npz", "a" * 64)
    assert [name for name, *_ in again] == ["n0", "n1"]
    assert all(
        np.array_equal(x, y)
        for one, two in zip(again, made_, strict=True)
        for x, y in zip(one, two, strict=True)
    )
    assert found_again(tmp_path / "outlined_1.npz", "b" * 64) is None
    assert found_again(tmp_path / "outlined_2.npz", "a" * 64) is None
    keep(tmp_path / "outlined_2.npz", "a" * 64, [])  # a chest in which nothing was found is not read twice
    assert found_again(tmp_path / "outlined_2.npz", "a" * 64) == []


def test_calibration_stands_beside_what_chance_gives():
    said = pooled([left_out(made(), split) for split in range(1)])
    named = {f.name: f.value for f in figures(said, np.ones(len(said.nodules), bool), "all")}
    told = "malignancy rating, as told: calibration error"
    assert 0 < named[f"{told} expected by chance alone, all"] < 0.2
    assert named[f"{told}, 10 bins of equal mass, all"] < 0.2
