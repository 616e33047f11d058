"""From marks on single views to findings of an exam: CC with MLO, then breast by breast. Pure; no torch.

CC and MLO show the same lesion at about the same distance behind the nipple, for the breast turns round
the axis through it. Marks of both views that agree in this are one finding in two places, and each makes the
other more probable.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from inference.pipelines.marks2d import MASS, Mark, Marked

CC, MLO = "CC", "MLO"


class Agreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How marks of two views bear on each other.

    spread_mm   standard deviation of the difference of one lesion's distances behind the nipple
    offset, slope, support  log odds of a mark with another view = offset + slope x its own + support x
                (probability of the best agreeing mark there, times its agreement 0..1)
    least       less probable marks are not joined
    """

    spread_mm: float = 17.0
    offset: float = 0.0
    slope: float = 1.0
    support: float = 0.0
    least: float = 0.05

    @classmethod
    def of_settings(cls, settings: Mapping[str, float]) -> "Agreement":
        """From the bundle's settings, where its numbers are named `views_...`; the defaults else."""
        named = {name: f"views_{name}" for name in cls.__struct_fields__}
        return cls(**{name: settings[key] for name, key in named.items() if key in settings})

    def settings(self) -> dict[str, float]:
        """The other way."""
        return {f"views_{name}": getattr(self, name) for name in self.__struct_fields__}

    def of(self, difference_mm: ArrayLike) -> NDArray[np.float64]:
        """1 for equal distances behind the nipple, falling to 0."""
        out: NDArray[np.float64] = np.exp(
            -0.5 * (np.asarray(difference_mm, np.float64) / self.spread_mm) ** 2
        )
        return out


JOINED = 0.1
"""Marks of CC and MLO that agree less than so (2.1 deviations apart) are not one finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One lesion in one place, or in two (CC and MLO).

    places       (view's number in the exam, its mark), most probable first
    probability  that this is a lesion: of its most probable place
    malignancy   if it is one: mean over its places; NaN where it is not judged
    """

    label: str
    laterality: str
    places: tuple[tuple[int, Mark], ...]
    probability: float
    malignancy: float

    @property
    def suspicion(self) -> float:
        """Probability of a malignant lesion; of a lesion, where malignancy is not judged."""
        return self.probability if np.isnan(self.malignancy) else self.probability * self.malignancy


def with_other_views(views: Sequence[Marked], agreement: Agreement) -> tuple[Marked, ...]:
    """The views with marks whose probability takes the other view of the breast into account.

    Views without another one (or without side or view position) stay as they are.
    """
    return tuple(_informed(view, partners(views, view), agreement) for view in views)


def partners(views: Sequence[Marked], view: Marked) -> list[Marked]:
    """The other projection of the same breast in the same exam."""
    other = {CC: MLO, MLO: CC}.get(view.view)
    return [v for v in views if v.view == other and v.laterality == view.laterality != ""]


def supports(view: Marked, others: Sequence[Marked], agreement: Agreement) -> NDArray[np.float64]:
    """(marks,) of each mass on a view: the best product of probability and agreement of a mark elsewhere.

    A mark elsewhere shows one lesion, so that it supports one mark only: the one that is best with it.
    """
    own = np.array([mark.probability if mark.label == MASS else 0.0 for mark in view.marks])
    depth = np.array([view.behind_nipple_mm(mark) for mark in view.marks])
    out = np.zeros(len(own))
    for other in others:
        for mark in other.marks:
            if mark.label == MASS and len(own):
                fit = agreement.of(other.behind_nipple_mm(mark) - depth)
                best = int(np.argmax(own * fit))
                out[best] = max(out[best], mark.probability * fit[best])
    return out


def _informed(view: Marked, others: Sequence[Marked], agreement: Agreement) -> Marked:
    if not others:
        return view
    marks = []
    for mark, other in zip(view.marks, supports(view, others, agreement), strict=True):
        if mark.label == MASS:
            own = log_odds(mark.probability)
            odds = agreement.offset + agreement.slope * own + agreement.support * other
            marks.append(replace(mark, probability=float(expit(odds))))
        else:
            marks.append(mark)
    return replace(view, marks=tuple(sorted(marks, key=lambda m: -m.probability)))


def log_odds(probability: float) -> float:
    """Kept finite."""
    return float(logit(np.clip(probability, 1e-4, 1 - 1e-4)))


def findings(views: Sequence[Marked], agreement: Agreement) -> tuple[Finding, ...]:
    """Findings of the exam, most probable first."""
    left = {(v, m): mark for v, view in enumerate(views) for m, mark in enumerate(view.marks)}
    out = []
    for one, other in _pairs(views, left, agreement):
        out.append(_finding(views, [(one[0], left.pop(one)), (other[0], left.pop(other))]))
    out += [_finding(views, [(v, mark)]) for (v, _), mark in left.items()]
    return tuple(sorted(out, key=lambda f: -f.probability))


Place = tuple[int, int]


def _pairs(
    views: Sequence[Marked], marks: dict[Place, Mark], agreement: Agreement
) -> list[tuple[Place, Place]]:
    """CC with MLO, the best pair first; a mark is in one pair at most."""
    offered = []
    for one, mark in marks.items():
        if views[one[0]].view != CC or mark.probability < agreement.least:
            continue
        known = [id(view) for view in partners(views, views[one[0]])]
        for other, second in marks.items():
            if id(views[other[0]]) not in known or second.label != mark.label:
                continue
            fit = agreement.of(
                views[one[0]].behind_nipple_mm(mark) - views[other[0]].behind_nipple_mm(second)
            )
            if fit >= JOINED and second.probability >= agreement.least:
                offered.append((fit * mark.probability * second.probability, one, other))
    taken: set[Place] = set()
    out = []
    for _, one, other in sorted(offered, key=lambda offer: -offer[0]):
        if one not in taken and other not in taken:
            taken |= {one, other}
            out.append((one, other))
    return out


def _finding(views: Sequence[Marked], places: list[tuple[int, Mark]]) -> Finding:
    places = sorted(places, key=lambda place: -place[1].probability)
    first = places[0]
    return Finding(
        label=first[1].label,
        laterality=views[first[0]].laterality,
        places=tuple(places),
        probability=first[1].probability,
        malignancy=float(np.mean([mark.malignancy for _, mark in places])),
    )


def breast_scores(found: Iterable[Finding]) -> dict[str, float]:
    """The highest suspicion of each breast that has a finding, by laterality: 0..1, not calibrated."""
    out: dict[str, float] = {}
    for finding in found:
        out[finding.laterality] = max(out.get(finding.laterality, 0.0), finding.suspicion)
    return out
