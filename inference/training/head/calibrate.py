"""Probabilities, operating points and the domain of `ct_head_haemorrhage`, from answers out of fold."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Calibration, Range
from inference.evidence.calibration import logistic
from inference.pipelines.haemorrhage import statistics
from inference.pipelines.head import Head, Upright
from inference.protocol import OperatingPoint
from inference.training.head.out_of_fold import Answers, cross_fitted
from inference.training.head.patients import Patient

FITTED_ON = "slices and patients of CT-ICH, each read by the network that did not see it"
KNOTS = np.linspace(-10.0, 12.0, 67)
SPECIFICITIES = {"sensitive": 0.7, "balanced": 0.8, "specific": 0.9}
DEFAULT = "balanced"
UNIT = "false flags per patient without bleeding"


def fitted(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> Calibration:
    """Logistic in the score, as knots (after Platt, 1999)."""
    slope, offset = logistic(score, truth)
    probability = 1 / (1 + np.exp(-(slope * KNOTS + offset)))
    return Calibration(
        method="platt",
        scores=tuple(KNOTS.tolist()),
        probabilities=tuple(np.maximum.accumulate(probability).tolist()),
        fitted_on=FITTED_ON,
    )


def operating_points(found: Answers) -> tuple[OperatingPoint, ...]:
    """Thresholds of the study's probability, named by how rarely patients without bleeding are flagged.

    Chosen on cross-fitted probabilities; `rate` is what that threshold gives there.
    """
    probability = cross_fitted(found.study_score, found.study_truth, found.study_fold)
    negative = np.sort(probability[~found.study_truth])
    out = []
    for name, specificity in SPECIFICITIES.items():
        k = min(int(np.ceil(specificity * len(negative))), len(negative) - 1)
        threshold = float((negative[k - 1] + negative[k]) / 2)
        out.append(OperatingPoint(name, threshold, float((negative >= threshold).mean()), UNIT))
    return tuple(out)


def domain_statistics(patients: Sequence[Patient]) -> dict[str, Range]:
    """Mean and deviation over the patients; newborns are left out, so that others like them are told."""
    rows = [statistics(as_head(p)) for p in patients if p.age >= LEAST_YEARS]
    return {
        name: Range(float(np.mean([r[name] for r in rows])), float(np.std([r[name] for r in rows])))
        for name in rows[0]
    }


LEAST_YEARS = 0.5


def as_head(patient: Patient) -> Head:
    """The head as the pipeline has it; where it lay in the pictures is not kept."""
    nowhere = Upright(np.zeros(2), np.eye(2))
    return Head(patient.grey.astype(np.float32), patient.brain, patient.level, nowhere)
