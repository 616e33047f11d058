"""The cluster network's part of the recipe of `mg_lesion`: its training, its calibration, its thresholds."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from inference.bundle import Calibration, OwnScale
from inference.evidence.calibration import isotonic
from inference.evidence.froc import froc, threshold_at
from inference.evidence.marks import IGNORED, Scored
from inference.pipelines.clusters import Clusters
from inference.protocol import OperatingPoint
from inference.training.calibrate import NothingMarkedError
from inference.training.detector import Report
from inference.training.mammography import config
from inference.training.mammography.cluster_sheets import film_sheets, phantom_sheets
from inference.training.mammography.cluster_training import Sheets, train_clusters
from inference.training.mammography.cluster_trial import planted
from inference.training.mammography.views import Part

SETTINGS = {"cluster_peak": 0.02, "cluster_most": 12.0}
POINTS = {"sensitive": 0.5, "balanced": 0.2, "strict": 0.05}
"""Operating points by their false clusters per view; the names are those of the masses."""
EXAMS = 3
"""Phantoms of reserved seeds, four views each, beside the calibration films."""
CLUSTERS_PER_VIEW = 0.1
"""Probabilities are for this prevalence. Planted clusters are more, and weigh less."""


def trained(
    of: config.Clusters,
    seed: int,
    data: Path,
    out: Path,
    device: str,
    report: Report,
    say: Callable[[str], None],
) -> nn.Module:
    """The network; its films and phantoms are made only where it is not trained yet."""

    def sheets() -> Sheets:
        say("films and phantoms to paste clusters into")
        return list(film_sheets(data, Part.TRAINING, of.films)), list(
            phantom_sheets(Part.TRAINING, of.phantoms)
        )

    say("detector of calcification clusters")
    return train_clusters(of, seed, sheets, out, device, report)


def reader(network: nn.Module, device: str) -> Clusters:
    """The pipeline with the settings that the bundle is given."""
    return Clusters(network, device, peak=SETTINGS["cluster_peak"], most=int(SETTINGS["cluster_most"]))


def own_scale(pipeline: Clusters, data: Path, of: config.Clusters) -> OwnScale:
    """Calibration and thresholds on clusters planted into films and phantoms kept for that.

    Raises `NothingMarkedError` where no mark hits, so that there is nothing to calibrate on.
    """
    exams = min(of.phantoms, EXAMS)
    tried = planted(pipeline, data, Part.CALIBRATION, exams)
    cases = [case for p in tried for case in (p.bare, p.held)]
    calibrated = calibration(cases)
    curve = froc(cases)
    points = tuple(
        OperatingPoint(name, float(calibrated(threshold_at(curve, rate))), rate, "false clusters per view")
        for name, rate in POINTS.items()
    )
    return OwnScale(calibration=calibrated, operating_points=points)


def calibration(cases: Sequence[Scored]) -> Calibration:
    """Isotonic over all marks, clusters weighted to `CLUSTERS_PER_VIEW`."""
    scores = np.concatenate([case.scores for case in cases]) if cases else np.zeros(0)
    lesion = np.concatenate([case.lesion for case in cases]) if cases else np.zeros(0, np.int64)
    if not (lesion >= 0).any():
        raise NothingMarkedError("no cluster planted into the calibration films is found; train for longer")
    counted = lesion != IGNORED
    hit = lesion[counted] >= 0
    per_view = sum(len(case.owners) for case in cases) / len(cases)
    weight = np.where(hit, CLUSTERS_PER_VIEW / per_view, 1.0)
    knots, values = isotonic(scores[counted], hit.astype(np.float64), weight)
    return Calibration(
        method="isotonic",
        scores=tuple(knots.tolist()),
        probabilities=tuple(values.tolist()),
        fitted_on="procedural clusters planted into films of calibration patients and phantoms, "
        f"weighted to {CLUSTERS_PER_VIEW:g} per view",
    )
