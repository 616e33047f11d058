"""Cases like this one: which findings that a model learnt from its networks see like a new one.

What lies beside the weights in `near_cases.safetensors`, and how it is described in `model.toml`. It holds
numbers and words alone: no pixel, and no patient's name. How it is made: `inference.training.near_cases`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from inference.concepts import standard
from inference.protocol import NearCase

NEAR_CASES = "near_cases.safetensors"
K = 8
"""So many are shown. Fixed before anything was measured."""

Array = NDArray[np.float64]


class NearCases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `model.toml` says of them.

    sha256   of the file; weights: of those whose features it holds
    kind     what the findings are, in the plural: "nodules"
    outcome  what is counted among the nearest: "malignant"
    source   who says so: pathology, or readers
    words    descriptions, to which the rows point; lesions: how many there are
    auc      how well the share with that outcome among the K nearest of other patients tells the outcome of
             `n` findings, with its 95 % interval over patients; `measured_on` says of which
    """

    sha256: str
    weights: str
    kind: str
    outcome: str
    source: str
    words: tuple[str, ...]
    lesions: int
    auc: Annotated[float, msgspec.Meta(ge=0, le=1)]
    low: float
    high: float
    n: int
    measured_on: str


@dataclass(frozen=True, slots=True)
class Bank:
    """Findings with a known outcome as points; a distance of 1 is that from the nearest of another patient,
    in the median.

    mean, sd  (features,) of what a network says; axes (features, dimensions): from there to the points
    points    (n, dimensions)
    lesion    (n,) number of the lesion: one that was seen on two images has two rows
    size_mm, outcome, said  (n,) diameter, 0 or 1, index in `words`
    """

    mean: Array
    sd: Array
    axes: Array
    points: Array
    lesion: NDArray[np.int32]
    size_mm: Array
    outcome: NDArray[np.uint8]
    said: NDArray[np.int32]

    def place(self, features: Array) -> Array:
        """(..., dimensions) of (..., features)."""
        out: Array = standard(features, tuple(self.mean), tuple(self.sd)) @ self.axes
        return out

    def nearest(self, features: Array, k: int = K, *, but: NDArray[np.bool_] | None = None) -> list[int]:
        """Rows of the k nearest lesions, the nearest first; `but` (n,): rows that are left out."""
        far = np.linalg.norm(self.points - self.place(features), axis=1)
        order = np.argsort(far, kind="stable")
        found: dict[int, int] = {}
        for row in order.tolist():
            if len(found) == k:
                break
            if but is None or not but[row]:
                found.setdefault(int(self.lesion[row]), row)
        return list(found.values())

    def told(self, features: Array, words: tuple[str, ...]) -> tuple[NearCase, ...]:
        """The nearest in the words of the protocol; none where a feature is not known."""
        if not np.isfinite(features).all():
            return ()
        rows = self.nearest(features)
        far = np.linalg.norm(self.points[rows] - self.place(features), axis=1)
        return tuple(
            NearCase(
                number=int(self.lesion[row]),
                distance=float(distance),
                size_mm=float(self.size_mm[row]),
                outcome=bool(self.outcome[row]),
                words=words[int(self.said[row])],
            )
            for row, distance in zip(rows, far, strict=True)
        )

    def save(self, path: Path) -> None:
        """Write a safetensors file, real numbers in 32 bits."""
        arrays = {name: getattr(self, name) for name in Bank.__slots__}
        save_file(
            {name: a.astype(np.float32) if a.dtype == np.float64 else a for name, a in arrays.items()}, path
        )

    @staticmethod
    def load(path: Path) -> "Bank":
        """Read it back; raises ValueError with a sentence where it is none."""
        try:
            arrays = load_file(path)
            mean, sd, axes, points, size_mm = (
                arrays[name].astype(np.float64) for name in ("mean", "sd", "axes", "points", "size_mm")
            )
            lesion, said = (arrays[name].astype(np.int32) for name in ("lesion", "said"))
            return Bank(mean, sd, axes, points, lesion, size_mm, arrays["outcome"].astype(np.uint8), said)
        except (SafetensorError, KeyError, OSError) as error:
            raise ValueError(f"{path.name} cannot be read ({error}); install the bundle again") from error


@dataclass(frozen=True, slots=True)
class Finder:
    """A bank with the words of its rows: what a pipeline asks."""

    bank: Bank
    words: tuple[str, ...]

    def __call__(self, features: Array) -> tuple[NearCase, ...]:
        """The nearest cases of (features,)."""
        return self.bank.told(features, self.words)


def finder(described: NearCases | None, folder: Path) -> Finder | None:
    """Of a bundle in `folder` (whose hashes were verified); None where it has no cases."""
    return None if described is None else Finder(Bank.load(folder / NEAR_CASES), described.words)


def near_cases_faults(described: NearCases, weights: str) -> Iterator[str]:
    """What is wrong with their description beside weights of that hash, one sentence each."""
    if described.weights != weights:
        yield (
            f"the cases of {NEAR_CASES} are of weights {described.weights[:12]}, not {weights[:12]}; "
            "make them again (python -m inference.training.near_cases)"
        )
