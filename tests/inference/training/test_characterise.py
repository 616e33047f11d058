"""Types and concepts are fitted, and judged by models that never saw the patient."""

import numpy as np

from inference.concepts import characteristics_faults
from inference.training.characterise import FOLDS, fit, folds, left_out
from inference.training.outlined import CONCEPTS, Outlined


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
    shuffled = Outlined(
        nodules.names, rng.permutation(nodules.features), nodules.patient, nodules.of_readers, nodules.kind,
        nodules.ratings, nodules.medians, nodules.malignancy, nodules.diameter_mm, nodules.held_back,
    )  # fmt: skip
    said = left_out(shuffled, 0)
    kinds = [(said.types[nodules.kind == k] == k).mean() for k in range(3)]
    assert np.mean(kinds) < 0.45
