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
    """Equal-width bins over 0..1, for the diagram; its figure is `ece`."""
    p, y = np.asarray(probability, np.float64), np.asarray(truth, np.float64)
    w = np.ones_like(p) if weight is None else np.asarray(weight, np.float64)
    number = np.minimum((p * bins).astype(int), bins - 1)
    total = np.bincount(number, w, bins).astype(np.float64)
    there = total > 0
    predicted, observed = (np.bincount(number, w * v, bins)[there] / total[there] for v in (p, y))
    return Reliability(predicted, observed, total[there])


def ece(probability: ArrayLike, truth: ArrayLike, weight: ArrayLike | None = None, bins: int = 10) -> float:
    """Expected calibration error over bins of equal mass: mean distance of predicted and observed share.

    All of (n,). Bins hold the same weight each, as nearly as cases that share a probability allow: those stay
    together, so that the order of the rows tells nothing. After Naeini et al. 2015; bins of equal mass, Nixon
    et al. 2019.
    """
    p, y = np.asarray(probability, np.float64), np.asarray(truth, np.float64)
    w = np.ones_like(p) if weight is None else np.asarray(weight, np.float64)
    value, place = np.unique(p, return_inverse=True)
    mass = np.bincount(place, w, len(value))
    middle = np.cumsum(mass) - mass / 2
    number = np.minimum((middle / mass.sum() * bins).astype(int), bins - 1)[place]
    return float(np.abs(np.bincount(number, w * (p - y))).sum() / mass.sum())


def ece_by_chance(
    probability: ArrayLike, true_weight: float = 1.0, *, draws: int = 200, seed: int = 0
) -> float:
    """What `ece` would be were these probabilities exactly right: its median over truths drawn from them.

    Never 0, and large where cases are few: an `ece` near it is no sign of a fault (consistency resampling,
    Bröcker and Smith 2007). `true_weight`: of a case that is true, where one that is not weighs 1; the
    probabilities are those of the weighted cases.
    """
    p = np.asarray(probability, np.float64)
    share = p / (p + true_weight * (1 - p))
    truths = np.random.default_rng(seed).random((draws, len(p))) < share
    return float(np.median([ece(p, truth, np.where(truth, true_weight, 1.0)) for truth in truths]))


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


def logistic(features: ArrayLike, truth: ArrayLike, *, ridge: float = 1e-2) -> NDArray[np.float64]:
    """Coefficients (features + 1, the last the offset) of a logistic regression, by Newton's method.

    features (n, k); `ridge` keeps them finite where the features tell all cases apart.
    """
    x = np.asarray(features, np.float64).reshape(len(np.asarray(truth)), -1)
    x = np.column_stack([x, np.ones(len(x))])
    y = np.asarray(truth, np.float64)
    out = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ out, -30, 30)))
        slope = x.T @ (p - y) + ridge * out
        bend = (x * (p * (1 - p))[:, None]).T @ x + ridge * np.eye(len(out))
        step = np.linalg.solve(bend, slope)
        out = out - step
        if np.abs(step).max() < 1e-8:
            break
    return out


def multinomial(features: ArrayLike, weights: ArrayLike, *, ridge: float) -> NDArray[np.float64]:
    """Coefficients (features + 1, classes; offsets last) of a softmax regression, by Newton's method.

    features (n, k); weights (n, classes): how much a row counts as each class. Offsets are hardly held back.
    """
    x, w = np.asarray(features, np.float64), np.asarray(weights, np.float64)
    x = np.column_stack([x, np.ones(len(x))])
    classes, total = w.shape[1], w.sum(axis=1)
    held = np.append(np.full(x.shape[1] - 1, ridge), 1e-3)[:, None]

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ at
        z = z - z.max(axis=1, keepdims=True)
        z = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return float((held * at**2).sum() / 2 - (w * z).sum()), np.exp(z)

    out = np.zeros((x.shape[1], classes))
    value, p = loss(out)
    for _ in range(50):
        slope = x.T @ (total[:, None] * p - w) + held * out
        bend = np.block([[(x * (total * p[:, a] * ((a == b) - p[:, b]))[:, None]).T @ x
                          for b in range(classes)] for a in range(classes)])  # fmt: skip
        bend += np.diag(np.tile(held[:, 0], classes))
        step = np.linalg.solve(bend, slope.T.ravel()).reshape(classes, -1).T
        before, (value, p) = value, loss(out - step)
        while value > before and np.abs(step).max() > 1e-9:
            step = step / 2
            value, p = loss(out - step)
        out = out - step
        if np.abs(step).max() < 1e-7:
            break
    return out


def platt(
    score: ArrayLike, truth: ArrayLike, *, share: float | None = None, knots: int = 25
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logistic in the log odds of the score (after Platt, 1999), as knots to interpolate, both rising.

    For few cases, where `isotonic` would follow chance. A score that tells nothing gives one probability.
    `share`: of true cases among all such, where it is better known than from these few; the offset is moved
    by the difference of its log odds (King and Zeng, 2001: prior correction).
    """
    s = np.clip(np.asarray(score, np.float64), 1e-3, 1 - 1e-3)
    slope, offset = logistic(np.log(s / (1 - s)), truth)
    here = _log_odds(float(np.mean(np.asarray(truth, np.float64))))
    if slope <= 0:
        slope, offset = 0.0, here
    if share is not None:
        offset += _log_odds(share) - here
    at = np.linspace(0, 1, knots)
    inner = np.clip(at, 1e-3, 1 - 1e-3)
    values = 1 / (1 + np.exp(-(slope * np.log(inner / (1 - inner)) + offset)))
    return at, (values + TILT * at) / (1 + TILT)


def _log_odds(share: float) -> float:
    kept = float(np.clip(share, 1e-3, 1 - 1e-3))
    return float(np.log(kept / (1 - kept)))
