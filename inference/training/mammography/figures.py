"""Figures of a model for mammograms, from marks and truth, with intervals over patients."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Calibration, Figure
from inference.cases import TruthMark
from inference.evidence.bootstrap import interval, of_cases
from inference.evidence.calibration import brier
from inference.evidence.froc import at_threshold, froc, sensitivity_at, threshold_at
from inference.evidence.marks import IGNORED, Scored
from inference.evidence.roc import auc, delong
from inference.pipelines.both_views import Agreement, Finding, breast_scores, findings
from inference.pipelines.classify2d import terms
from inference.pipelines.marks2d import Mark, Marked
from inference.training.evaluation import calibration_error, figure

RATES = (0.5, 1.0, 2.0, 4.0)
"""False marks per view at which sensitivity is told."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One film after reading.

    scored  its marks, ranked by probability, against `masses`, which are those that should be found
    density  BI-RADS density as a reader sees it, "a" to "d"; "" where unknown
    view    the marks; None where the film was not read, and then `fault` says why
    """

    name: str
    patient: str
    scored: Scored
    masses: tuple[TruthMark, ...]
    view: Marked | None
    density: str = ""
    fault: str = ""

    @property
    def found(self) -> list[tuple[Mark, TruthMark]]:
        """Masses that were found, each with its mark."""
        marks = () if self.view is None else self.view.marks
        return [(m, self.masses[int(n)]) for m, n in zip(marks, self.scored.lesion, strict=True) if n >= 0]


def detection(judged: Sequence[Judged], normal: Sequence[Judged] = (), *, repeats: int = 500) -> list[Figure]:
    """Sensitivity by false marks. `judged`: views with a mass; `normal`: views without."""
    cases = [film.scored for film in judged]
    out = []
    for rate in RATES:
        name = f"sensitivity at {rate:g} false marks per view"
        at = of_cases(cases, partial(_sensitivity, rate=rate), repeats=repeats)
        out.append(figure(name, at, sum(len(case.owners) for case in cases)))
        threshold = threshold_at(froc(cases), rate)
        for malignant, kind in ((True, "malignant"), (False, "benign")):
            own = [_only(film, malignant=malignant) for film in judged]
            at = of_cases(own, partial(_share_found, threshold=threshold), repeats=repeats)
            out.append(figure(f"{name}, {kind} masses", at, sum(len(case.owners) for case in own)))
        if normal:
            each = [float((film.scored.scores >= threshold).sum()) for film in normal]
            at = interval([f.patient for f in normal], partial(_mean, np.array(each)), repeats=repeats)
            out.append(figure(f"false marks per normal view at that of {rate:g}", at, len(normal)))
    return out


def judgement(
    judged: Sequence[Judged], agreement: Agreement, breast: Calibration, *, repeats: int = 500
) -> list[Figure]:
    """What is said about found masses, findings and breasts."""
    found = [(film.patient, mark, mass) for film in judged for mark, mass in film.found]
    patients = [patient for patient, *_ in found]
    malignancy = np.array([mark.malignancy for _, mark, _ in found])
    malignant = np.array([bool(mass.malignant) for *_, mass in found])
    out = [
        _auc("malignancy AUC of found masses", patients, malignancy, malignant, repeats),
        figure("the same, interval of DeLong", delong(malignancy, malignant), len(found)),
    ]
    if len(found):
        out += [
            Figure(name="Brier score of the malignancy", value=brier(malignancy, malignant), n=len(found)),
            *calibration_error("malignancy, ", malignancy, malignant),
        ]
    for name in ("shape", "margin"):
        out += _suggested(name, found, repeats)
    out += _densities(judged, repeats)
    return [*out, *_of_exams(judged, agreement, breast, repeats)]


def _suggested(name: str, found: Sequence[tuple[str, Mark, TruthMark]], repeats: int) -> list[Figure]:
    """How often the suggested term is one of the reader's; beside it, how often the commonest one is."""
    known = [
        (p, m.suggestions[name], truth)
        for p, m, t in found
        if name in m.suggestions and (truth := terms(getattr(t, name)))
    ]
    if not known:
        return []
    right = np.array([float(said.value in truth) for _, said, truth in known])
    commonest = max(np.mean([term in truth for *_, truth in known]) for *_, own in known for term in own)
    at = interval([p for p, *_ in known], partial(_mean, right), repeats=repeats)
    return [
        figure(f"{name}: the suggestion is a reader's term", at, len(known)),
        Figure(name=f"{name}: the commonest term is a reader's", value=float(commonest), n=len(known)),
        *calibration_error(f"{name}: ", [said.probability for _, said, _ in known], right),
    ]


def _densities(judged: Sequence[Judged], repeats: int) -> list[Figure]:
    """How often the suggested density is the reader's, or next to it; and how often the commonest one is."""
    known = [
        (film.patient, film.view.density, film.density)
        for film in judged
        if film.view is not None and film.view.density is not None and film.density
    ]
    if not known:
        return []
    patients = [patient for patient, *_ in known]
    far = np.array([abs(ord(said.value) - ord(truth)) for _, said, truth in known])
    truths = [truth for *_, truth in known]
    out = []
    for most, name in ((0, "is the reader's"), (1, "is the reader's or next to it")):
        at = interval(patients, partial(_mean, (far <= most).astype(float)), repeats=repeats)
        out.append(figure(f"density: the suggestion {name}", at, len(known)))
    commonest = max(truths.count(term) for term in truths) / len(truths)
    out.append(Figure(name="density: the commonest is the reader's", value=commonest, n=len(known)))
    return [*out, *calibration_error("density: ", [said.probability for _, said, _ in known], far == 0)]


def _of_exams(
    judged: Sequence[Judged], agreement: Agreement, breast: Calibration, repeats: int
) -> list[Figure]:
    """Breasts and exams with a malignant mass against those without; masses of two views joined in one."""
    exams: dict[str, list[Judged]] = {}
    for film in judged:
        exams.setdefault(film.patient, []).append(film)
    sides: list[tuple[str, float, bool]] = []
    whole: list[tuple[str, float, bool]] = []
    joined: list[tuple[str, float]] = []
    for patient, own in exams.items():
        found = findings([film.view for film in own if film.view is not None], agreement)
        scores = {side: float(breast(score)) for side, score in breast_scores(found).items()}
        kind = {s: any(m.malignant for f in own if _side(f) == s for m in f.masses) for s in map(_side, own)}
        sides += [(patient, scores.get(side, 0.0), malignant) for side, malignant in kind.items()]
        whole.append((patient, max(scores.values(), default=0.0), any(kind.values())))
        joined += [(patient, float(together)) for together in _together(own, found)]
    out = []
    for name, rows in (("breast", sides), ("exam", whole)):
        names, score, truth = zip(*rows, strict=True)
        out.append(
            _auc(f"{name} AUC, malignant mass or not", names, np.array(score), np.array(truth), repeats)
        )
        if name == "breast":
            out += calibration_error("breast: ", score, truth)
    if joined:
        at = interval(
            [p for p, _ in joined], partial(_mean, np.array([t for _, t in joined])), repeats=repeats
        )
        out.append(figure("masses found on CC and MLO that are joined in one finding", at, len(joined)))
    return out


def _side(film: Judged) -> str:
    return "" if film.view is None else film.view.laterality


def _together(own: Sequence[Judged], found: Iterable[Finding]) -> list[bool]:
    """Of each mass that was found on two views, whether its two marks are one finding."""
    marks: dict[str, list[Mark]] = {}
    for film in own:
        for mark, mass in film.found:
            if mass.finding:
                marks.setdefault(mass.finding, []).append(mark)
    pairs = [{id(mark) for _, mark in finding.places} for finding in found]
    return [any({id(m) for m in two} <= pair for pair in pairs) for two in marks.values() if len(two) == 2]


def _sensitivity(cases: Sequence[Scored], *, rate: float) -> float:
    return sensitivity_at(froc(cases), rate)


def _share_found(cases: Sequence[Scored], *, threshold: float) -> float:
    return at_threshold(cases, threshold)[0]


def _mean(values: NDArray[np.float64], rows: NDArray[np.intp]) -> float:
    return float(values[rows].mean())


def _only(film: Judged, *, malignant: bool) -> Scored:
    """The film with masses of one kind alone; marks on others count neither way."""
    kept = [n for n, mass in enumerate(film.masses) if bool(mass.malignant) is malignant]
    number = {n: k for k, n in enumerate(kept)}
    old = film.scored.lesion
    lesion = np.array([number.get(int(n), IGNORED) if n >= 0 else n for n in old], np.int64)
    return Scored(film.patient, film.scored.scores, lesion, (film.patient,) * len(kept))


def _auc(
    name: str, patients: Sequence[str], score: NDArray[np.float64], truth: NDArray[np.bool_], repeats: int
) -> Figure:
    at = interval(patients, lambda rows: auc(score[rows], truth[rows]), repeats=repeats)
    return figure(name, at, len(patients))
