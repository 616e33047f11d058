"""The recipe of `mg_lesion` from data to a bundle, in steps that resume. It measures nothing."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from inference.bundle import (
    FORMAT,
    WEIGHTS,
    Bundle,
    Calibration,
    InputContract,
    TrainingDomain,
    save_bundle,
)
from inference.evidence.calibration import isotonic
from inference.evidence.froc import froc, threshold_at
from inference.evidence.marks import IGNORED, Scored
from inference.networks import save_networks
from inference.pipelines.detect2d import Detect2D
from inference.protocol import OperatingPoint
from inference.training.calibrate import NothingMarkedError
from inference.training.detector import Report
from inference.training.mammography.config import Config
from inference.training.mammography.detector import train_detector
from inference.training.mammography.evaluate import judge
from inference.training.mammography.patches import Breast, breast
from inference.training.mammography.views import Part, films

SETTINGS = {"peak": 0.02, "most": 40.0}
POINTS = {"sensitive": 2.0, "balanced": 1.0, "strict": 0.5}
"""Operating points by their false marks per view."""

Say = Callable[[str], None]


def breasts(data: Path, side: Part) -> Iterator[Breast]:
    """The breasts of one side of the split, by name; films on which no breast is found are left out."""
    for film in films(data, lambda film: film.part is side):
        found = breast(film.read(), film.patient)
        if found is not None:
            yield found


def train(config: Config, data: Path, out: Path, device: str, report: Report, say: Say) -> Bundle:
    """All steps; each one that `out` already holds is taken up where it stopped. Writes `out/bundle`."""
    say("the breasts of the training films")
    learnt = list(breasts(data, Part.TRAINING))
    networks = {}
    for name in config.detectors:
        say(f"detector {name}")
        networks[name] = train_detector(config, name, learnt, out, device, report)
    say("calibration")
    pipeline = Detect2D(list(networks.values()), device, peak=SETTINGS["peak"], most=int(SETTINGS["most"]))
    judged = judge(pipeline, films(data, lambda film: film.part is Part.CALIBRATION))
    folder = out / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    save_networks(networks, folder / WEIGHTS)
    bundle = calibrated(config, [film.scored for film in judged])
    return save_bundle(bundle, folder, card=f"# {bundle.title}\n\nNot measured yet: run the evaluation.\n")


def calibrated(config: Config, cases: Sequence[Scored]) -> Bundle:
    """The bundle's description, with the calibration and the operating points that follow from `cases`.

    Raises `NothingMarkedError` where no mark hits, so that there is nothing to calibrate on.
    """
    scores = np.concatenate([case.scores for case in cases])
    lesion = np.concatenate([case.lesion for case in cases])
    if not (lesion >= 0).any():
        raise NothingMarkedError("the detectors find no mass of the calibration patients; train for longer")
    counted = lesion != IGNORED
    knots, values = isotonic(scores[counted], (lesion[counted] >= 0).astype(np.float64))
    fitted = Calibration(
        method="isotonic",
        scores=tuple(knots.tolist()),
        probabilities=tuple(values.tolist()),
        fitted_on="marks on films of calibration patients, every one of which holds a mass",
    )
    curve = froc(cases)
    points = tuple(
        OperatingPoint(name, float(fitted(threshold_at(curve, rate))), rate, "false marks per view")
        for name, rate in POINTS.items()
    )
    return Bundle(
        format=FORMAT,
        id="mg_lesion",
        version="0.1.0",
        title="Masses on mammograms",
        task="detect2d",
        sha256="",
        input=InputContract(modality="MG"),
        labels=("mass",),
        operating_points=points,
        default_operating_point="balanced",
        calibration=fitted,
        domain=TrainingDomain(),
        architecture=config.detectors,
        settings=SETTINGS,
        licence="Apache-2.0",
        training={
            "seed": config.seed,
            "detector_steps": config.detector_training.steps,
            "data": "CBIS-DDSM masses (CC BY 3.0), digitised film at about 0.3 mm",
            "split": "by patient: the set's validation patients held back, 1 in 10 of the rest calibrates",
        },
    )
