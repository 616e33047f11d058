"""How well a score tells two kinds apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from inference.evidence.bootstrap import Interval

Scores = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Roc:
    """The empirical curve, from (0, 0) to (1, 1): share of false alarms, sensitivity, one point a score."""

    false_share: Scores
    sensitivity: Scores


def auc(score: Scores, truth: Truth) -> float:
    """Area under the ROC curve (Mann and Whitney); NaN where one of the kinds is missing."""
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def delong(score: Scores, truth: Truth, *, level: float = 0.95) -> Interval:
    """The area with the interval of DeLong, DeLong and Clarke-Pearson (Biometrics 1988;44:837), cut to 0..1.

    Takes every row for independent: where rows of one patient hang together, resample patients as well
    (`bootstrap.interval`). NaN ends with fewer than two of either kind.
    """
    area = auc(score, truth)
    positive, negative = score[truth], score[~truth]
    if min(len(positive), len(negative)) < 2:
        return Interval(area, float("nan"), float("nan"))
    ranks = rankdata(score)  # midranks, as Sun and Xu (IEEE Signal Process Lett 2014;21:1389) compute it
    beaten = (ranks[truth] - rankdata(positive)) / len(negative)
    beating = 1 - (ranks[~truth] - rankdata(negative)) / len(positive)
    error = np.sqrt(beaten.var(ddof=1) / len(positive) + beating.var(ddof=1) / len(negative))
    far = float(norm.ppf(0.5 + level / 2) * error)
    return Interval(area, max(area - far, 0.0), min(area + far, 1.0))


def roc(score: Scores, truth: Truth) -> Roc:
    """The curve; equal scores are one step. Needs both kinds."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits, alarms = np.cumsum(truth[order])[last], np.cumsum(~truth[order])[last]
    return Roc(np.append(0.0, alarms / max(alarms[-1], 1)), np.append(0.0, hits / max(hits[-1], 1)))
