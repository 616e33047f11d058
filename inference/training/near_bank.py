"""Findings with a known outcome become a bundle's bank of cases, and how well the nearest tell an outcome."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.bundle import CARD, Bundle, save_bundle, sha256
from inference.evidence.bootstrap import Interval, interval
from inference.evidence.roc import auc
from inference.near_cases import NEAR_CASES, Bank, K, NearCases

Array = NDArray[np.float64]

HEADING = "## Cases like this one"
ABOUT = (
    "Beside a finding stand the {k} that are most like it, to the model's own features, of {lesions} {kind} "
    "of its training data. A distance of 1 is that of one of them from its nearest of another patient, in "
    "the median. What is counted: {outcome} ({source})."
)
TABLE = """\
| figure | value | 95 % interval | n |
| --- | --- | --- | --- |
| outcome by its share among the {k} nearest: AUC | {auc:.2f} | {low:.2f} to {high:.2f} | {n} |
"""
MEASURED = (
    "Measured on {measured_on}, the patient of each left out. How many are shown was fixed before. The bank "
    "holds numbers and words, no pixel and no name."
)
REPEATS = 500
WIDTH = 110


@dataclass(frozen=True, slots=True)
class Rows:
    """Findings with a known outcome, as the networks see them.

    features  (n, k); size_mm, outcome (n,); patient, lesion, words: of each row
    """

    features: Array
    patient: tuple[str, ...]
    lesion: tuple[str, ...]
    size_mm: Array
    outcome: NDArray[np.bool_]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a bundle's cases are made of; see `near_cases.NearCases` for the words.

    rows     findings that the bundle learnt from; asked: findings by which they are measured
    axes     from standardised features to points, (k, dimensions), found without any outcome
    """

    rows: Rows
    asked: Rows
    axes: Array
    kind: str
    outcome: str
    source: str
    measured_on: str


def bank_of(rows: Rows, axes: Array) -> tuple[Bank, tuple[str, ...]]:
    """The rows as a bank in an order that says nothing of the patients, and the words that it points to."""
    order = sorted(range(len(rows.lesion)), key=lambda k: hashlib.sha256(rows.lesion[k].encode()).digest())
    number = {name: n for n, name in enumerate(dict.fromkeys(rows.lesion[k] for k in order), start=1)}
    words = tuple(sorted(set(rows.words)))
    features = rows.features[order]
    bank = Bank(
        mean=features.mean(axis=0),
        sd=features.std(axis=0) + 1e-9,
        axes=axes,
        points=np.zeros((len(order), axes.shape[1])),
        lesion=np.array([number[rows.lesion[k]] for k in order], np.int32),
        size_mm=rows.size_mm[order],
        outcome=rows.outcome[order].astype(np.uint8),
        said=np.array([words.index(rows.words[k]) for k in order], np.int32),
    )
    points = bank.place(features)
    usual = _usual_distance(points, np.array(rows.patient)[order])
    parts = {name: getattr(bank, name) for name in Bank.__slots__}
    return Bank(**parts | {"axes": axes / usual, "points": points / usual}), words


def _usual_distance(points: Array, patient: NDArray[np.str_]) -> float:
    """Median distance from a row to the nearest one of another patient."""
    far = np.linalg.norm(points[:, None] - points[None], axis=2)
    far[patient[:, None] == patient[None]] = np.inf
    return float(np.median(far.min(axis=1)))


def principal(features: Array, dimensions: int) -> Array:
    """(k, dimensions): the directions in which standardised features vary most."""
    scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    out: Array = np.linalg.svd(scaled, full_matrices=False)[2][:dimensions].T
    return out


def foretold(bank: Bank, rows: Rows, asked: Rows) -> Array:
    """Share with the outcome among the K nearest of each finding that is asked for, its own patient left out.

    `bank` was made of `rows`.
    """
    order = sorted(range(len(rows.lesion)), key=lambda k: hashlib.sha256(rows.lesion[k].encode()).digest())
    patient = np.array(rows.patient)[order]
    pairs = zip(asked.features, asked.patient, strict=True)
    return np.array([bank.outcome[bank.nearest(f, but=patient == own)].mean() for f, own in pairs])


def measured(share: Array, asked: Rows) -> Interval:
    """Area under the ROC curve of the shares, with its interval over patients."""
    return interval(asked.patient, lambda rows: auc(share[rows], asked.outcome[rows]), repeats=REPEATS)


def with_near_cases(bundle: Bundle, folder: Path, material: Material) -> Bundle:
    """Write cases, description and card into the bundle's folder."""
    bank, words = bank_of(material.rows, material.axes)
    at = measured(foretold(bank, material.rows, material.asked), material.asked)
    bank.save(folder / NEAR_CASES)
    described = NearCases(
        sha256=sha256(folder / NEAR_CASES),
        weights=bundle.sha256,
        kind=material.kind,
        outcome=material.outcome,
        source=material.source,
        words=words,
        lesions=len(set(material.rows.lesion)),
        auc=round(at.value, 4),
        low=round(at.low, 4),
        high=round(at.high, 4),
        n=len(material.asked.lesion),
        measured_on=material.measured_on,
    )
    text = (folder / CARD).read_text(encoding="utf-8")
    made = msgspec.structs.replace(bundle, near_cases=described)
    return save_bundle(made, folder, card=card_with(text, described))


def card_with(card: str, said: NearCases) -> str:
    """The card with its section on the cases, which ends it."""
    facts = {"k": K, **msgspec.structs.asdict(said)}
    about, how = (fill(text.format(**facts), WIDTH) for text in (ABOUT, MEASURED))
    rest = card.partition(f"\n{HEADING}\n")[0].rstrip()
    return f"{rest}\n\n{HEADING}\n{about}\n\n{TABLE.format(**facts)}\n{how}\n"
