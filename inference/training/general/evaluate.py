"""What a general bundle achieves on the test pictures of its data set, with intervals over patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.bundle import Bundle, Figure
from inference.cases import Case
from inference.evidence.bootstrap import interval
from inference.evidence.calibration import brier, reliability
from inference.evidence.froc import Froc
from inference.evidence.roc import auc, delong
from inference.evidence.sizes import dice
from inference.pipelines.boxes import Boxes
from inference.pipelines.classify import Classify
from inference.pipelines.regions import regions
from inference.pipelines.segment import Segment
from inference.training.evaluation import Evaluation, calibration_error, figure, write
from inference.training.general.config import Config, Data
from inference.training.general.evaluate_boxes import RULES as DETECTED
from inference.training.general.evaluate_boxes import detected
from inference.training.general.samples import Sample, samples
from inference.training.mammography.config import Schedule
from inference.training.split import Part

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CLASSIFIED = (
    "Every test picture counts once; a finding is called where its probability is at the operating point."
)
SEGMENTED = (
    "Every test picture counts once. A lesion is found where a part of the answer touches it; a part that "
    "touches none is false. Only pictures with a lesion have a Dice coefficient."
)

RULES = {"classify": CLASSIFIED, "segment": SEGMENTED, "boxes": DETECTED}


def pictures(
    bundle: Bundle, folder: Path, data: Path, out: Path | None, device: str, repeats: int
) -> Evaluation:
    """A bundle on the test pictures of the data set that it names, in the folder `data`.

    Raises `BundleError` where the weights are not the bundle's, ValueError where it names no data set.
    """
    if "set" not in bundle.training:
        raise ValueError(
            f"{bundle.id} was not trained here: which pictures measure it, and how, is not known"
        )
    test = [s for s in samples(_config(bundle), data) if s.part is Part.TEST]
    reliable: tuple[tuple[float, float], ...] = ()
    curve: Froc | None = None
    if bundle.task.startswith("classify"):
        figures, reliable = _classified(Classify.load(bundle, folder, device), test, repeats)
    elif bundle.task.startswith("boxes"):
        figures, reliable, curve = detected(Boxes.load(bundle, folder, device), test, repeats)
    else:
        figures = _segmented(Segment.load(bundle, folder, device), test, repeats)
    result = Evaluation(
        bundle=bundle.id,
        version=bundle.version,
        sha256=bundle.sha256,
        cases=len(test),
        not_read={},
        rules=RULES[bundle.task[:-2]],
        figures=tuple(f for f in figures if np.isfinite(f.value)),
        groups=(),
    )
    if out is not None:
        write(result, out, curve, reliable, "picture")
    return result


def _config(bundle: Bundle) -> Config:
    """What `samples` needs to know, from what the bundle kept of its configuration."""
    assert bundle.contract is not None
    return Config(
        seed=0,
        id=bundle.id,
        title=bundle.title,
        version=bundle.version,
        task=bundle.task,
        labels=bundle.labels,
        licence=bundle.licence,
        data=msgspec.convert(bundle.training["set"], Data),
        input=bundle.input,
        contract=bundle.contract,
        architecture={},
        training=Schedule(0, 0, 0.0, 0.0, 0, 0.0, 0),
    )


# --- classification


def _classified(
    pipeline: Classify, test: Sequence[Sample], repeats: int
) -> tuple[list[Figure], tuple[tuple[float, float], ...]]:
    bundle = pipeline.bundle
    said = np.array([pipeline.scores(sample.image) for sample in test])
    truth = np.array([sample.label for sample in test])
    units = [sample.patient for sample in test]
    out: list[Figure] = []
    shares: list[tuple[float, float]] = []
    for k in pipeline.network.contract.found(bundle.labels):
        label, positive = bundle.labels[k], truth == k
        p = bundle.calibration_of(label)(said[:, k])
        name = bundle.default_operating_point
        threshold = next(o.threshold for o in bundle.operating_points_of(label) if o.name == name)
        for what, statistic in _statistics(p, positive, threshold).items():
            title = f"{label}: {what}".replace("'point'", f"'{name}'")
            out.append(figure(title, interval(units, statistic, repeats=repeats), len(test)))
        out.append(figure(f"{label}: AUC, interval of DeLong", delong(p, positive), len(test)))
        out += calibration_error(f"{label}: ", p, positive)
        rows = reliability(p, positive)
        shares += zip(rows.predicted.tolist(), rows.observed.tolist(), strict=True)
    return out, tuple(shares)


def _statistics(
    p: Floats, positive: Bools, threshold: float
) -> dict[str, Callable[[NDArray[np.intp]], float]]:
    called = p >= threshold
    return {
        "AUC": lambda rows: auc(p[rows], positive[rows]),
        "sensitivity at 'point'": lambda rows: _share(called[rows][positive[rows]]),
        "specificity at 'point'": lambda rows: _share(~called[rows][~positive[rows]]),
        "Brier score": lambda rows: brier(p[rows], positive[rows]),
    }


def _share(true: Bools) -> float:
    return float(true.mean()) if true.size else float("nan")


# --- segmentation


@dataclass(frozen=True, slots=True)
class Outlined:
    """One picture.

    dice                NaN where it has no lesion
    common, said, true  pixels of both, of the answer, of the truth
    found, lesions      lesions that a part touches, and all; false: parts that touch none
    """

    dice: float
    common: int
    said: int
    true: int
    found: int
    lesions: int
    false: int


def outlined(answer: Bools, truth: Bools) -> Outlined:
    """An answer against the truth, of one shape."""
    lesions, count = ndimage.label(truth, np.ones((3,) * truth.ndim))
    parts, said = ndimage.label(answer, np.ones((3,) * truth.ndim))
    touched = set(np.unique(lesions[answer]).tolist()) - {0}
    true_parts = set(np.unique(parts[truth]).tolist()) - {0}
    return Outlined(
        dice(answer, truth) if truth.any() else float("nan"),
        int((answer & truth).sum()),
        int(answer.sum()),
        int(truth.sum()),
        len(touched),
        int(count),
        int(said) - len(true_parts),
    )


def _segmented(pipeline: Segment, test: Sequence[Sample], repeats: int) -> list[Figure]:
    judged = [outlined(answered(pipeline, sample), sample.mask) for sample in test]
    units = [sample.patient for sample in test]
    table = np.array(
        [(j.dice, j.common, j.said, j.true, j.found, j.lesions, j.false) for j in judged], np.float64
    )

    def ratio(above: int, below: int) -> Callable[[NDArray[np.intp]], float]:
        return lambda rows: float(table[rows, above].sum() / max(table[rows, below].sum(), 1))

    statistics: dict[str, Callable[[NDArray[np.intp]], float]] = {
        "Dice, mean": lambda rows: float(np.nanmean(table[rows, 0])),
        "pixels of the truth that are outlined": ratio(1, 3),
        "outlined pixels that are true": ratio(1, 2),
    }
    if pipeline.contract.parts:
        statistics["lesions found"] = ratio(4, 5)
        statistics["false parts per picture"] = lambda rows: float(table[rows, 6].mean())
    return [
        figure(name, interval(units, statistic, repeats=repeats), len(test))
        for name, statistic in statistics.items()
    ]


def answered(pipeline: Segment, sample: Sample) -> Bools:
    """All regions of the findings of an image, as one mask."""
    if isinstance(sample.image, Case):
        return pipeline.outline(sample.image)
    answer = pipeline.of_view(sample.image)
    out = np.zeros(sample.mask.shape, bool)
    for region in regions(answer, pipeline.contract, pipeline.bundle.labels, None):
        box = tuple(slice(s, s + n) for s, n in zip(region.start, region.mask.shape, strict=True))
        out[box] |= region.mask
    return out
