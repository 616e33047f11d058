"""Whether an adapted bundle beats its parent on patients that neither it nor its calibration has seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Figure
from inference.evidence.bootstrap import interval

FEWEST_PATIENTS = 10
"""Held-out patients below which no difference is believed."""
Statistic = Callable[[NDArray[np.intp]], float]
"""A figure of held-out cases by their row numbers; a case may be drawn several times."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """What one bundle achieves on the held-out cases; `patients` names whose each case is."""

    name: str
    patients: tuple[str, ...]
    figure: Statistic


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure of both bundles on the same cases; `low` to `high`: 95 % of their difference."""

    figure: str
    parent: float
    adapted: float
    low: float
    high: float
    patients: int

    @property
    def better(self) -> bool:
        """The whole interval lies above zero, on enough patients."""
        return self.patients >= FEWEST_PATIENTS and self.low > 0

    @property
    def sentence(self) -> str:
        """With figures."""
        few = f" (at least {FEWEST_PATIENTS} are needed)" if self.patients < FEWEST_PATIENTS else ""
        return (
            f"{self.figure}: {self.adapted:.3f} against {self.parent:.3f} of the parent on {self.patients} "
            f"held-out patients{few}, difference {self.adapted - self.parent:+.3f}, 95 % {self.low:+.3f} to "
            f"{self.high:+.3f} (paired bootstrap over patients): the parent is "
            f"{'' if self.better else 'not '}beaten"
        )

    def figures(self) -> tuple[Figure, ...]:
        """For the bundle's evidence."""
        data = f"{self.patients} held-out patients of the site"
        return (
            Figure(name=self.figure, value=self.adapted, n=self.patients, data=data),
            Figure(name=f"{self.figure}, parent", value=self.parent, n=self.patients, data=data),
            Figure(
                name=f"{self.figure}, difference", value=self.adapted - self.parent, low=self.low,
                high=self.high, n=self.patients, data=data,
            ),
        )  # fmt: skip


def verdict(parent: Held, adapted: Held, *, repeats: int = 1000) -> Verdict:
    """Both on every draw of patients; `parent` and `adapted` have the same cases in the same order."""
    if parent.patients != adapted.patients:
        raise ValueError("the two bundles did not read the same cases")

    def difference(rows: NDArray[np.intp]) -> float:
        return adapted.figure(rows) - parent.figure(rows)

    at = interval(parent.patients, difference, repeats=repeats)
    everything = np.arange(len(parent.patients))
    known = bool(np.isfinite([at.low, at.high]).all())
    low, high = (at.low, at.high) if known else (-1.0, 1.0)
    return Verdict(
        parent.name, parent.figure(everything), adapted.figure(everything), low, high, len({*parent.patients})
    )


def mean_over(cases: Sequence[T], of: Callable[[list[T]], float]) -> Statistic:
    """A figure of whole cases as one of their row numbers."""
    return lambda rows: of([cases[int(k)] for k in rows])
