"""From the heat maps of a head to single bleeds: where each one peaks, what belongs to it, how much it is."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.networks.haemorrhage2d import NOTHING, STRIDE, TOP
from inference.pipelines.head import GREY_PER_HU, SIDE, Floats, Head, Mask, Upright
from inference.pipelines.head_stack import HeadStack
from inference.pipelines.measure import OnInput

HOT = 0.0
"""Cells from this logit on belong together to one bleed where they touch."""
WARM = -3.0
"""Peaks from this logit on are listed, each alone, where they stand outside every bleed."""
COLD = -2.0
"""What the cells count that a small bleed lacks to `TOP` hot ones."""
MOST = 100
BLOOD_HU, BLOOD_SMOOTH = 8.0, 0.7
"""Blood is so much denser than this patient's brain, after smoothing by so many pixels of the crop."""


@dataclass(frozen=True, slots=True)
class Bleed:
    """One place that may bleed.

    cells  (slabs, r/4, c/4) its cells; peak: (slab, row, column) of the hottest one; score: logit
    """

    cells: Mask
    peak: tuple[int, int, int]
    score: float


def find_bleeds(heat: Floats) -> list[Bleed]:
    """All of them in heat maps (slabs, r/4, c/4) of logits, highest score first."""
    found = sorted((*_hot(heat), *_warm(heat)), key=lambda bleed: -bleed.score)
    return found[:MOST]


def _hot(heat: Floats) -> Iterator[Bleed]:
    labels, _ = ndimage.label(heat > HOT, np.ones((3, 3, 3)))
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        cells = np.zeros(heat.shape, bool)
        cells[box] = labels[box] == number
        score, slab = max((_hottest(heat[k][cells[k]]), k) for k in range(*box[0].indices(len(heat))))
        row, column = np.unravel_index(
            int(np.where(cells[slab], heat[slab], -np.inf).argmax()), heat.shape[1:]
        )
        yield Bleed(cells, (slab, int(row), int(column)), score)


def _hottest(logits: Floats) -> float:
    top = np.sort(logits)[::-1][:TOP]
    return float(np.concatenate([top, np.full(TOP - len(top), COLD)]).mean()) if len(top) else COLD


def _warm(heat: Floats) -> Iterator[Bleed]:
    near = ndimage.binary_dilation(heat > HOT, np.ones((3, 3, 3), bool))
    peaks = (heat == ndimage.maximum_filter(heat, (3, 5, 5))) & (heat > WARM) & (heat > NOTHING) & ~near
    for slab, row, column in np.argwhere(peaks):
        cells = np.zeros(heat.shape, bool)
        cells[slab, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = True
        around = heat[slab][cells[slab] & (heat[slab] > NOTHING)]
        yield Bleed(cells, (int(slab), int(row), int(column)), _hottest(around))


def blood(head: Head, bleed: Bleed) -> Mask:
    """The blood of a bleed on the crops, (slabs, SIDE, SIDE): dense brain in its cells and the next ones."""
    out = np.zeros(head.brain.shape, bool)
    for k in np.flatnonzero(bleed.cells.any(axis=(1, 2))):
        near = ndimage.binary_dilation(bleed.cells[k], np.ones((3, 3), bool))
        region = np.kron(near, np.ones((STRIDE, STRIDE), bool)) & head.brain[k]
        smooth = ndimage.gaussian_filter(head.grey[k], BLOOD_SMOOTH)
        out[k] = region & (smooth >= head.level + BLOOD_HU * GREY_PER_HU)
    return out


def fine(heat: Floats) -> Floats:
    """Cells (..., r/4, c/4) to the crop's pixels, (..., SIDE, SIDE), linear between their centres."""
    at = (np.arange(SIDE) - (STRIDE - 1) / 2) / STRIDE
    grid = np.meshgrid(at, at, indexing="ij")
    return np.stack([ndimage.map_coordinates(plane, grid, order=1, mode="nearest") for plane in heat])


def cell_centre(row: int, column: int) -> NDArray[np.float64]:
    """(row, column) of the crop in the middle of a cell."""
    return np.array([row, column], np.float64) * STRIDE + (STRIDE - 1) / 2


def on_volume(values: Floats, where: Mask, stack: HeadStack, upright: Upright) -> OnInput | None:
    """Values of the crops (slabs, SIDE, SIDE) on the volume's own grid, in the box that holds `where`.

    Slices of one slab get the same; None where the box is empty.
    """
    slabs = np.flatnonzero(where.any(axis=(1, 2)))
    rows, columns = np.flatnonzero(where.any(axis=(0, 2))), np.flatnonzero(where.any(axis=(0, 1)))
    if len(slabs) == 0:
        return None
    corners = np.array(
        [(r, c) for r in (rows[0] - 1, rows[-1] + 1) for c in (columns[0] - 1, columns[-1] + 1)]
    )
    sides = stack.grid.shape[1:]
    at = stack.to_volume(upright.to_picture(corners.astype(np.float64)))
    low = np.clip(np.floor(at.min(axis=0)).astype(int), 0, sides)
    high = np.clip(np.ceil(at.max(axis=0)).astype(int) + 1, 0, sides)
    members = np.concatenate([stack.members[k] for k in slabs])
    if np.any(high <= low):
        return None
    first, last = int(members.min()), int(members.max())
    pixels = np.moveaxis(np.mgrid[low[0] : high[0], low[1] : high[1]], 0, -1).astype(np.float64)
    crop_at = np.moveaxis(upright.to_crop(stack.to_picture(pixels)), -1, 0)
    out = np.zeros((last - first + 1, *crop_at.shape[1:]), np.float32)
    for k in slabs:
        plane: Floats = np.ascontiguousarray(values[k])
        out[stack.members[k] - first] = ndimage.map_coordinates(plane, crop_at, order=1)
    return OnInput(out, (first, int(low[0]), int(low[1])))
