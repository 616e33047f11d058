"""Are these mammograms like the training data? Simple statistics of the breast on each view."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from inference.bundle import Range, TrainingDomain
from inference.pipelines.domain import VERDICTS
from inference.pipelines.mammogram import COARSE_MM, Prepared, halved
from inference.protocol import Domain

NAMES = {
    "breast_cm2": "area of the breast (cm²)",
    "grey": "middle grey level of the breast",
    "spread": "spread of grey levels in the breast",
    "detail": "fine detail in the breast",
}
UNKNOWN = "the bundle does not say what the training images were like"


def statistics(prepared: Prepared) -> dict[str, float]:
    """What the training domain is described by, of one view.

    grey, spread  median and standard deviation of the normalised grey level; detail: mean difference of a
                  pixel of 0.3 mm from the four that it is one of: sharpness, noise and compression
    """
    mask = prepared.mask
    inside = prepared.coarse[mask]
    detail = np.abs(prepared.fine - np.kron(prepared.coarse, np.ones((2, 2), np.float32)))
    return {
        "breast_cm2": float(mask.sum()) * COARSE_MM**2 / 100,
        "grey": float(np.median(inside)),
        "spread": float(inside.std()),
        "detail": float(halved(detail)[mask].mean()),
    }


def described(measured: Iterable[Mapping[str, float]]) -> TrainingDomain:
    """The domain of training views, of their statistics."""
    rows = list(measured)
    return TrainingDomain(
        statistics={
            name: Range(float(np.mean(values)), float(np.std(values)))
            for name in NAMES
            if (values := [row[name] for row in rows])
        }
    )


def judge(measured: Sequence[tuple[str, Mapping[str, float]]], domain: TrainingDomain) -> Domain:
    """The verdict on (name of a view, its statistics), with its reasons: the worst view counts.

    `score`: the largest distance from the training views in standard deviations.
    """
    if not domain.statistics:
        return Domain("near", 0.0, (UNKNOWN,))
    level, score, reasons = 0, 0.0, []
    for name in NAMES:
        known = domain.statistics.get(name)
        if known is None:
            continue
        far = [
            (abs(values[name] - known.mean) / max(known.sd, 1e-6), view, values[name])
            for view, values in measured
        ]
        worst, view, value = max(far)
        score = max(score, worst)
        if worst > domain.near:
            level = max(level, 2 if worst > domain.outside else 1)
            reasons.append(
                f"{view}: {NAMES[name]} is {value:.3g}, {known.mean:.3g} ± {known.sd:.2g} in training"
            )
    return Domain(VERDICTS[level], round(score, 3), tuple(reasons))
