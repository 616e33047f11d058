"""What is said of nodules by models that never saw their patients, and how right it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, Figure
from inference.concepts import standard
from inference.evidence.bootstrap import interval
from inference.evidence.calibration import logistic
from inference.evidence.roc import auc
from inference.training.characteristics import FOLDS, fit, folds
from inference.training.evaluation import Evaluation, calibration_error, figure
from inference.training.outlined import CONCEPTS, KINDS, Outlined, joined
from inference.training.type_regression import scale

Array = NDArray[np.float64]

SPLITS = 3
"""Each nodule is judged once in every split."""
LARGE_MM = 8.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is said of nodules by models that never saw their patients; rows as in `nodules`."""

    nodules: Outlined
    types: Array
    told: Array
    ratings: Array
    score: Array
    corrected: Array
    straight: Array
    inside: NDArray[np.bool_]
    split: NDArray[np.intp]


def left_out(nodules: Outlined, split: int) -> LeftOut:
    """Every row by a model that was fitted without its patient and the others of its fold."""
    fold = folds(nodules, split)
    n = len(nodules)
    types, told, score, corrected, straight = (np.zeros(n) for _ in range(5))
    ratings, inside = np.zeros((n, len(CONCEPTS))), np.zeros(n, bool)
    for k in range(FOLDS):
        seen = nodules.only(fold != k)
        model, direct = fit(seen), _straight(seen)
        for row in np.flatnonzero(fold == k):
            measured = dict(zip(nodules.names, nodules.features[row].tolist(), strict=True))
            name, told[row] = model.type_of(measured)
            types[row] = KINDS.index(name)
            said, size = model.rate(measured), float(np.exp(nodules.size[row]))
            own = dict(zip(CONCEPTS, nodules.ratings[row].tolist(), strict=True))
            ratings[row] = list(said.values())
            score[row] = model.bottleneck.probability(said, size)
            corrected[row] = model.bottleneck.probability(own, size)
            low, high = model.bottleneck.interval(score[row])
            inside[row] = low <= corrected[row] <= high
        straight[fold == k] = direct(nodules.features[fold == k])
    return LeftOut(nodules, types, told, ratings, score, corrected, straight, inside, np.full(n, split))


def pooled(splits: Sequence[LeftOut]) -> LeftOut:
    """The rows of all splits."""
    rest = [name for name in LeftOut.__slots__ if name != "nodules"]
    arrays = (np.concatenate([getattr(s, name) for s in splits]) for name in rest)
    return LeftOut(joined([s.nodules for s in splits]), *arrays)


def _straight(nodules: Outlined) -> Callable[[Array], Array]:
    """Malignancy from all features without concepts: what the bottleneck is compared with."""
    mean, sd = scale(nodules.features)
    scaled = partial(standard, mean=mean, sd=sd)
    clear = nodules.clear
    slopes = logistic(scaled(nodules.features[clear]), nodules.suspicious[clear], ridge=20.0)
    return lambda features: np.asarray(scaled(features) @ slopes[:-1] + slopes[-1])


def figures(said: LeftOut, rows: NDArray[np.bool_], whose: str) -> list[Figure]:
    """Figures of the rows that are chosen, with intervals over patients."""
    kept = np.flatnonzero(rows)
    nodules = said.nodules.only(rows)
    clear, large = nodules.clear, nodules.diameter_mm >= LARGE_MM

    def over(which: NDArray[np.bool_], of: Callable[[NDArray[np.intp]], float], name: str) -> Figure:
        index = np.flatnonzero(which)
        at = interval([nodules.patient[i] for i in index], lambda draw: of(index[draw]), repeats=500)
        return figure(f"{name}, {whose}", at, len(index) // SPLITS)

    def area(values: Array) -> Callable[[NDArray[np.intp]], float]:
        return lambda i: auc(values[i], nodules.suspicious[i])

    right = said.types[kept] == nodules.kind
    score, corrected, told = said.score[kept], said.corrected[kept], said.told[kept]
    out = [
        over(
            np.ones(len(kept), bool),
            lambda i: _balanced(right[i], nodules.kind[i]),
            "type, balanced accuracy",
        )
    ]
    out += [
        over(nodules.kind == k, lambda i: float(right[i].mean()), f"{name} called so")
        for k, name in enumerate(KINDS)
    ]
    for group, words in ((clear, "all"), (clear & large, f"{LARGE_MM:g} mm or more")):
        out += [
            over(group, area(values), f"malignancy rating, {how}, {words}: AUC")
            for values, how in (
                (nodules.size, "size alone"),
                (said.straight[kept], "features without concepts"),
                (score, "through the concepts"),
                (corrected, "concepts corrected by readers"),
            )
        ]
    split = said.split[kept]
    for values, how in ((score, "as told"), (corrected, "after correction")):
        name = f"malignancy rating, {how}: "
        out += _calibration(name, whose, values[clear], nodules.suspicious[clear], split[clear])
    out += _calibration("type: ", whose, told, right, split)
    held = said.inside[kept]
    out.append(over(clear, lambda i: float(held[i].mean()), "corrected score within the stated interval"))
    off = np.abs(said.ratings[kept] - nodules.medians)
    out += [
        over(np.ones(len(kept), bool), lambda i, k=k: float(off[i, k].mean()), f"{name}: mean error")  # type: ignore[misc]
        for k, name in enumerate(CONCEPTS)
    ]
    return out


def _balanced(right: NDArray[np.bool_], kind: NDArray[np.intp]) -> float:
    return float(np.mean([right[kind == k].mean() for k in range(len(KINDS)) if np.any(kind == k)]))


def _calibration(
    name: str, whose: str, values: Array, truth: NDArray[np.bool_], split: NDArray[np.intp]
) -> list[Figure]:
    """Calibration error and that of chance, each the mean over the splits: a nodule counts once in each."""
    each = [calibration_error(name, values[split == s], truth[split == s]) for s in np.unique(split)]
    return [
        msgspec.structs.replace(
            same[0], name=f"{same[0].name}, {whose}", value=float(np.mean([f.value for f in same]))
        )
        for same in zip(*each, strict=True)
    ]


def evaluation(bundle: Bundle, nodules: Outlined) -> Evaluation:
    """What types, concepts and scores reach out of fold, by the readers' outlines and by the network's."""
    said = pooled([left_out(nodules, split) for split in range(SPLITS)])
    nodules = said.nodules
    network = ~nodules.of_readers
    found = [
        *figures(said, nodules.of_readers, "readers' outline"),
        *figures(said, network, "network's outline"),
    ]
    return Evaluation(
        bundle=bundle.id,
        version=bundle.version,
        sha256=bundle.sha256,
        cases=len(nodules) // SPLITS,
        not_read={},
        rules=RULES,
        figures=tuple(found),
        groups=tuple(figures(said, network & nodules.held_back, "network's outline, held-back patients")),
    )


RULES = (
    f"Out of fold, {FOLDS} folds by patient, {SPLITS} splits. Malignancy and type as readers of LIDC-IDRI "
    "rated them (medians; malignancy above 3 against below 3, type by texture), not by pathology. Its own "
    "outlines are of the same crops, implanted into procedural chests: of those that it found."
)
