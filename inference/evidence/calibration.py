"""Does a probability of 0.8 mean four in five? Fitting (isotonic), reliability, Brier score and ECE."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

TILT = 1e-3
"""A slight slope on the steps of isotonic regression, so that no two scores share a probability."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Per bin: mean probability, observed share and summed weight; bins without a case are left out."""

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    weight: NDArray[np.float64]


def brier(probability: ArrayLike, truth: ArrayLike, weight: NDArray[np.float64] | None = None) -> float:
    """Weighted mean squared difference (Brier, 1950)."""
    p, y = np.asarray(probability, np.float64), np.asarray(truth, np.float64)
    return float(np.average((p - y) ** 2, weights=weight))


def reliability(
    probability: ArrayLike, truth: ArrayLike, weight: ArrayLike | None = None, bins: int = 10
) -> Reliability:
    """Equal-width bins over 0..1."""
    p, y = np.asarray(probability, np.float64), np.asarray(truth, np.float64)
    w = np.ones_like(p) if weight is None else np.asarray(weight, np.float64)
    number = np.minimum((p * bins).astype(int), bins - 1)
    total = np.bincount(number, w, bins).astype(np.float64)
    there = total > 0
    predicted, observed = (np.bincount(number, w * v, bins)[there] / total[there] for v in (p, y))
    return Reliability(predicted, observed, total[there])


def ece(probability: ArrayLike, truth: ArrayLike, weight: ArrayLike | None = None, bins: int = 10) -> float:
    """Expected calibration error: weighted mean distance of predicted and observed over the bins."""
    table = reliability(probability, truth, weight, bins)
    return float(np.average(np.abs(table.predicted - table.observed), weights=table.weight))


def isotonic(
    score: ArrayLike, truth: ArrayLike, weight: ArrayLike | None = None, *, knots: int = 24
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pool adjacent violators, thinned to knots (scores, probabilities), both rising, to interpolate."""
    s, y = np.asarray(score, np.float64), np.asarray(truth, np.float64)
    w = np.ones_like(s) if weight is None else np.asarray(weight, np.float64)
    order = np.argsort(s, kind="stable")
    blocks: list[list[float]] = []
    for si, yi, wi in zip(s[order], y[order], w[order], strict=True):
        blocks.append([si * wi, yi * wi, wi])
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    middle = np.array([b[0] / b[2] for b in blocks])
    value = np.array([b[1] / b[2] for b in blocks])
    size = np.array([b[2] for b in blocks])
    return _thinned(middle, value, size, knots)


def _thinned(
    middle: NDArray[np.float64], value: NDArray[np.float64], size: NDArray[np.float64], knots: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Neighbouring blocks join, least weight first, until `knots` are left; ends at 0 and 1 are added."""
    m, v, w = middle.tolist(), value.tolist(), size.tolist()
    while len(m) > knots:
        k = int(np.argmin(np.add(w[:-1], w[1:])))
        total = w[k] + w[k + 1]
        for a in (m, v):
            a[k] = (a[k] * w[k] + a[k + 1] * w[k + 1]) / total
            del a[k + 1]
        w[k] = total
        del w[k + 1]
    scores = np.array([0.0, *m, 1.0])
    values = np.array([v[0] * 0.5, *v, min(1.0, v[-1])])
    keep = np.append(np.diff(scores) > 1e-6, True)
    rising = np.maximum.accumulate(values[keep])
    return scores[keep], (rising + TILT * scores[keep]) / (1 + TILT)
