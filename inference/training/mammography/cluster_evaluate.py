"""How well planted clusters are found in breasts that were left out, with intervals over patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, Figure
from inference.evidence.bootstrap import of_cases
from inference.evidence.froc import at_threshold, froc, sensitivity_at, threshold_at
from inference.evidence.marks import Scored
from inference.pipelines.clusters import LABEL, Clusters
from inference.training.mammography.cluster_sheets import phantoms
from inference.training.mammography.cluster_trial import Ground, Planted, compared, planted
from inference.training.mammography.views import Part

RATE = 0.5
"""False clusters per view at which sensitivity is told."""
Statistic = Callable[[Sequence[Scored]], float]
EXAMS = 6
"""Phantoms of reserved seeds, four views each."""
FULL = (Ground.FILM, Ground.PHANTOM)
RULES = (
    "Clusters are procedural: at least five specks of 0.3 to 0.8 mm, one planted into each background. "
    "A mark hits when its centre lies in the cluster's box; its best mark counts, every other mark is false, "
    "also one on calcifications that are really there. Each background is read with and without a cluster; "
    "both count as views. Contrast follows from physics (calcium oxalate at 20 keV, scatter, blur, film "
    "curve) and was fixed before anything was measured."
)

GROUPS: tuple[tuple[str, Callable[[Planted], bool]], ...] = (
    ("5 to 7 specks", lambda p: p.count <= 7),
    ("8 to 12 specks", lambda p: 8 <= p.count <= 12),
    ("13 to 20 specks", lambda p: p.count >= 13),
    ("specks below 0.4 mm", lambda p: p.size_mm < 0.4),
    ("specks of 0.4 to 0.5 mm", lambda p: 0.4 <= p.size_mm < 0.5),
    ("specks of 0.5 mm and more", lambda p: p.size_mm >= 0.5),
    ("contrast to noise below 3", lambda p: p.cnr < 3),
    ("contrast to noise 3 to 6", lambda p: 3 <= p.cnr < 6),
    ("contrast to noise above 6", lambda p: p.cnr >= 6),
    ("punctate", lambda p: p.kind == "punctate"),
    ("pleomorphic", lambda p: p.kind == "pleomorphic"),
    ("fine linear", lambda p: p.kind == "fine linear"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of the whole, and sensitivity by group at the threshold of `RATE`."""

    figures: tuple[Figure, ...]
    groups: tuple[Figure, ...]


def measured(bundle: Bundle, folder: Path, data: Path, device: str, repeats: int, exams: int) -> Measured:
    """A bundle's cluster network on the validation patients, the normal views and `exams` phantoms.

    Raises `BundleError` where the weights are not the bundle's, OSError where the data set is not there.
    """
    pipeline = Clusters.load(bundle, folder, device)
    tried = list(planted(pipeline, data, Part.VALIDATION, exams))
    own = [
        compared(view.meta["patient"], pipeline.marks(view), _rows_first(view.truth[0].box))
        for view in phantoms(Part.VALIDATION, exams, own=True)
    ]
    calibrated, default = bundle.calibration_of(LABEL), bundle.operating_point_of(LABEL).threshold
    score = float(np.interp(default, calibrated.probabilities, calibrated.scores))
    return summary(tried, own, score, repeats)


def summary(tried: Sequence[Planted], own: Sequence[Scored], default: float, repeats: int) -> Measured:
    """All figures. `own`: views with clusters of the phantom's own; `default`: score of the threshold."""
    out = []
    full = [p for p in tried if p.ground in FULL]
    parts = [("films drawn out and phantoms", full)]
    parts += [(str(ground), [p for p in tried if p.ground is ground]) for ground in Ground]
    for name, some in parts:
        if some:
            out += _of(name, some, default, repeats)
    if not full:
        return Measured(tuple(out), ())
    threshold = threshold_at(froc(_cases(full)), RATE)
    found = partial(_found, threshold=threshold)
    if own:
        out.append(_figure("phantom: clusters of its own generator, same threshold", own, found, repeats))
    groups = []
    for name, belongs in GROUPS:
        some = [p for p in full if belongs(p)]
        if some:
            groups.append(_figure(f"clusters, {name}", [p.held for p in some], found, repeats))
    return Measured(tuple(out), tuple(groups))


def _of(name: str, some: Sequence[Planted], default: float, repeats: int) -> list[Figure]:
    cases = _cases(some)
    bare, held = [p.bare for p in some], [p.held for p in some]
    threshold = threshold_at(froc(cases), RATE)
    low, middle, high = (float(v) for v in np.percentile([p.cnr for p in some], [5, 50, 95]))
    told: tuple[tuple[str, Sequence[Scored], Statistic], ...] = (
        (f"clusters found at {RATE:g} false ones per view", cases, _sensitivity),
        ("false clusters per view without one there", bare, partial(_false, threshold=threshold)),
        ("clusters found at the default threshold", held, partial(_found, threshold=default)),
        ("false clusters per view at the default threshold", cases, partial(_false, threshold=default)),
    )
    spread = "contrast to noise of a cluster (median; 5 to 95 %)"
    return [
        *(_figure(f"{name}: {what}", of, statistic, repeats) for what, of, statistic in told),
        Figure(name=f"{name}: {spread}", value=middle, low=low, high=high, n=len(some)),
    ]


def _figure(name: str, cases: Sequence[Scored], statistic: Statistic, repeats: int) -> Figure:
    """`n` counts clusters, or views where none holds one."""
    at = of_cases(cases, statistic, repeats=repeats)
    known = bool(np.isfinite(at.low) and np.isfinite(at.high))
    low, high = (at.low, at.high) if known else (None, None)
    clusters = sum(len(case.owners) for case in cases)
    return Figure(name=name, value=at.value, low=low, high=high, n=clusters or len(cases))


def _cases(some: Sequence[Planted]) -> list[Scored]:
    return [case for p in some for case in (p.bare, p.held)]


def _sensitivity(cases: Sequence[Scored]) -> float:
    return sensitivity_at(froc(cases), RATE)


def _found(cases: Sequence[Scored], *, threshold: float) -> float:
    return at_threshold(cases, threshold)[0]


def _false(cases: Sequence[Scored], *, threshold: float) -> float:
    return at_threshold(cases, threshold)[1]


def _rows_first(box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    left, top, right, bottom = box
    return np.array([top, left, bottom, right])
