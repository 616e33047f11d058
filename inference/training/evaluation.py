"""What an evaluation says, for every kind of bundle: figures, and the two files that hold them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
import numpy as np

from inference.bundle import Figure
from inference.evidence.bootstrap import Interval
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
