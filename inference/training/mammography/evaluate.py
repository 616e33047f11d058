"""A bundle on the validation patients of the data set `mg` and on its normal views."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, Figure
from inference.evidence.calibration import brier, reliability
from inference.evidence.froc import froc
from inference.evidence.marks import IGNORED, Scored
from inference.evidence.roc import Roc, roc
from inference.pipelines import clusters
from inference.pipelines.both_views import Agreement, with_other_views
from inference.pipelines.marks2d import Marked
from inference.pipelines.masses import AS_IS, Masses
from inference.training.evaluation import Evaluation, calibration_error, write
from inference.training.mammography import cluster_evaluate
from inference.training.mammography.density import TERMS
from inference.training.mammography.figures import Judged, detection, judgement
from inference.training.mammography.truth import RULES, hits, masses
from inference.training.mammography.views import Film, Part, films


def evaluation(
    bundle: Bundle, folder: Path, data: Path, out: Path | None, device: str, repeats: int, exams: int
) -> Evaluation:
    """All figures, written into `out` if given; clusters are planted into so many exams of phantoms, too.

    Raises `BundleError` where the weights are not the bundle's, OSError where the data set is not there.
    """
    pipeline = Masses.load(bundle, folder, device)
    agreement = Agreement.of_settings(bundle.settings)
    judged, normal = (
        judge(pipeline, agreement, films(data, lambda film, part=part: film.part is part))  # type: ignore[misc]
        for part in (Part.VALIDATION, Part.NORMAL)
    )
    p, hit = probabilities(judged)
    shares = reliability(p, hit)
    figures = (
        *detection(judged, normal, repeats=repeats),
        *judgement(judged, agreement, bundle.calibrations.get("breast", AS_IS), repeats=repeats),
        Figure(name="Brier score of the probability", value=brier(p, hit), n=len(p)),
        *calibration_error("probability, ", p, hit),
    )
    planted = cluster_evaluate.Measured((), ())
    if clusters.NETWORK in bundle.architecture:
        planted = cluster_evaluate.measured(bundle, folder, data, device, repeats, exams)
    result = Evaluation(
        bundle=bundle.id,
        version=bundle.version,
        sha256=bundle.sha256,
        cases=len(judged),
        not_read={film.name: film.fault for film in judged if film.fault},
        rules=f"{RULES} {cluster_evaluate.RULES}" if planted.figures else RULES,
        figures=tuple(figure for figure in (*figures, *planted.figures) if np.isfinite(figure.value)),
        groups=planted.groups,
    )
    if out is not None:
        told = tuple(zip(shares.predicted.tolist(), shares.observed.tolist(), strict=True))
        write(result, out, froc([film.scored for film in judged]), told, "view", rocs=rocs(judged))
    return result


def rocs(judged: Iterable[Judged]) -> dict[str, Roc]:
    """Of the malignancy of found masses; empty where only one kind was found."""
    found = [(mark.malignancy, bool(mass.malignant)) for film in judged for mark, mass in film.found]
    score = np.array([malignancy for malignancy, _ in found], np.float64)
    truth = np.array([malignant for _, malignant in found], np.bool_)
    return {"malignancy of found masses": roc(score, truth)} if truth.any() and not truth.all() else {}


def judge(pipeline: Masses, agreement: Agreement, chosen: Iterable[Film]) -> list[Judged]:
    """Read the films, those of one patient as one exam, and compare with their truth."""
    patients: dict[str, list[Film]] = {}
    for film in chosen:
        patients.setdefault(film.patient, []).append(film)
    return [judged for own in patients.values() for judged in _exam(pipeline, agreement, own)]


def _exam(pipeline: Masses, agreement: Agreement, own: list[Film]) -> list[Judged]:
    """A film on which no breast is found has no marks, and says why."""
    seen: dict[str, Marked] = {}
    faults: dict[str, str] = {}
    for film in own:
        try:
            seen[film.id] = replace(pipeline.look(film.read()), prepared=None)
        except ValueError as error:
            faults[film.id] = str(error)
    informed = with_other_views(list(seen.values()), agreement)
    views = dict(zip(seen, informed, strict=True))
    return [compared(film, views.get(film.id), faults.get(film.id, "")) for film in own]


def compared(film: Film, view: Marked | None, fault: str = "") -> Judged:
    """The marks of a film, most probable first, against its truth."""
    marks = () if view is None else view.marks
    wanted = masses(film.truth)
    scores = np.array([mark.probability for mark in marks], np.float64)
    hit = hits([mark.centre for mark in marks], film.truth)
    scored = Scored(film.patient, scores, hit, (film.patient,) * len(wanted))
    return Judged(film.id, film.patient, scored, wanted, view, TERMS.get(film.density, ""), fault)


def probabilities(judged: Iterable[Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of all marks that count: the probability, and whether it is a mass."""
    cases = [film.scored for film in judged]
    lesion = np.concatenate([case.lesion for case in cases])
    counted = lesion != IGNORED
    return np.concatenate([case.scores for case in cases])[counted], (lesion[counted] >= 0).astype(np.float64)
