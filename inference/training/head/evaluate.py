"""What `ct_head_haemorrhage` achieves on its data set, each patient read by networks that did not see it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import WEIGHTS, Bundle, Figure
from inference.evidence.bootstrap import interval
from inference.evidence.calibration import brier, reliability
from inference.evidence.roc import auc
from inference.networks import load_networks
from inference.training.evaluation import Evaluation, calibration_error, figure, write
from inference.training.head.out_of_fold import Answers, answers, by_position, cross_fitted
from inference.training.head.painted import Painted, painted_trials
from inference.training.head.patients import load_patients
from inference.training.head.pushed import midline_figures

RULES = (
    "Every patient is read by the networks that were trained without its fold; probabilities and operating "
    "points are cross-fitted by fold. Middle levels: relative position .35 to .90."
)
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Progress = Callable[[float, str], None]


def heads(
    bundle: Bundle, folder: Path, data: Path, out: Path | None, device: str, repeats: int, progress: Progress
) -> Evaluation:
    """The bundle in `folder` on the data set `ct_head` in `data`; heads are kept beside `out`, where given.

    Raises FileNotFoundError or DataError where the data set is not whole.
    """
    networks = load_networks(bundle.architecture, folder / WEIGHTS)
    patients = load_patients(data, None if out is None else out / "heads")
    found = answers({n: net.to(device) for n, net in networks.items()}, patients, device, progress)
    study = cross_fitted(found.study_score, found.study_truth, found.study_fold)
    painted = painted_trials(networks, patients, device)
    result = Evaluation(
        bundle=bundle.id,
        version=bundle.version,
        sha256=bundle.sha256,
        cases=len(patients),
        not_read={},
        rules=RULES,
        figures=(
            *_figures(bundle, found, study, repeats),
            *_painted(painted, repeats),
            *midline_figures(patients, repeats),
        ),
        groups=tuple(_groups(found)),
    )
    if out is not None:
        table = reliability(study, found.study_truth)
        pairs = list(zip(table.predicted.tolist(), table.observed.tolist(), strict=True))
        write(result, out, None, pairs, "patient")
    return result


def _figures(bundle: Bundle, found: Answers, study: Floats, repeats: int) -> Iterator[Figure]:
    slices = cross_fitted(found.slice_score, found.slice_truth, found.slice_fold)
    yield from _aucs(found, repeats)
    units = found.study_units
    truth = found.study_truth
    at = interval(units, lambda rows: brier(study[rows], truth[rows]), repeats=repeats)
    yield figure("patient Brier score", at, len(truth))
    share = float(truth.mean())
    yield Figure(name="patient Brier score, the same for all", value=share * (1 - share), n=len(truth))
    male = np.array([p.male for p in found.patients], np.float64)
    by_sex = cross_fitted(male, truth, found.study_fold)
    yield Figure(name="patient Brier score, sex alone", value=brier(by_sex, truth), n=len(truth))
    yield from calibration_error("patient ", study, truth)
    yield Figure(name="slice Brier score", value=brier(slices, found.slice_truth), n=len(slices))
    yield from calibration_error("slice ", slices, found.slice_truth)
    yield from _points(bundle, found, study, repeats)
    bleeding = np.flatnonzero(truth)
    yield Figure(
        name="highest slice truly bleeds, of patients who bleed",
        value=float(found.best[bleeding].mean()),
        n=len(bleeding),
    )


def _aucs(found: Answers, repeats: int) -> Iterator[Figure]:
    position = by_position(found)
    male = np.array([p.male for p in found.patients], np.float64)
    everywhere, middle = np.ones(len(found.slice_truth), bool), found.middle
    for where, rows in (("", everywhere), (", middle levels", middle)):
        for what, score in (
            ("", found.slice_score),
            (", area alone", found.area),
            (", position alone", position),
        ):
            yield _auc(
                f"slice AUC{where}{what}",
                score[rows],
                found.slice_truth[rows],
                _of(found.slice_units, rows),
                repeats,
            )
    yield _auc("patient AUC", found.study_score, found.study_truth, found.study_units, repeats)
    yield _auc("patient AUC, sex alone", male, found.study_truth, found.study_units, repeats)


def _of(units: tuple[str, ...], rows: Bools) -> tuple[str, ...]:
    return tuple(np.array(units)[rows].tolist())


def _auc(name: str, score: Floats, truth: Bools, units: tuple[str, ...], repeats: int) -> Figure:
    at = interval(units, lambda rows: auc(score[rows], truth[rows]), repeats=repeats)
    return figure(name, at, len(set(units)) if name.startswith("patient") else len(truth))


def _points(bundle: Bundle, found: Answers, study: Floats, repeats: int) -> Iterator[Figure]:
    for point in bundle.operating_points:
        flagged = study >= point.threshold
        for name, rows in (("sensitivity", found.study_truth), ("specificity", ~found.study_truth)):
            right = flagged[rows] == found.study_truth[rows]
            at = interval(_of(found.study_units, rows), partial(_share, right), repeats=repeats)
            yield figure(f"{name} at '{point.name}', patients", at, int(rows.sum()))


def _share(right: Bools, rows: NDArray[np.intp]) -> float:
    return float(right[rows].mean())


def _painted(trials: Sequence[Painted], repeats: int) -> Iterator[Figure]:
    """Of bleeds painted through several slices: found, and how far the volume is off."""
    units = [trial.patient for trial in trials]
    hit = np.array([trial.hit for trial in trials])
    at = interval(units, partial(_share, hit), repeats=repeats)
    yield figure("painted bleeds: the highest place peaks in it", at, len(hit))
    ratio = np.array([trial.ratio for trial in trials])[hit]
    if len(ratio):
        yield Figure(
            name="their volume, measured / painted, median", value=float(np.median(ratio)), n=len(ratio)
        )
        error = float(np.median(np.abs(ratio - 1))) * 100
        yield Figure(name="their volume, median absolute error", value=error, unit="%", n=len(ratio))


def _groups(found: Answers) -> Iterator[Figure]:
    """Patient AUC of parts of the patients, and slice AUC by kind, without intervals: they are small."""
    score, truth = found.study_score, found.study_truth
    parts = {
        "women": np.array([not p.male for p in found.patients]),
        "men": np.array([p.male for p in found.patients]),
        "15 years and older": np.array([p.age >= 15 for p in found.patients]),
        "younger than 15 years": np.array([p.age < 15 for p in found.patients]),
        **{f"fold {k}": found.study_fold == k for k in np.unique(found.study_fold)},
    }
    for name, rows in parts.items():
        yield Figure(name=f"patient AUC, {name}", value=auc(score[rows], truth[rows]), n=int(rows.sum()))
    labels = np.concatenate([p.labels for p in found.patients]) > 0
    clear = ~found.slice_truth
    for k, name in enumerate(
        ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural"), start=1
    ):
        rows = labels[:, k] | clear
        yield Figure(
            name=f"slice AUC of any bleeding, slices with {name} against none",
            value=auc(found.slice_score[rows], labels[rows, k]),
            n=int(labels[:, k].sum()),
        )
