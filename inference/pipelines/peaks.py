"""From the answer of a detector (`networks.boxes`) to boxes: its peaks, those of one finding once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from inference.networks.boxes import CELLS

Array = NDArray[np.float32]
Edges = NDArray[np.float64]

LEAST = 0.02
"""Lowest heat of a peak: below, everything is a peak."""
SAME = 0.25
"""Boxes of one label that share so much of their union are of one finding."""
MOST = 50
"""Of an image or volume: more than any reader looks at."""
LOGARITHMS = 4.0
"""Of a side, at most, either way: what a network says beyond is noise."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A box of one label: `low` and `high` edges (index order; the first voxel spans -0.5 to 0.5)."""

    label: int
    score: float
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def centre(self) -> tuple[float, ...]:
        """Fractional index."""
        return tuple((a + b) / 2 for a, b in zip(self.low, self.high, strict=True))


def peaks(answer: Array, labels: int, stride: int, shape: tuple[int, ...]) -> list[Peak]:
    """Best first, within an image of `shape`.

    answer  (labels + 2 * axes, ...) in cells of `stride` voxels: heat 0 to 1, then as `BoxNet` says it
    """
    found = [
        _peak(
            answer.reshape(len(answer), -1)[:, np.ravel_multi_index(at, answer.shape[1:])],
            label,
            labels,
            np.array(at),
            stride,
        )
        for label in range(labels)
        for at in _highest(answer[label])
    ]
    inside = [p for p in found if all(-0.5 <= c <= n - 0.5 for c, n in zip(p.centre, shape, strict=True))]
    return distinct(sorted(inside, key=lambda p: -p.score))[:MOST]


def _highest(heat: Array) -> Iterator[tuple[int, ...]]:
    """Cells that are as high as all around them, the highest first, no more than twice `MOST`."""
    top = (heat >= LEAST) & (heat == ndimage.maximum_filter(heat, 3))
    cells = np.argwhere(top)
    for k in np.argsort(-heat[top], kind="stable")[: 2 * MOST]:
        yield tuple(int(v) for v in cells[k])


def _peak(said: Array, label: int, labels: int, cell: NDArray[np.int_], stride: int) -> Peak:
    axes = len(cell)
    logarithms, offset = np.clip(said[labels:], -LOGARITHMS, LOGARITHMS).reshape(2, axes)
    middle = (cell + offset + 0.5) * stride - 0.5
    half = np.exp(logarithms) * CELLS * stride / 2
    low, high = (tuple(float(v) for v in edge) for edge in (middle - half, middle + half))
    return Peak(label, float(said[label]), low, high)


def distinct(found: Sequence[Peak]) -> list[Peak]:
    """Without those that a better one of the same label covers; best first, as given."""
    kept: list[Peak] = []
    for peak in found:
        if all(peak.label != better.label or overlap(peak, better) <= SAME for better in kept):
            kept.append(peak)
    return kept


def overlap(one: Peak, other: Peak) -> float:
    """Intersection over union of two boxes."""
    low, high = np.maximum(one.low, other.low), np.minimum(one.high, other.high)
    common = float(np.prod(np.clip(high - low, 0, None)))
    sizes = [float(np.prod(np.subtract(p.high, p.low))) for p in (one, other)]
    return common / max(sum(sizes) - common, 1e-9)


def stacked(slices: Sequence[tuple[int, Sequence[Peak]]]) -> list[Peak]:
    """Boxes on neighbouring slices (index, boxes on it) that cover one another, as boxes in the volume."""
    flat = [(order, k, peak) for order, (k, found) in enumerate(slices) for peak in found]
    pairs = [
        (a, b)
        for a, (order, _, one) in enumerate(flat)
        for b, (later, _, other) in enumerate(flat)
        if later == order + 1 and one.label == other.label and overlap(one, other) > SAME
    ]
    rows, columns = np.array(pairs, np.intp).reshape(-1, 2).T
    links = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(flat),) * 2)
    count, group = connected_components(links, directed=False) if flat else (0, np.zeros(0))
    return sorted(
        (_joined([flat[int(m)][1:] for m in np.flatnonzero(group == g)]) for g in range(count)),
        key=lambda p: -p.score,
    )[:MOST]


def _joined(own: Sequence[tuple[int, Peak]]) -> Peak:
    """As wide and high as on its best slice."""
    best = max((peak for _, peak in own), key=lambda p: p.score)
    first, last = min(k for k, _ in own), max(k for k, _ in own)
    return Peak(best.label, best.score, (first - 0.5, *best.low), (last + 0.5, *best.high))
