"""What an evaluation says, for every kind of bundle: figures, and the two files that hold them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from inference.bundle import Figure
from inference.evidence.bootstrap import Interval
from inference.evidence.calibration import ece, ece_by_chance
from inference.evidence.froc import Froc
from inference.evidence.roc import Roc
from inference.training.evaluation_page import page


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """`evaluation.json`."""

    bundle: str
    version: str
    sha256: str
    cases: int
    not_read: dict[str, str]
    rules: str
    figures: tuple[Figure, ...]
    groups: tuple[Figure, ...]


def figure(name: str, at: Interval, n: int, unit: str = "") -> Figure:
    """A figure with its interval, where that is known."""
    known = np.isfinite(at.low) and np.isfinite(at.high)
    low, high = (at.low, at.high) if known else (None, None)
    return Figure(name=name, value=at.value, low=low, high=high, unit=unit, n=n)


def calibration_error(
    of: str, probability: ArrayLike, truth: ArrayLike, true_weight: float = 1.0
) -> tuple[Figure, Figure]:
    """The calibration error of what `of` names, and beside it what chance alone gives so many cases.

    Without an interval: resampled rows are twice there and make the error larger than it is.
    """
    p, y = np.asarray(probability, np.float64), np.asarray(truth, np.bool_)
    found = ece(p, y, np.where(y, true_weight, 1.0))
    by_chance = ece_by_chance(p, true_weight)
    return (
        Figure(name=f"{of}calibration error, 10 bins of equal mass", value=found, n=len(p)),
        Figure(name=f"{of}calibration error expected by chance alone", value=by_chance, n=len(p)),
    )


def write(
    result: Evaluation,
    out: Path,
    curve: Froc | None,
    reliable: Sequence[tuple[float, float]],
    per: str,
    *,
    rocs: Mapping[str, Roc] = MappingProxyType({}),
) -> None:
    """`evaluation.json` and `.html` into a folder (made if need be); false marks `per` litre or view.

    `rocs` by what they tell apart.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    (out / "evaluation.html").write_text(page(result, curve, reliable, per, rocs=rocs), encoding="utf-8")
