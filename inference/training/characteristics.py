"""From measured features of nodules to types and ratings, and from those to malignancy: all regressions."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.concepts import Bottleneck, Characteristics, Concept, standard
from inference.evidence.calibration import logistic
from inference.training.outlined import CONCEPTS, KINDS, Outlined
from inference.training.type_regression import chosen, scale, type_coefficients

Array = NDArray[np.float64]

FOLDS = 5
RIDGE_RATING, RIDGE_SCORE = 30.0, 3.0
"""The last one is that of `logistic`; both on standardised values."""


def fit(nodules: Outlined) -> Characteristics:
    """Regressions from features to types and ratings, and from ratings and size to malignancy."""
    fold = folds(nodules)
    ratings = np.zeros((len(nodules), len(CONCEPTS)))
    choice, types = chosen(nodules, fold)
    for k in range(FOLDS):
        ratings[fold == k] = _rating(nodules.only(fold != k)).rate(nodules.features[fold == k])
    whole = _rating(nodules)
    of_type = type_coefficients(nodules, standard(nodules.features, whole.mean, whole.sd), choice)
    frequency = np.log(np.bincount(nodules.kind, minlength=len(KINDS)) / len(nodules))
    weights, offset = _score(nodules, ratings)
    residuals = np.cov((nodules.ratings - ratings).T)
    error = np.abs(ratings - nodules.medians)[~nodules.of_readers].mean(axis=0)
    concepts = tuple(
        Concept(
            name=name,
            words=words,
            error=_short(error[k]),
            weight=_short(weights[k]),
        )
        for k, (name, words) in enumerate(CONCEPTS.items())
    )
    return Characteristics(
        features=nodules.names,
        mean=tuple(map(_short, whole.mean)),
        sd=tuple(map(_short, whole.sd)),
        types={name: _numbers(of_type[:, k]) for k, name in enumerate(KINDS)},
        frequency={name: _short(frequency[k]) for k, name in enumerate(KINDS)},
        sharpness=_short(_sharpness(types + frequency, nodules.kind)),
        ratings={name: _numbers(whole.slopes[:, k]) for k, name in enumerate(CONCEPTS)},
        bottleneck=Bottleneck(
            concepts=concepts,
            offset=_short(offset),
            size_weight=_short(weights[-1]),
            residuals=tuple(_numbers(row) for row in residuals),
        ),
    )


def _short(value: float) -> float:
    """Six digits: more would say nothing."""
    return float(f"{float(value):.6g}")


def _numbers(values: Array) -> tuple[float, ...]:
    return tuple(_short(value) for value in values)


def folds(nodules: Outlined, split: int = 0) -> NDArray[np.intp]:
    """A fold for each row, by the MD5 of its patient and of the split's number."""
    named = (f"fold {split} {p}".encode() for p in nodules.patient)
    digests = [hashlib.md5(name, usedforsecurity=False).digest() for name in named]
    return np.array([digest[0] % FOLDS for digest in digests])


# --- the regressions


@dataclass(frozen=True, slots=True)
class _Rating:
    """Linear regressions; `slopes` (features + 1, concepts), the offset last."""

    mean: tuple[float, ...]
    sd: tuple[float, ...]
    slopes: Array

    def rate(self, features: Array) -> Array:
        """(n, concepts), within their scales."""
        values = standard(features, self.mean, self.sd)
        highest = [len(words) for words in CONCEPTS.values()]
        return np.asarray(np.clip(values @ self.slopes[:-1] + self.slopes[-1], 1, highest))


def _rating(nodules: Outlined) -> _Rating:
    mean, sd = scale(nodules.features)
    values = standard(nodules.features, mean, sd)
    middle = nodules.ratings.mean(axis=0)
    bend = values.T @ values + RIDGE_RATING * np.eye(values.shape[1])
    slope = np.linalg.solve(bend, values.T @ (nodules.ratings - middle))
    return _Rating(mean, sd, np.vstack([slope, middle - values.mean(axis=0) @ slope]))


def _score(nodules: Outlined, ratings: Array) -> tuple[Array, float]:
    """Weights of the concepts and of size, and the offset: on the readers' ratings and on the model's."""
    clear = nodules.clear
    rows = [np.column_stack([r[clear], nodules.size[clear]]) for r in (ratings, nodules.ratings)]
    both, truth = np.vstack(rows), np.tile(nodules.suspicious[clear], 2)
    mean, sd = both.mean(axis=0), both.std(axis=0) + 1e-9
    *slopes, offset = logistic((both - mean) / sd, truth, ridge=RIDGE_SCORE)
    weights = np.array(slopes) / sd
    return weights, float(offset - weights @ mean)


def _sharpness(log_odds: Array, kind: NDArray[np.intp]) -> float:
    """The factor that makes the truth most likely, of rows left out."""

    def surprise(factor: float) -> float:
        scaled = factor * log_odds
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chance = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
        return float(-np.log(chance[np.arange(len(kind)), kind] + 1e-9).mean())

    return min((float(f) for f in np.linspace(0.3, 2.0, 35)), key=surprise)
