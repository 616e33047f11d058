"""What the networks say of patients that they did not see, and what area, position and sex alone say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from inference.evidence.calibration import logistic
from inference.pipelines.head_heat import heat_maps, slice_scores, study_score
from inference.training.head.patients import Patient

FOLDS = range(5)
MIDDLE = (0.35, 0.90)
"""Relative positions of the middle levels: face and neck, where nothing can bleed, lie below."""
Floats = NDArray[np.float64]
Calibrated = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Answers:
    """One row a slice (`slice_*`), one a patient (`study_*`); scores are logits.

    slice_of     the row of its patient; best: whether the patient's highest slice truly bleeds
    """

    patients: tuple[Patient, ...]
    study_score: Floats
    study_truth: NDArray[np.bool_]
    study_fold: NDArray[np.intp]
    best: NDArray[np.bool_]
    slice_score: Floats
    slice_truth: NDArray[np.bool_]
    slice_of: NDArray[np.intp]
    position: Floats
    area: Floats

    @property
    def slice_fold(self) -> NDArray[np.intp]:
        """The fold of each slice's patient."""
        return self.study_fold[self.slice_of]

    @property
    def slice_units(self) -> tuple[str, ...]:
        """Whose each slice is."""
        return tuple(str(self.patients[k].patient) for k in self.slice_of)

    @property
    def study_units(self) -> tuple[str, ...]:
        """The patients' names."""
        return tuple(str(p.patient) for p in self.patients)

    @property
    def middle(self) -> NDArray[np.bool_]:
        """Slices of the middle levels."""
        low, high = MIDDLE
        return (self.position >= low) & (self.position <= high)


def fold_of(name: str) -> int:
    """The fold that a network of the bundle (`fold_3` or `fold_3_1`) was not trained on."""
    return int(name.split("_")[1])


def answers(
    networks: Mapping[str, nn.Module],
    patients: Sequence[Patient],
    device: str,
    progress: Callable[[float, str], None] = lambda _done, _doing: None,
) -> Answers:
    """Every patient, read by the networks that did not see it."""
    scores, whole = [], []
    for number, patient in enumerate(patients):
        progress(number / len(patients), f"patient {patient.patient}")
        unseen = [network for name, network in networks.items() if fold_of(name) == patient.fold]
        heat = heat_maps(unseen, patient.slices, device)
        scores.append(slice_scores(heat))
        whole.append(study_score(heat))
    return Answers(
        patients=tuple(patients),
        study_score=np.array(whole),
        study_truth=np.array([p.bleeds for p in patients]),
        study_fold=np.array([p.fold for p in patients]),
        best=np.array([bool(p.labels[int(s.argmax()), 0]) for p, s in zip(patients, scores, strict=True)]),
        slice_score=np.concatenate(scores),
        slice_truth=np.concatenate([p.labels[:, 0] > 0 for p in patients]),
        slice_of=np.concatenate([np.full(len(p.number), k) for k, p in enumerate(patients)]),
        position=np.concatenate([p.position for p in patients]),
        area=np.concatenate([p.area for p in patients]),
    )


def cross_fitted(features: Floats, truth: NDArray[np.bool_], fold: NDArray[np.intp]) -> Floats:
    """Logistic probabilities of each fold by coefficients of the others; features (n,) or (n, k)."""
    x = features.reshape(len(truth), -1)
    out = np.zeros(len(truth))
    for k in np.unique(fold):
        here = fold == k
        weights = logistic(x[~here], truth[~here])
        out[here] = 1 / (1 + np.exp(-(x[here] @ weights[:-1] + weights[-1])))
    return out


def by_position(answers: Answers) -> Floats:
    """What the position of a slice alone says: a parabola in the log odds, cross-fitted."""
    features = np.column_stack([answers.position, answers.position**2])
    return cross_fitted(10 * features, answers.slice_truth, answers.slice_fold)
