"""Types of nodules from their features: a softmax regression, chosen within the nodules that it is given."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from inference.concepts import standard
from inference.evidence.calibration import multinomial
from inference.training.outlined import KINDS, Outlined

Array = NDArray[np.float64]

DENSITY = ("hu", "above", "solid", "core", "rim", "near", "ring", "contrast", "edge", "log_diameter")
"""Beginnings of the features that a type may be told by; shapes made the rare types worse."""
HISTOGRAM = ("band",)


@dataclass(frozen=True, slots=True)
class Choice:
    """How types are learnt.

    features  beginnings of the names of those that are used
    ridge     on standardised values
    """

    features: tuple[str, ...]
    ridge: float

    def used(self, names: tuple[str, ...]) -> list[int]:
        """Which columns."""
        return [k for k, name in enumerate(names) if name.startswith(self.features)]


CHOICES = tuple(Choice(*one) for one in product((DENSITY, DENSITY + HISTOGRAM), (10.0, 30.0, 100.0)))


def type_coefficients(nodules: Outlined, values: Array, choice: Choice) -> Array:
    """(features + 1, types) for standardised `values` of `nodules`; every type weighs the same in them."""
    used = choice.used(nodules.names)
    counts = np.maximum(np.bincount(nodules.kind, minlength=len(KINDS)), 1)
    balanced = np.eye(len(KINDS))[nodules.kind] * len(nodules) / len(KINDS) / counts
    out = np.zeros((values.shape[1] + 1, len(KINDS)))
    out[[*used, -1]] = multinomial(values[:, used], balanced, ridge=choice.ridge)
    return out


def chosen(nodules: Outlined, fold: NDArray[np.intp]) -> tuple[Choice, Array]:
    """What tells the types of folds left out best, and its log odds (n, types) of each row, left out."""
    tried = [(choice, _left_out(nodules, fold, choice)) for choice in CHOICES]
    return min(tried, key=lambda one: _surprise(one[1], nodules.kind))


def _left_out(nodules: Outlined, fold: NDArray[np.intp], choice: Choice) -> Array:
    out = np.zeros((len(nodules), len(KINDS)))
    for k in np.unique(fold):
        seen = nodules.only(fold != k)
        mean, sd = scale(seen.features)
        slopes = type_coefficients(seen, standard(seen.features, mean, sd), choice)
        left = standard(nodules.features[fold == k], mean, sd)
        out[fold == k] = left @ slopes[:-1] + slopes[-1]
    return out


def scale(features: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each column."""
    return tuple(features.mean(axis=0).tolist()), tuple((features.std(axis=0) + 1e-9).tolist())


def _surprise(log_odds: Array, kind: NDArray[np.intp]) -> float:
    """Mean over the types of how unlikely they were said to be: a rare type counts as a common one."""
    top = log_odds.max(axis=1)
    total = top + np.log(np.exp(log_odds - top[:, None]).sum(axis=1))
    said = total - log_odds[np.arange(len(kind)), kind]
    return float(np.mean([said[kind == k].mean() for k in np.unique(kind)]))
