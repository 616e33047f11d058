"""What a detector should find on an image: boxes, from a table, the parts of a mask, or a case's lesions."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import Case

IGNORED = -1


class DataError(ValueError):
    """Pictures or labels that cannot be used; one sentence."""


@dataclass(frozen=True, slots=True)
class TruthBoxes:
    """Edges `low` and `high` (boxes, axes), index order, the first voxel spans -0.5 to 0.5; `label` (boxes,).

    label  its number; IGNORED where marks count neither way
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    label: NDArray[np.int64]


NO_BOXES = TruthBoxes(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.int64))


def of_parts(mask: NDArray[np.bool_]) -> TruthBoxes:
    """A box round every connected part, each of the first label."""
    numbered, _ = ndimage.label(mask, np.ones((3,) * mask.ndim))
    edges = [[(s.start - 0.5, s.stop - 0.5) for s in box] for box in ndimage.find_objects(numbered)]
    low, high = np.moveaxis(np.array(edges, np.float64).reshape(-1, mask.ndim, 2), 2, 0)
    return TruthBoxes(low, high, np.zeros(len(edges), np.int64))


def of_lesions(case: Case, number: Callable[[str], int]) -> TruthBoxes:
    """Boxes round the spheres of a prepared case's lesions; `number`: a kind's label."""
    centres = case.grid.patient_to_index(np.array([x.center_lps_mm for x in case.lesions]).reshape(-1, 3))
    half = np.array([x.diameter_mm for x in case.lesions])[:, None] / 2 / np.array(case.grid.spacing_mm)
    labels = [IGNORED if x.ignore else number(x.kind) for x in case.lesions]
    return TruthBoxes(centres - half, centres + half, np.array(labels, np.int64))


def listed(path: Path, number: Callable[[str], int]) -> dict[str, TruthBoxes] | None:
    """The boxes of a table, by picture; None where there is no table. Raises `DataError`."""
    if not path.exists():
        return None
    found: dict[str, list[tuple[float, ...]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                edges = [float(row[name]) for name in ("top", "left", "bottom", "right")]
                found.setdefault(row["image"], []).append((*edges, number(row["label"])))
            except DataError:
                raise
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"{path}: columns image, label, left, top, right, bottom (edges in pixels) are needed, "
                    f"found {dict(row)}"
                ) from error
    tables = {name: np.array(rows, np.float64) for name, rows in found.items()}
    return {
        name: TruthBoxes(rows[:, :2] - 0.5, rows[:, 2:4] - 0.5, rows[:, 4].astype(np.int64))
        for name, rows in tables.items()
    }
