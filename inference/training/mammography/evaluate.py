"""What mass detectors achieve on views with truth: sensitivity by false marks per view, with intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from inference.bundle import Bundle, Figure
from inference.cases import TruthMark
from inference.evidence.bootstrap import Interval, interval, of_cases
from inference.evidence.calibration import brier, ece, reliability
from inference.evidence.froc import at_threshold, froc, sensitivity_at, threshold_at
from inference.evidence.marks import FALSE, IGNORED, Scored
from inference.pipelines.detect2d import Detect2D, Mark
from inference.training.mammography.views import Film, Part, films

RATES = (0.5, 1.0, 2.0, 4.0)
RULES = (
    "A mark hits when its centre lies in the box of a mass; its best mark counts. Marks in a marked region "
    "of calcifications count neither way."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One film after reading: marks against the masses of its truth. `malignancy` of each mark.

    fault  why the film was not read; "" where it was
    """

    name: str
    patient: str
    scored: Scored
    masses: tuple[TruthMark, ...]
    malignancy: NDArray[np.float64]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What `measured` found: films with a mass, figures, and (predicted, observed) shares of hits."""

    judged: tuple[Judged, ...]
    figures: tuple[Figure, ...]
    reliable: tuple[tuple[float, float], ...]


def measured(bundle: Bundle, folder: Path, data: Path, device: str, repeats: int) -> Measured:
    """A bundle on the validation patients of the data set and on its normal views.

    Raises `BundleError` where the weights are not the bundle's, OSError where the data set is not there.
    """
    pipeline = Detect2D.load(bundle, folder, device)
    judged = judge(pipeline, films(data, lambda film: film.part is Part.VALIDATION))
    normal = judge(pipeline, films(data, lambda film: film.part is Part.NORMAL))
    p = bundle.calibration(np.concatenate([film.scored.scores for film in judged]))
    lesion = np.concatenate([film.scored.lesion for film in judged])
    counted = lesion != IGNORED
    p, hit = p[counted], (lesion[counted] >= 0).astype(np.float64)
    rows = reliability(p, hit)
    probability = (
        Figure(name="Brier score of the probability", value=brier(p, hit), n=len(p)),
        Figure(name="expected calibration error", value=ece(p, hit), n=len(p)),
    )
    shares = tuple(zip(rows.predicted.tolist(), rows.observed.tolist(), strict=True))
    return Measured(tuple(judged), (*figures(judged, normal, repeats=repeats), *probability), shares)


def judge(pipeline: Detect2D, chosen: Iterable[Film]) -> list[Judged]:
    """Read the films and compare; one on which no breast is found has no marks."""
    out = []
    for film in chosen:
        fault = ""
        marks: tuple[Mark, ...] = ()
        try:
            marks = pipeline.marks(film.read())
        except ValueError as error:
            fault = str(error)
        out.append(compared(film.id, film.patient, marks, film.truth, fault))
    return out


def compared(
    name: str, patient: str, marks: Sequence[Mark], truth: Sequence[TruthMark], fault: str = ""
) -> Judged:
    """Marks (best first) against the truth of their film."""
    masses = tuple(t for t in truth if t.kind == "mass" and not t.ignore)
    others = [t for t in truth if t not in masses]
    hit = np.full(len(marks), FALSE, np.int64)
    taken: set[int] = set()
    for k, mark in enumerate(marks):
        own = [n for n, mass in enumerate(masses) if _within(mark, mass)]
        free = [n for n in own if n not in taken]
        if free:
            hit[k] = min(free, key=lambda n: _far(mark, masses[n]))
            taken.add(int(hit[k]))
        elif own or any(_within(mark, other) for other in others):
            hit[k] = IGNORED
    scores = np.array([mark.score for mark in marks], np.float64)
    scored = Scored(patient, scores, hit, (patient,) * len(masses))
    malignancy = np.array([mark.malignancy for mark in marks], np.float64)
    return Judged(name, patient, scored, masses, malignancy, fault)


def figures(
    judged: Sequence[Judged], normal: Sequence[Judged] = (), *, repeats: int = 500
) -> tuple[Figure, ...]:
    """All figures with intervals over patients. `judged`: views with a mass; `normal`: views without.

    What cannot be said of these views (an AUC where all masses are of one kind) is left out.
    """
    cases = [film.scored for film in judged]
    out = []
    for rate in RATES:
        name = f"sensitivity at {rate:g} false marks per view"
        out.append(_figure(name, of_cases(cases, partial(_sensitivity, rate=rate), repeats=repeats), cases))
        threshold = threshold_at(froc(cases), rate)
        for malignant, kind in ((True, "malignant"), (False, "benign")):
            own = [_only(film, malignant=malignant) for film in judged]
            at = of_cases(own, lambda c, t=threshold: at_threshold(c, t)[0], repeats=repeats)  # type: ignore[misc]
            out.append(_figure(f"{name}, {kind} masses", at, own))
        if normal:
            each = [float((film.scored.scores >= threshold).sum()) for film in normal]
            rows = interval([f.patient for f in normal], partial(_mean, np.array(each)), repeats=repeats)
            out.append(_as_figure(f"false marks per normal view at that of {rate:g}", rows, len(normal)))
    found = (*out, _malignancy(judged, repeats))
    return tuple(figure for figure in found if np.isfinite(figure.value))


def _sensitivity(cases: Sequence[Scored], *, rate: float) -> float:
    return sensitivity_at(froc(cases), rate)


def _mean(values: NDArray[np.float64], rows: NDArray[np.intp]) -> float:
    return float(values[rows].mean())


def _only(film: Judged, *, malignant: bool) -> Scored:
    """The film with masses of one kind alone; marks on others count neither way."""
    kept = [n for n, mass in enumerate(film.masses) if bool(mass.malignant) is malignant]
    number = {n: k for k, n in enumerate(kept)}
    old = film.scored.lesion
    lesion = np.array([number.get(int(n), IGNORED) if n >= 0 else n for n in old], np.int64)
    return Scored(film.patient, film.scored.scores, lesion, (film.patient,) * len(kept))


def _malignancy(judged: Sequence[Judged], repeats: int) -> Figure:
    """Area under the ROC curve of the malignancy of masses that were found, malignant against benign."""
    rows = [
        (film.patient, float(p), bool(film.masses[int(n)].malignant))
        for film in judged
        for n, p in zip(film.scored.lesion, film.malignancy, strict=True)
        if n >= 0
    ]
    value, truth = np.array([p for _, p, _ in rows]), np.array([y for *_, y in rows], bool)
    at = interval([name for name, *_ in rows], lambda k: auc(value[k], truth[k]), repeats=repeats)
    return _as_figure("malignancy AUC of found masses", at, len(rows))


def auc(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Area under the ROC curve (Mann and Whitney); NaN where one of the kinds is missing."""
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _figure(name: str, at: Interval, cases: Sequence[Scored]) -> Figure:
    return _as_figure(name, at, sum(len(case.owners) for case in cases))


def _as_figure(name: str, at: Interval, n: int) -> Figure:
    known = np.isfinite(at.low) and np.isfinite(at.high)
    return Figure(
        name=name, value=at.value, low=at.low if known else None, high=at.high if known else None, n=n
    )


def _within(mark: Mark, truth: TruthMark) -> bool:
    left, top, right, bottom = truth.box
    row, column = mark.centre
    return left <= column <= right and top <= row <= bottom


def _far(mark: Mark, truth: TruthMark) -> float:
    left, top, right, bottom = truth.box
    return float(np.hypot(mark.centre[0] - (top + bottom) / 2, mark.centre[1] - (left + right) / 2))
