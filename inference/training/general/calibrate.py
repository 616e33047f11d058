"""From a network's scores to probabilities and operating points, on images kept for that only."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, Calibration, OwnScale
from inference.evidence.calibration import isotonic
from inference.evidence.froc import froc, threshold_at
from inference.evidence.marks import IGNORED, Scored, match_boxes
from inference.pipelines.boxes import Boxes
from inference.pipelines.classify import Classify
from inference.pipelines.general import GeneralNetwork
from inference.protocol import OperatingPoint
from inference.training.calibrate import NothingMarkedError
from inference.training.general import truth
from inference.training.general.samples import Sample

SPECIFICITIES = {"sensitive": 0.8, "balanced": 0.9, "strict": 0.95}
"""Operating points by the share of calibration pictures without the finding that stay below them."""
RATES = {"sensitive": 2.0, "balanced": 0.5, "strict": 0.125}
"""Operating points of a detector by its false marks per calibration image."""
UNIT = "false marks per image"
DEFAULT = "balanced"
FITTED_ON = "calibration pictures of the training split, with their share of findings"

Floats = NDArray[np.float64]


def calibrated(network: GeneralNetwork, held: Sequence[Sample]) -> Bundle:
    """The bundle with its scales from the calibration images; an outline has none, and stays as it is.

    Raises `NothingMarkedError` where they cannot be told.
    """
    if network.segments:
        return network.bundle
    if network.detects:
        return _with(network.bundle, _detector_scales(Boxes(network), held))
    return _with(network.bundle, _classifier_scales(Classify(network), held))


def _with(bundle: Bundle, scales: dict[str, OwnScale]) -> Bundle:
    first = next(iter(scales.values()))
    return msgspec.structs.replace(
        bundle,
        calibration=first.calibration,
        operating_points=first.operating_points,
        default_operating_point=DEFAULT,
        own_scales=scales if len(scales) > 1 else {},
    )


def _fitted(score: Floats, positive: NDArray[np.bool_]) -> Calibration:
    knots, values = isotonic(score, positive.astype(np.float64))
    return Calibration(
        method="isotonic",
        scores=tuple(knots.tolist()),
        probabilities=tuple(values.tolist()),
        fitted_on=FITTED_ON,
    )


# --- classification


def _classifier_scales(pipeline: Classify, held: Sequence[Sample]) -> dict[str, OwnScale]:
    bundle = pipeline.bundle
    said = np.array([pipeline.scores(sample.image) for sample in held])
    labels = np.array([sample.label for sample in held])
    scales = {}
    for k in pipeline.network.contract.found(bundle.labels):
        positive = labels == k
        if not positive.any() or positive.all():
            raise NothingMarkedError(
                f"'{bundle.labels[k]}' is on {int(positive.sum())} of {len(held)} calibration pictures: "
                "nothing can be calibrated"
            )
        scales[bundle.labels[k]] = _classifier_scale(said[:, k], positive)
    return scales


def _classifier_scale(score: Floats, positive: NDArray[np.bool_]) -> OwnScale:
    fitted = _fitted(score, positive)
    points = tuple(
        OperatingPoint(
            name,
            float(fitted(np.quantile(score[~positive], specificity))),
            round(1 - specificity, 3),
            "false alarms per picture without the finding",
        )
        for name, specificity in SPECIFICITIES.items()
    )
    return OwnScale(calibration=fitted, operating_points=points)


# --- detection


def _detector_scales(pipeline: Boxes, held: Sequence[Sample]) -> dict[str, OwnScale]:
    names = pipeline.bundle.labels
    marked = [marks(pipeline, sample) for sample in held]
    return {name: _detector_scale([own[k] for own in marked], name) for k, name in enumerate(names)}


def marks(pipeline: Boxes, sample: Sample) -> tuple[Scored, ...]:
    """Of each label: the marks on an image, best first, against its boxes; scores are not calibrated.

    A mark hits where its centre lies in a box.
    """
    found, told, out = pipeline.found(sample.image), sample.boxes, []
    for k in range(len(pipeline.bundle.labels)):
        own = [peak for peak in found if peak.label == k]
        wanted = np.flatnonzero(told.label == k)
        order = np.concatenate([wanted, np.flatnonzero(told.label == truth.IGNORED)])
        lesion = match_boxes(
            [peak.centre for peak in own], told.low[order], told.high[order], told.label[order] != k
        )
        scores = np.array([peak.score for peak in own], np.float64)
        out.append(Scored(sample.patient, scores, lesion, (sample.patient,) * len(wanted)))
    return tuple(out)


def _detector_scale(cases: Sequence[Scored], name: str) -> OwnScale:
    """A score of 0 is no finding, on every image: so that a detector without false marks has a scale, too."""
    lesion = np.concatenate([case.lesion for case in cases]) if cases else np.zeros(0, np.int64)
    counted = lesion != IGNORED
    hit = lesion[counted] >= 0
    if not hit.any():
        raise NothingMarkedError(
            f"none of {len(hit)} marks of '{name}' on {len(cases)} calibration images is true: "
            "nothing can be calibrated; train longer, or with more images"
        )
    scores = np.concatenate([case.scores for case in cases])[counted]
    nothing = np.zeros(len(cases))
    fitted = _fitted(np.concatenate([scores, nothing]), np.concatenate([hit, nothing > 0]))
    curve = froc(cases)
    points = tuple(
        OperatingPoint(point, float(fitted(min(threshold_at(curve, rate), 1.0))), rate, UNIT)
        for point, rate in RATES.items()
    )
    return OwnScale(calibration=fitted, operating_points=points)
