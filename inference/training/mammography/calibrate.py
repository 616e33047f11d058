"""Scores to probabilities, what another view counts, operating points: on the calibration patients only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Calibration
from inference.cases import TruthMark, View
from inference.evidence.calibration import isotonic, logistic, platt
from inference.evidence.froc import froc, sensitivity_at, threshold_at
from inference.evidence.marks import IGNORED, Scored
from inference.pipelines.both_views import (
    Agreement,
    breast_scores,
    findings,
    log_odds,
    partners,
    supports,
    with_other_views,
)
from inference.pipelines.classify2d import CONCEPTS, terms
from inference.pipelines.mammogram import Prepared, prepare
from inference.pipelines.marks2d import Marked
from inference.pipelines.masses import AS_IS, PROPERTIES, Masses, Raw, Scales, Weights, stored
from inference.protocol import OperatingPoint
from inference.training.calibrate import NothingMarkedError
from inference.training.mammography.density import TERMS
from inference.training.mammography.figures import RATES
from inference.training.mammography.truth import hits, masses
from inference.training.mammography.views import Film

POINTS = {"sensitive": 2.0, "balanced": 1.0, "strict": 0.5}
"""Operating points by their false marks per view."""
SHARES = (0.0, 0.25, 0.5, 0.75)
"""Of the classifier in the score: what is tried."""
FITTED_ON = "calibration patients, each of whose films holds a mass"


@dataclass(frozen=True, slots=True)
class Trial:
    """One calibration film and what the networks say about it."""

    patient: str
    view: View
    prepared: Prepared
    raw: Raw

    @property
    def masses(self) -> tuple[TruthMark, ...]:
        """Those that should be found."""
        return masses(self.view.truth)

    def hits(self, order: NDArray[np.intp]) -> NDArray[np.int64]:
        """Which mass each peak hits, where the peaks rank in `order`; in the order of the peaks."""
        centres = [stored(self.prepared, self.raw.peaks[int(k)])[0] for k in order]
        out = np.empty(len(order), np.int64)
        out[order] = hits(centres, self.view.truth)
        return out

    def scored(self, scores: NDArray[np.float64]) -> Scored:
        """The peaks with these scores against the truth."""
        hit = self.hits(np.argsort(-scores, kind="stable"))
        return Scored(self.patient, scores, hit, (self.patient,) * len(self.masses))


@dataclass(frozen=True, slots=True)
class Fitted:
    """All that follows from the calibration patients. `notes`: what was tried there and what it gave."""

    weights: Weights
    scales: Scales
    agreement: Agreement
    breast: Calibration
    points: tuple[OperatingPoint, ...]
    notes: dict[str, float]


def trials(pipeline: Masses, films: Iterable[Film]) -> list[Trial]:
    """Read the films; those on which no breast is found are left out."""
    out = []
    for film in films:
        view = film.read()
        prepared = prepare(view)
        if prepared is not None:
            out.append(Trial(film.patient, view, prepared, pipeline.raw(prepared)))
    return out


def fit(pipeline: Masses, films: Sequence[Film], others: Sequence[Film], spread_mm: float) -> Fitted:
    """Everything in its order; `pipeline` is left as fitted. Raises `NothingMarkedError` without a hit.

    Of `others`, the films that were learnt from, only the truth is asked: how common what is malignant is.
    """
    tried = trials(pipeline, films)
    scored = {share: [t.scored(t.raw.scores(share)) for t in tried] for share in SHARES}
    if not any((case.lesion >= 0).any() for case in scored[0.0]):
        raise NothingMarkedError("the detectors find no mass of the calibration patients; train for longer")
    found = {share: mean_sensitivity(cases) for share, cases in scored.items()}
    share = malignant_shares([*films, *others])
    best = max(SHARES, key=lambda share: found[share])
    pipeline.weights = Weights(best)
    pipeline.scales = replace(
        scales(tried, scored[best], pipeline.weights, share.masses), density=density(pipeline, tried)
    )
    views = [pipeline.marked(t.view, t.prepared, t.raw) for t in tried]
    agreement, notes = agreeing(tried, views, spread_mm)
    notes |= {f"classifier's share {share:g}: mean sensitivity": value for share, value in found.items()}
    exams = by_patient(tried, views, agreement)
    points = operating_points([compared(t, v) for t, v in exams])
    return Fitted(
        pipeline.weights, pipeline.scales, agreement, breasts(exams, agreement, share.breasts), points, notes
    )


@dataclass(frozen=True, slots=True)
class Shares:
    """How common the malignant ones are among masses, and breasts with one among those that were filmed."""

    masses: float
    breasts: float


def malignant_shares(films: Sequence[Film]) -> Shares:
    """By the truth of these films."""
    each = [(film, bool(mass.malignant)) for film in films for mass in masses(film.truth)]
    filmed = {(film.patient, film.side) for film in films}
    held = {(film.patient, film.side) for film, malignant in each if malignant}
    return Shares(float(np.mean([malignant for _, malignant in each])), len(held) / len(filmed))


def mean_sensitivity(cases: Sequence[Scored]) -> float:
    """Over the rates that are told."""
    curve = froc(cases)
    return float(np.mean([sensitivity_at(curve, rate) for rate in RATES]))


def scales(tried: Sequence[Trial], cases: Sequence[Scored], weights: Weights, share: float) -> Scales:
    """From scores to probabilities: isotonic for the many marks, logistic for the few masses."""
    scores = np.concatenate([case.scores for case in cases])
    lesion = np.concatenate([case.lesion for case in cases])
    counted = lesion != IGNORED
    mass = isotonic(scores[counted], (lesion[counted] >= 0).astype(np.float64))
    kind: list[tuple[float, bool]] = []
    right: dict[str, list[tuple[float, bool]]] = {name: [] for name in PROPERTIES}
    for trial, case in zip(tried, cases, strict=True):
        malignancy = trial.raw.malignancy(weights.malignancy)
        for k in np.flatnonzero(case.lesion >= 0):
            truth = trial.masses[int(case.lesion[k])]
            kind.append((float(malignancy[k]), bool(truth.malignant)))
            for name, text in (("shape", truth.shape), ("margin", truth.margin)):
                if trial.raw.said is not None and terms(text):
                    right[name].append(_suggested(trial.raw.said.concepts[k], name, text))
    return Scales(
        _calibration("isotonic", mass, "marks on films of"),
        _logistic(kind, "malignant among found masses of", share),
        *(_logistic(rows, f"{name} of found masses of") for name, rows in right.items()),
    )


def density(pipeline: Masses, tried: Sequence[Trial]) -> Calibration:
    """From the share that the likeliest density has to the probability that it is the reader's."""
    rows = []
    for trial in tried:
        reader = TERMS.get(trial.view.meta.get("density", ""))
        if pipeline.density is not None and reader is not None:
            said = pipeline.density.probabilities(trial.prepared)
            best = max(said, key=lambda term: said[term])
            rows.append((said[best], best == reader))
    return _logistic(rows, "density of breasts of")


def _logistic(rows: Sequence[tuple[float, bool]], what: str, share: float | None = None) -> Calibration:
    """`share`: of the true ones among all such cases, where it is known of more than `rows` (see `platt`)."""
    if not rows:
        return AS_IS
    scores, truth = zip(*rows, strict=True)
    return _calibration("logistic", platt(scores, truth, share=share), what)


def _suggested(concepts: NDArray[np.float64], name: str, text: str) -> tuple[float, bool]:
    """Score of the likeliest term, and whether a reader chose it."""
    own = PROPERTIES[name]
    best = int(np.argmax(concepts[own]))
    return float(concepts[own][best]), CONCEPTS[own][best] in terms(text)


def _calibration(
    method: str, knots: tuple[NDArray[np.float64], NDArray[np.float64]], what: str
) -> Calibration:
    scores, values = (tuple(a.tolist()) for a in knots)
    return Calibration(method=method, scores=scores, probabilities=values, fitted_on=f"{what} {FITTED_ON}")


def compared(trial: Trial, view: Marked) -> Scored:
    """The marks of a view, ranked by probability, against its truth."""
    hit = hits([mark.centre for mark in view.marks], trial.view.truth)
    scores = np.array([mark.probability for mark in view.marks], np.float64)
    return Scored(trial.patient, scores, hit, (trial.patient,) * len(trial.masses))


def agreeing(
    tried: Sequence[Trial], views: Sequence[Marked], spread_mm: float
) -> tuple[Agreement, dict[str, float]]:
    """How much a mark in the other view counts; nothing, where that does not raise the mean sensitivity."""
    neutral = Agreement(spread_mm)
    rows, truth = [], []
    for trial, view in zip(tried, views, strict=True):
        own = [v for t, v in zip(tried, views, strict=True) if t.patient == trial.patient]
        others = partners(own, view)
        hit = hits([mark.centre for mark in view.marks], trial.view.truth)
        supported = supports(view, others, neutral)
        for mark, lesion, other in zip(view.marks, hit, supported, strict=True):
            if others and lesion != IGNORED:
                rows.append((log_odds(mark.probability), other))
                truth.append(lesion >= 0)
    before = mean_sensitivity([compared(t, v) for t, v in zip(tried, views, strict=True)])
    notes = {"single views: mean sensitivity": before}
    if not any(truth):
        return neutral, notes
    slope, other, offset = logistic(rows, truth).tolist()
    fitted = Agreement(spread_mm, offset, slope, other)
    after = mean_sensitivity([compared(t, v) for t, v in by_patient(tried, views, fitted)])
    notes |= {"both views: mean sensitivity": after, "both views: support": other}
    return (fitted if after > before and slope > 0 else neutral), notes


def by_patient(
    tried: Sequence[Trial], views: Sequence[Marked], agreement: Agreement
) -> list[tuple[Trial, Marked]]:
    """Every film with its marks after the other view of the breast was taken into account."""
    out: list[tuple[Trial, Marked]] = []
    for patient in dict.fromkeys(t.patient for t in tried):
        own = [k for k, t in enumerate(tried) if t.patient == patient]
        out += zip([tried[k] for k in own], with_other_views([views[k] for k in own], agreement), strict=True)
    return out


def breasts(exams: Sequence[tuple[Trial, Marked]], agreement: Agreement, share: float) -> Calibration:
    """From the score of a breast to the probability that it holds a malignant mass."""
    rows = []
    for patient in dict.fromkeys(t.patient for t, _ in exams):
        own = [(t, v) for t, v in exams if t.patient == patient]
        scores = breast_scores(findings([v for _, v in own], agreement))
        for side in dict.fromkeys(v.laterality for _, v in own):
            malignant = any(m.malignant for t, v in own if v.laterality == side for m in t.masses)
            rows.append((scores.get(side, 0.0), malignant))
    return _logistic(rows, "breasts of", share)


def operating_points(cases: Sequence[Scored]) -> tuple[OperatingPoint, ...]:
    """Thresholds on the probability at the stated rates of false marks."""
    curve = froc(cases)
    return tuple(
        OperatingPoint(name, float(threshold_at(curve, rate)), rate, "false marks per view")
        for name, rate in POINTS.items()
    )
