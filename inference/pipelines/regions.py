"""From the answer of a segmentation network to regions: one per label (organs), or per part (lesions)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.contract import NetworkContract

Array = NDArray[np.float32]

MOST_PARTS = 200
"""Of one label: a network that breaks an image into more has not understood it; the largest are kept."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region of one label: `mask` within its box, which starts at index `start`.

    score   mean probability, uncalibrated, of its voxels
    centre  fractional index of its centre of mass
    """

    label: int
    mask: NDArray[np.bool_]
    start: tuple[int, ...]
    score: float
    centre: tuple[float, ...]

    @property
    def voxels(self) -> int:
        """How many it has."""
        return int(self.mask.sum())


def regions(
    answer: Array, contract: NetworkContract, labels: tuple[str, ...], spacing_mm: tuple[float, ...] | None
) -> list[Region]:
    """Regions of all labels that are not silent, best score first.

    answer      (labels, ...) probabilities; softmax: the most probable label wins a voxel
                sigmoid: 0.5 and more count. All 0 where nothing was read
    spacing_mm  of the answer's axes, for `least_mm`; None where it is unknown, then nothing is too small
    """
    winner = None
    if contract.activation == "softmax":  # nothing wins where nothing was read
        winner = np.where(answer.any(axis=0), answer.argmax(axis=0), -1)
    out: list[Region] = []
    for label in contract.found(labels):
        mask = answer[label] >= 0.5 if winner is None else winner == label
        own = sorted(_regions(label, mask, answer[label], contract), key=lambda r: -r.voxels)[:MOST_PARTS]
        out += [r for r in own if _large_enough(r.voxels, spacing_mm, contract.least_mm)]
    return sorted(out, key=lambda r: -r.score)


def _regions(label: int, mask: NDArray[np.bool_], p: Array, contract: NetworkContract) -> Iterator[Region]:
    numbered: NDArray[np.integer] = mask.astype(np.int32)
    count = 1
    if contract.parts:
        numbered, count = ndimage.label(mask, np.ones((3,) * mask.ndim))
    for number, box in enumerate(_boxes(numbered, count), start=1):
        if box is None:
            continue
        part = numbered[box] == number
        start = tuple(s.start for s in box)
        centre = np.argwhere(part).mean(axis=0) + start
        yield Region(label, part, start, float(p[box][part].mean()), tuple(float(c) for c in centre))


def _large_enough(voxels: int, spacing_mm: tuple[float, ...] | None, least_mm: float) -> bool:
    if spacing_mm is None or not least_mm:
        return True
    size = voxels * float(np.prod(spacing_mm))
    if len(spacing_mm) == 2:
        return 2 * float(np.sqrt(size / np.pi)) >= least_mm
    return float((6 * size / np.pi) ** (1 / 3)) >= least_mm


def _boxes(numbered: "NDArray[np.integer]", count: int) -> "list[tuple[slice, ...] | None]":
    """Boxes of the numbered parts; None for a number that is not there (an empty mask)."""
    found: list[tuple[slice, ...] | None] = list(ndimage.find_objects(numbered, count))
    return found
