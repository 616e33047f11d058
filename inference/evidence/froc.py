"""Free-response ROC: sensitivity over false marks per scan or litre."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.evidence.marks import FALSE, Scored, total_lesions


@dataclass(frozen=True, slots=True)
class Froc:
    """A curve from strict to lax: false marks per unit, sensitivity and threshold of each operating point."""

    false_rate: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    threshold: NDArray[np.float64]


def froc(cases: Sequence[Scored]) -> Froc:
    """All operating points; missed lesions stay in the denominator, cases without lesions in the rate's."""
    scores = np.concatenate([case.scores for case in cases]) if cases else np.zeros(0)
    lesion = np.concatenate([case.lesion for case in cases]) if cases else np.zeros(0, np.int64)
    counted = (lesion >= 0) | (lesion == FALSE)
    scores, hit = scores[counted], lesion[counted] >= 0
    order = np.argsort(-scores, kind="stable")
    scores, hit = scores[order], hit[order]
    last = np.append(np.diff(scores) != 0, True)[: len(scores)].astype(bool)
    hits, false = np.cumsum(hit)[last], np.cumsum(~hit)[last]
    amount = sum(case.amount for case in cases)
    start = np.zeros(1)
    return Froc(
        np.concatenate([start, false / max(amount, 1e-9)]),
        np.concatenate([start, hits / max(total_lesions(cases), 1)]),
        np.concatenate([[np.inf], scores[last]]),
    )


def sensitivity_at(curve: Froc, rate: float, *, interpolate: bool = False) -> float:
    """Sensitivity at `rate` false marks per unit: best point at or below it, or LUNA16's linear way."""
    if interpolate:
        return float(np.interp(rate, curve.false_rate, curve.sensitivity))
    return float(curve.sensitivity[curve.false_rate <= rate + 1e-9].max())


def threshold_at(curve: Froc, rate: float) -> float:
    """The lowest threshold with at most `rate` false marks per unit."""
    return float(curve.threshold[curve.false_rate <= rate + 1e-9].min())


def at_threshold(cases: Sequence[Scored], threshold: float) -> tuple[float, float]:
    """Sensitivity and false marks per unit of marks with a score of at least `threshold`."""
    hits = sum(int(((c.scores >= threshold) & (c.lesion >= 0)).sum()) for c in cases)
    false = sum(int(((c.scores >= threshold) & (c.lesion == FALSE)).sum()) for c in cases)
    amount = sum(case.amount for case in cases)
    return hits / max(total_lesions(cases), 1), false / max(amount, 1e-9)


def highest_marks(scores: NDArray[np.float64], most: int = 100) -> NDArray[np.bool_]:
    """LUNA16's limit: marks strictly above the (most + 1)-th highest score; all, where there are no more."""
    if len(scores) <= most:
        return np.ones(len(scores), bool)
    out: NDArray[np.bool_] = scores > np.sort(scores)[::-1][most]
    return out
