"""Score to probability, operating points and domain statistics, on patients and lungs kept for that only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Calibration, Range
from inference.cases import Grid
from inference.evidence.calibration import isotonic
from inference.evidence.froc import froc, threshold_at
from inference.evidence.marks import FALSE, IGNORED, Scored
from inference.pipelines.detect3d import Detect3D
from inference.pipelines.domain import statistics
from inference.pipelines.lungs import find_lungs
from inference.pipelines.working_grid import Resampled
from inference.protocol import OperatingPoint
from inference.training.backgrounds import Background
from inference.training.harvest import Draw, hit_by, with_implants

NODULES_PER_LITRE = 0.5
"""Probabilities are for this prevalence: about two nodules a chest. Implants are more, and weigh less."""

RATES = {"sensitive": 1.0, "balanced": 0.3, "strict": 0.1}
"""Operating points: false marks per litre on the calibration volumes. The middle one is some 1.5 a chest."""

DEFAULT = "balanced"
_DRAWS, _SEED = 400, 1
"""Of the bootstrap behind the interval of a probability."""


class NothingMarkedError(Exception):
    """The networks mark nothing at all in the calibration volumes."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Scores of one calibration volume against its implants, with the volume's statistics."""

    scored: Scored
    measured: dict[str, float]


def trial(
    rng: np.random.Generator, pipeline: Detect3D, background: Background, draw: Draw, name: str
) -> Trial:
    """Implant, run both networks, match."""
    hu, _, placed = with_implants(rng, background, draw)
    real = hu.astype(np.float32)
    lungs = find_lungs(real)
    lungs.closed[~background.usable] = False
    lungs.air[~background.usable] = False
    shape = (hu.shape[0], hu.shape[1], hu.shape[2])
    grid = Grid((0.0, 0.0, 0.0), ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)), (1.0, 1.0, 1.0), shape)
    volume = Resampled(real, np.ones(hu.shape, bool), grid)
    detection = pipeline.detect(volume, lungs, lambda _done, _doing: None)
    lesion = np.full(len(detection.found), FALSE, np.int64)
    taken: set[int] = set()
    for k, found in enumerate(detection.found):
        number = hit_by(found.centre, placed)
        if number is not None:
            lesion[k] = IGNORED if number in taken else number
            taken.add(number)
    scored = Scored(name, detection.scores, lesion, (name,) * len(placed), background.litres)
    return Trial(scored, statistics(real, lungs))


def calibration(trials: Sequence[Trial], fitted_on: str) -> Calibration:
    """Isotonic over all candidates, nodules weighted to `NODULES_PER_LITRE`; raises `NothingMarkedError`."""
    scores, truth, weight = pooled([t.scored for t in trials])
    if not len(scores):
        raise NothingMarkedError(
            f"The networks mark nothing in {len(trials)} calibration volumes: train longer, with more steps."
        )
    knots, probabilities = isotonic(scores, truth, weight)
    low, high = _interval(trials, knots, probabilities)
    return Calibration(
        method="isotonic",
        scores=tuple(float(s) for s in knots),
        probabilities=tuple(float(p) for p in probabilities),
        low=tuple(float(p) for p in low),
        high=tuple(float(p) for p in high),
        fitted_on=fitted_on,
    )


def _interval(
    trials: Sequence[Trial], knots: NDArray[np.float64], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """2.5 % and 97.5 % of the curve at its knots, over draws of whole volumes with replacement."""
    rng = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(_DRAWS):
        cases = [trials[k].scored for k in rng.integers(len(trials), size=len(trials))]
        scores, truth, weight = pooled(cases)
        if len(scores) and 0 < truth.sum() < len(truth):
            drawn.append(np.interp(knots, *isotonic(scores, truth, weight)))
    if not drawn:
        return np.zeros_like(knots), np.ones_like(knots)
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    return np.minimum(low, probabilities), np.maximum(high, probabilities)


def pooled(cases: Sequence[Scored]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Scores, truth and weight (for the stated prevalence) of all marks that count."""
    scores = np.concatenate([case.scores for case in cases])
    lesion = np.concatenate([case.lesion for case in cases])
    counted = lesion != IGNORED
    truth = (lesion[counted] >= 0).astype(np.float64)
    per_litre = sum(len(c.owners) for c in cases) / sum(c.amount for c in cases)
    return scores[counted], truth, np.where(truth > 0, NODULES_PER_LITRE / per_litre, 1.0)


def operating_points(trials: Sequence[Trial], calibrated: Calibration) -> tuple[OperatingPoint, ...]:
    """Thresholds on the probability at the stated rates of false marks."""
    curve = froc([t.scored for t in trials])
    return tuple(
        OperatingPoint(
            name, float(calibrated(threshold_at(curve, rate))), rate, "false marks per litre of lung"
        )
        for name, rate in RATES.items()
    )


def domain_statistics(measured: Iterable[dict[str, float]], spread: dict[str, float]) -> dict[str, Range]:
    """Mean and deviation over training volumes; `spread` is what augmentation adds to the deviation."""
    rows = list(measured)
    out = {}
    for name, extra in spread.items():
        values = np.array([row[name] for row in rows])
        out[name] = Range(float(values.mean()), float(np.hypot(values.std(), extra)))
    return out
