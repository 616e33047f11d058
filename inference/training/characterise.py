"""`python -m inference.training.characterise BUNDLE --data CT_CHEST --out DIR`: type and concepts of nodules.

Fits `Bundle.characteristics` on LIDC crops, outlined by their readers and (implanted) by the network; writes
the bundle with them into DIR/bundle, and what they reach on patients left out into DIR/evaluation.json.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from inference.bundle import CARD, WEIGHTS, Bundle, BundleError, Figure, load_bundle, save_bundle
from inference.concepts import Bottleneck, Characteristics, Concept, standard
from inference.evidence.bootstrap import interval
from inference.evidence.calibration import ece, logistic
from inference.evidence.roc import auc
from inference.training.evaluation import Evaluation, figure
from inference.training.near_bank import with_near_cases
from inference.training.near_nodules import nodule_material
from inference.training.outlined import CONCEPTS, KINDS, Outlined, by_network, by_readers, joined

Array = NDArray[np.float64]

FOLDS, SPLITS = 5, 3
"""Each nodule is judged once in every split, by a model that was fitted on the other folds."""
RIDGE_TYPE, RIDGE_RATING, RIDGE_SCORE = 30.0, 30.0, 3.0
"""The last one is that of `logistic`; all on standardised values."""
DENSITY = ("hu", "above", "solid", "core", "rim", "near", "ring", "contrast", "edge", "log_diameter")
"""Beginnings of the features that a type is told by; shapes made the rare types worse."""
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


def fit(nodules: Outlined) -> Characteristics:
    """Regressions from features to types and ratings, and from ratings and size to malignancy."""
    fold = folds(nodules)
    ratings = np.zeros((len(nodules), len(CONCEPTS)))
    types = np.zeros((len(nodules), len(KINDS)))
    for k in range(FOLDS):
        seen, left = fold != k, fold == k
        half = _regressions(nodules.only(seen))
        ratings[left], types[left] = half.rate(nodules.features[left]), half.favour(nodules.features[left])
    whole = _regressions(nodules)
    frequency = np.log(np.bincount(nodules.kind, minlength=len(KINDS)) / len(nodules))
    weights, offset = _score(nodules, ratings)
    residuals = np.cov((nodules.ratings - ratings).T)
    error = np.abs(ratings - nodules.medians)[~nodules.of_readers].mean(axis=0)
    concepts = tuple(
        Concept(
            name=name,
            words=words,
            error=_short(error[k]),
            weight=_short(weights[k]),
        )
        for k, (name, words) in enumerate(CONCEPTS.items())
    )
    return Characteristics(
        features=nodules.names,
        mean=_numbers(whole.mean),
        sd=_numbers(whole.sd),
        types={name: _numbers(whole.type[:, k]) for k, name in enumerate(KINDS)},
        frequency={name: _short(frequency[k]) for k, name in enumerate(KINDS)},
        sharpness=_short(_sharpness(types + frequency, nodules.kind)),
        ratings={name: _numbers(whole.rating[:, k]) for k, name in enumerate(CONCEPTS)},
        bottleneck=Bottleneck(
            concepts=concepts,
            offset=_short(offset),
            size_weight=_short(weights[-1]),
            residuals=tuple(_numbers(row) for row in residuals),
        ),
    )


def _short(value: float) -> float:
    """Six digits: more would say nothing."""
    return float(f"{float(value):.6g}")


def _numbers(values: Array) -> tuple[float, ...]:
    return tuple(_short(value) for value in values)


def folds(nodules: Outlined, split: int = 0) -> NDArray[np.intp]:
    """A fold for each row, by the MD5 of its patient and of the split's number."""
    named = (f"fold {split} {p}".encode() for p in nodules.patient)
    digests = [hashlib.md5(name, usedforsecurity=False).digest() for name in named]
    return np.array([digest[0] % FOLDS for digest in digests])


# --- the regressions


@dataclass(frozen=True, slots=True)
class _Regressions:
    mean: Array
    sd: Array
    type: Array
    rating: Array

    def _rows(self, features: Array) -> Array:
        values = standard(features, tuple(self.mean), tuple(self.sd))
        return np.column_stack([values, np.ones(len(values))])

    def favour(self, features: Array) -> Array:
        """(n, types) log odds over balanced classes."""
        return np.asarray(self._rows(features) @ self.type)

    def rate(self, features: Array) -> Array:
        """(n, concepts), within their scales."""
        highest = [len(words) for words in CONCEPTS.values()]
        return np.clip(self._rows(features) @ self.rating, 1, highest)


def _regressions(nodules: Outlined) -> _Regressions:
    mean, sd = nodules.features.mean(axis=0), nodules.features.std(axis=0) + 1e-9
    values = standard(nodules.features, tuple(mean), tuple(sd))
    used = [k for k, name in enumerate(nodules.names) if name.startswith(DENSITY)]
    of_type = np.zeros((values.shape[1] + 1, len(KINDS)))
    of_type[[*used, -1]] = _multinomial(values[:, used], nodules.kind)
    middle = nodules.ratings.mean(axis=0)
    bend = values.T @ values + RIDGE_RATING * np.eye(values.shape[1])
    slope = np.linalg.solve(bend, values.T @ (nodules.ratings - middle))
    return _Regressions(mean, sd, of_type, np.vstack([slope, middle - values.mean(axis=0) @ slope]))


def _multinomial(values: Array, kind: NDArray[np.intp]) -> Array:
    """(features + 1, types) coefficients of a ridge logistic regression in which all types weigh the same."""
    rows = torch.from_numpy(np.column_stack([values, np.ones(len(values))]))
    truth = torch.from_numpy(kind.astype(np.int64))
    weight = torch.from_numpy(len(kind) / len(KINDS) / np.maximum(np.bincount(kind, minlength=len(KINDS)), 1))
    out = torch.zeros(rows.shape[1], len(KINDS), dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([out], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        fit = torch.nn.functional.cross_entropy(rows @ out, truth, weight=weight, reduction="sum")
        value = fit + RIDGE_TYPE * (out[:-1] ** 2).sum() / 2
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    return np.asarray(out.detach().numpy())


def _score(nodules: Outlined, ratings: Array) -> tuple[Array, float]:
    """Weights of the concepts and of size, and the offset: on the readers' ratings and on the model's."""
    clear = nodules.clear
    rows = [np.column_stack([r[clear], nodules.size[clear]]) for r in (ratings, nodules.ratings)]
    both, truth = np.vstack(rows), np.tile(nodules.suspicious[clear], 2)
    mean, sd = both.mean(axis=0), both.std(axis=0) + 1e-9
    *slopes, offset = logistic((both - mean) / sd, truth, ridge=RIDGE_SCORE)
    weights = np.array(slopes) / sd
    return weights, float(offset - weights @ mean)


def _sharpness(log_odds: Array, kind: NDArray[np.intp]) -> float:
    """The factor that makes the truth most likely, of rows left out."""

    def surprise(factor: float) -> float:
        scaled = factor * log_odds
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chance = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
        return float(-np.log(chance[np.arange(len(kind)), kind] + 1e-9).mean())

    return min((float(f) for f in np.linspace(0.3, 2.0, 35)), key=surprise)


# --- what it reaches


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
    return LeftOut(nodules, types, told, ratings, score, corrected, straight, inside)


def pooled(splits: Sequence[LeftOut]) -> LeftOut:
    """The rows of all splits."""
    rest = [name for name in LeftOut.__slots__ if name != "nodules"]
    arrays = (np.concatenate([getattr(s, name) for s in splits]) for name in rest)
    return LeftOut(joined([s.nodules for s in splits]), *arrays)


def _straight(nodules: Outlined) -> Callable[[Array], Array]:
    """Malignancy from all features without concepts: what the bottleneck is compared with."""
    mean, sd = nodules.features.mean(axis=0), nodules.features.std(axis=0) + 1e-9
    scaled = partial(standard, mean=tuple(mean), sd=tuple(sd))
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
    for values, how in ((score, "as told"), (corrected, "after correction")):
        calibrated = partial(_calibration, values, nodules.suspicious)
        out.append(over(clear, calibrated, f"malignancy rating, {how}: calibration error"))
    out.append(over(np.ones(len(kept), bool), partial(_calibration, told, right), "type: calibration error"))
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


def _calibration(values: Array, truth: NDArray[np.bool_], rows: NDArray[np.intp]) -> float:
    return ece(values[rows], truth[rows].astype(float))


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 where bundle or data cannot be used."""
    out = argparse.ArgumentParser(prog="python -m inference.training.characterise", description=__doc__)
    out.add_argument("bundle", type=Path, help="folder of a bundle that finds lung nodules")
    out.add_argument("--data", type=Path, required=True, help="folder of the data set ct_chest")
    out.add_argument(
        "--out", type=Path, required=True, help="folder for outlines, bundle and evaluation.json"
    )
    out.add_argument("--version", help="of the bundle that is written (default: the same)")
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = out.parse_args(arguments)
    console = Console(stderr=True)
    try:
        bundle = load_bundle(options.bundle, verify=True)
        outlined = [
            by_readers(options.data),
            by_network(bundle, options.bundle, options.data, options.out, options.device, console.print),
        ]
        nodules = joined(outlined)
        named = options.version or bundle.version
        bundle = msgspec.structs.replace(bundle, version=named, characteristics=fit(nodules))
        result = evaluation(bundle, nodules)
        card = (options.bundle / CARD).read_text(encoding="utf-8")
        folder = options.out / "bundle"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(options.bundle / WEIGHTS, folder / WEIGHTS)
        bundle = save_bundle(bundle, folder, card=card)
        bundle = with_near_cases(bundle, folder, nodule_material(*outlined))
        (options.out / "evaluation.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(result), indent=1)
        )
    except (BundleError, OSError, ValueError) as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 2
    console.print(
        f"{bundle.id} {bundle.version} is in {folder}; figures are in {options.out}/evaluation.json"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
