"""What a general detector achieves on test images: free-response ROC, with intervals over patients."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Figure
from inference.evidence.bootstrap import of_cases
from inference.evidence.calibration import reliability
from inference.evidence.froc import Froc, at_threshold, froc, sensitivity_at
from inference.evidence.marks import IGNORED, Scored, total_lesions
from inference.pipelines.boxes import Boxes
from inference.training.evaluation import calibration_error, figure
from inference.training.general.calibrate import marks
from inference.training.general.samples import Sample

RULES = (
    "Every test picture counts once. A mark hits where its centre lies in the box of a finding; its best "
    "mark counts, others of it count neither way. Findings that no mark hits are missed."
)
FALSE_MARKS = (0.125, 0.5, 1.0, 2.0, 4.0)
"""Per picture: where the sensitivity of a detector is told."""


def detected(
    pipeline: Boxes, test: Sequence[Sample], repeats: int
) -> tuple[list[Figure], tuple[tuple[float, float], ...], Froc | None]:
    """Figures and reliability of each label; the curve where there is one label."""
    bundle = pipeline.bundle
    out: list[Figure] = []
    shares: list[tuple[float, float]] = []
    curves: list[Froc] = []
    marked = [marks(pipeline, sample) for sample in test]
    for k, label in enumerate(bundle.labels):
        cases = [own[k] for own in marked]
        lesions = total_lesions(cases)
        for rate in FALSE_MARKS:
            at = of_cases(cases, partial(_sensitivity, rate=rate), repeats=repeats)
            out.append(figure(f"{label}: sensitivity at {rate:g} false marks per picture", at, lesions))
        out += _at_the_point(pipeline, cases, k, repeats)
        p = bundle.calibration_of(label)(np.concatenate([case.scores for case in cases]))
        lesion = np.concatenate([case.lesion for case in cases])
        p, hit = p[lesion != IGNORED], lesion[lesion != IGNORED] >= 0
        out += calibration_error(f"{label}: ", p, hit)
        rows = reliability(p, hit)
        shares += zip(rows.predicted.tolist(), rows.observed.tolist(), strict=True)
        curves.append(froc(cases))
    return out, tuple(shares), curves[0] if len(curves) == 1 else None


def _at_the_point(pipeline: Boxes, cases: Sequence[Scored], k: int, repeats: int) -> list[Figure]:
    """What a reader is shown: marks whose probability is at the operating point."""
    bundle = pipeline.bundle
    label, name = bundle.labels[k], bundle.default_operating_point
    threshold, scale = bundle.operating_point_of(label).threshold, bundle.calibration_of(label)
    told = [replace(case, scores=np.asarray(scale(case.scores), np.float64)) for case in cases]
    said = {"sensitivity": (0, total_lesions(cases)), "false marks per picture": (1, len(cases))}
    return [
        figure(
            f"{label}: {what} at '{name}'",
            of_cases(told, partial(_of_both, threshold=threshold, which=which), repeats=repeats),
            count,
        )
        for what, (which, count) in said.items()
    ]


def _of_both(cases: Sequence[Scored], *, threshold: float, which: int) -> float:
    return at_threshold(cases, threshold)[which]


def _sensitivity(cases: Sequence[Scored], *, rate: float) -> float:
    return sensitivity_at(froc(cases), rate)


def mean_sensitivity(marked: Sequence[tuple[Scored, ...]], rows: NDArray[np.intp]) -> float:
    """Over labels and the rates that are told, of the pictures in `rows`."""
    curves = [froc([marked[int(row)][k] for row in rows]) for k in range(len(marked[0]))]
    return float(np.mean([sensitivity_at(curve, rate) for curve in curves for rate in FALSE_MARKS]))
