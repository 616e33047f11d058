"""Intervals by resampling patients, who are what varies; never marks or lesions, which hang together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.evidence.marks import Scored


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the percentile interval of its bootstrap distribution."""

    value: float
    low: float
    high: float


def interval(
    units: Sequence[str],
    statistic: Callable[[NDArray[np.intp]], float],
    *,
    repeats: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """`statistic` of row indices, over resampled units (patients). `units` names the unit of each row."""
    names = np.asarray(units)
    rows = {name: np.flatnonzero(names == name) for name in dict.fromkeys(units)}
    keys = list(rows)
    value = statistic(np.arange(len(names)))
    if len(keys) < 2:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    draws = [
        statistic(np.concatenate([rows[keys[int(k)]] for k in rng.integers(len(keys), size=len(keys))]))
        for _ in range(repeats)
    ]
    tail = (1 - level) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def of_cases(
    cases: Sequence[Scored],
    statistic: Callable[[Sequence[Scored]], float],
    *,
    repeats: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """A figure of an FROC study over patients.

    Where every lesion is its case's patient's, cases are drawn by patient. Where lesions of several
    patients stand in one volume (implants), volumes are drawn for the false marks and, independently, owners
    for the lesions: a lesion counts as often as its owner was drawn.
    """
    mixed = any(owner != case.patient for case in cases for owner in case.owners)
    patients = list(dict.fromkeys(case.patient for case in cases))
    owners = list(dict.fromkeys(owner for case in cases for owner in case.owners))
    value = statistic(cases)
    if len(owners if mixed else patients) < 2:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(repeats):
        drawn = _drawn(rng, patients)
        times = _drawn(rng, owners) if mixed else None
        draws.append(statistic([c for case in cases for c in _copies(case, drawn, times)]))
    tail = (1 - level) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _drawn(rng: np.random.Generator, names: Sequence[str]) -> dict[str, int]:
    counts = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
    return {name: int(n) for name, n in zip(names, counts, strict=True)}


def _copies(case: Scored, drawn: dict[str, int], times: dict[str, int] | None) -> list[Scored]:
    """The case as often as drawn; with `times`, its false marks so often and each lesion by its owner."""
    if times is None:
        return [case] * drawn[case.patient]
    false = case.lesion < 0
    n = drawn[case.patient]
    out = [Scored(case.patient, case.scores[false], case.lesion[false], (), case.amount)] * n
    for k, owner in enumerate(case.owners):
        own = case.lesion == k
        one = Scored(case.patient, case.scores[own], np.zeros(int(own.sum()), np.int64), (owner,), 0.0)
        out += [one] * times[owner]
    return out
