"""Patches for the cluster network: real and phantom breasts with procedural calcifications pasted in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import View
from inference.networks.cluster2d import SPECK_STRIDE, STRIDE
from inference.pipelines.clusters import GREY_RANGE, UNIT_MM, WORKING_MM, detail_and_grey
from inference.pipelines.mammogram import Prepared, area_average, prepare
from inference.training.mammography.cluster_film import (
    GRAIN,
    MU,
    Exposure,
    dirtied,
    noise_of,
    pasted,
    speck_contrasts,
)
from inference.training.mammography.cluster_specks import Calcifications, cluster, few, ring, vessel

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

SIDE = 192
"""Working pixels: 29 mm."""
CLUSTER_SHARE, SECOND_SHARE = 0.65, 0.12
OTHERS: tuple[tuple[Callable[[np.random.Generator], Calcifications], float], ...] = (
    (few, 0.45),
    (vessel, 0.2),
    (ring, 0.12),
)
"""What must not be taken for a cluster, and how often a patch has one."""
DRAWN_OUT = 0.6
"""Share of patches of films that are given the resolution and the grain of the film itself."""
UNSEEN = 1.2
"""A cluster whose median contrast is below so many deviations of the noise is neither learnt nor unlearnt."""
QUALITY = 75
"""Of the JPEG compression that the stored films went through."""
SHARPNESS, NARROWEST, NEAR = 5.0, 0.8, 0.35
"""As in `patches`: a box is so many deviations of its Gaussian wide; cells; where the box is learnt."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A breast to paste into, as stored.

    grey     uint8 or uint16 (rows, columns); `low`, `high`: its 2nd and 99th percentile in the breast
    film     digitised film (else a phantom's digital picture, whose own brightness is what 0..1 stands for)
    unsure   (n, 4) top, left, bottom, right, pixels: calcifications that are really there
    """

    id: str
    patient: str
    grey: NDArray[np.uint8] | NDArray[np.uint16]
    low: float
    high: float
    mask: Mask
    pixel_mm: float
    film: bool
    unsure: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Aims:
    """What the heads should say.

    heat, weight, near  (24, 24) of cells of 8 working pixels; box (2, 24, 24); weight 0: not learnt
    specks, counted     (96, 96) of cells of 2 working pixels; counted 0: not learnt
    """

    heat: Array
    weight: Array
    box: Array
    near: Array
    specks: Array
    counted: Array


def sheet(view: View, patient: str, *, film: bool) -> Sheet | None:
    """Of a view; None where no breast is found."""
    prepared = prepare(view)
    if prepared is None:
        return None
    grey = (view.pixels // 257).astype(np.uint8) if film else view.pixels
    mask = stored_mask(prepared, view.plane.shape)
    low, high = np.percentile(grey[mask], [2, 99]) if film else (0.0, 65535.0)
    boxes = [(top, left, bottom, right) for left, top, right, bottom in
             (mark.box for mark in view.truth if mark.kind == "calcifications")]  # fmt: skip
    pixel = float(np.mean(view.plane.spacing_mm))
    return Sheet(view.image, patient, grey, float(low), float(max(high, low + 1)), mask, pixel, film,
                 np.array(boxes, np.float64).reshape(-1, 4))  # fmt: skip


def stored_mask(prepared: Prepared, shape: tuple[int, int]) -> Mask:
    """The breast in stored pixels."""
    rows, columns = (np.arange(n, dtype=np.float64) for n in shape)
    size = max(shape)
    line = np.zeros((size, 2))
    line[: shape[0], 0], line[: shape[1], 1] = rows, columns
    # rows and columns are turned independently of each other
    fine = prepared.placed.to_fine(line)
    first, second = (np.rint((fine[:, k] - 0.5) / 2).astype(int) for k in (0, 1))
    if prepared.placed.transpose:
        down, across = second[: shape[0]], first[: shape[1]]
        mask = prepared.mask.T
    else:
        down, across = first[: shape[0]], second[: shape[1]]
        mask = prepared.mask
    inside = ((down >= 0) & (down < mask.shape[0]))[:, None] & ((across >= 0) & (across < mask.shape[1]))[
        None
    ]
    found: Mask = mask[np.clip(down, 0, mask.shape[0] - 1)][:, np.clip(across, 0, mask.shape[1] - 1)] & inside
    return found


def patch(rng: np.random.Generator, source: Sheet) -> tuple[Array, Aims]:
    """One patch (2, 192, 192) with calcifications of all kinds, and what should be found in it."""
    pixel = source.pixel_mm * float(np.exp(rng.uniform(-0.15, 0.15)))
    grey, mask, unsure = _window(rng, source, int(np.ceil(SIDE * WORKING_MM / pixel)) + 2)
    drawn_out = source.film and rng.random() < DRAWN_OUT
    if drawn_out:
        factor = pixel / WORKING_MM
        grey = area_average(grey, (factor, factor))
        mask = area_average(mask.astype(np.float32), (factor, factor)) > 0.5
        unsure, pixel = unsure * factor, WORKING_MM
        grain = ndimage.gaussian_filter(rng.standard_normal(grey.shape, dtype=np.float32), 0.4)
        grey += grain / grain.std() * np.float32(GRAIN * rng.uniform(0.5, 1.3))
    how = Exposure(
        source.film, MU * float(np.exp(rng.uniform(np.log(0.6), np.log(1.8)))), rng.uniform(0.04, 0.12)
    )
    aims = _empty()
    _ignore(aims, unsure * pixel / WORKING_MM)
    for make, share in OTHERS:
        if rng.random() < share:
            grey, _ = _put(rng, grey, mask, pixel, make(rng), how, aims)
    wanted = (rng.random() < CLUSTER_SHARE) + (rng.random() < SECOND_SHARE)
    for _ in range(wanted):
        grey, _ = _put(rng, grey, mask, pixel, cluster(rng), how, aims)
    if source.film:
        grey = dirtied(rng, grey)
        if not drawn_out and rng.random() < 0.6:
            grey = compressed(grey)
    factor = pixel / WORKING_MM
    out = area_average(grey, (factor, factor))[:SIDE, :SIDE]
    inside = (area_average(mask.astype(np.float32), (factor, factor)) > 0.5)[:SIDE, :SIDE]
    return detail_and_grey(_shaded(rng, out), inside), aims


def _window(rng: np.random.Generator, source: Sheet, side: int) -> tuple[Array, Mask, NDArray[np.float64]]:
    """A square of the breast with its mask and the boxes in it, turned and mirrored; edges are repeated."""
    rows = np.flatnonzero(source.mask.any(axis=1))
    row = int(rng.choice(rows))
    column = int(rng.choice(np.flatnonzero(source.mask[row])))
    top, left = (at - int(rng.uniform(0.25, 0.75) * side) for at in (row, column))
    index = [np.arange(first, first + side) for first in (top, left)]
    there = [np.clip(k, 0, n - 1) for k, n in zip(index, source.grey.shape, strict=True)]
    grey = source.grey[np.ix_(*there)].astype(np.float32)
    grey = (grey - np.float32(source.low)) / np.float32(source.high - source.low)
    within = (index[0] == there[0])[:, None] & (index[1] == there[1])[None]
    mask = source.mask[np.ix_(*there)] & within
    boxes = source.unsure - (top, left, top, left)
    if rng.random() < 0.5:
        grey, mask, boxes = grey.T, mask.T, boxes[:, [1, 0, 3, 2]]
    for axis in (0, 1):
        if rng.random() < 0.5:
            grey, mask = np.flip(grey, axis), np.flip(mask, axis)
            boxes = boxes.copy()
            boxes[:, [axis, axis + 2]] = side - boxes[:, [axis + 2, axis]]
    return np.ascontiguousarray(grey), np.ascontiguousarray(mask), boxes


def _put(
    rng: np.random.Generator,
    grey: Array,
    mask: Mask,
    pixel: float,
    what: Calcifications,
    how: Exposure,
    aims: Aims,
) -> tuple[Array, bool]:
    """Paste somewhere in the breast and say so in the aims; not at all where no place is found."""
    side = len(grey) * pixel
    for _ in range(6):
        at = (float(rng.uniform(0, side)), float(rng.uniform(0, side)))
        if inside(what, at, mask, pixel):
            break
    else:
        return grey, False
    out, added, part = pasted(grey, pixel, what, at, how)
    top, left, bottom, right = what.box
    box = np.array([top + at[0], left + at[1], bottom + at[0], right + at[1]]) / WORKING_MM
    if not what.kind:
        _count(aims, what, at, box)
        return out, True
    noise = noise_of(grey[part], mask[part], pixel)
    if np.median(speck_contrasts(what, added, part, at, pixel)) < UNSEEN * noise:
        _ignore(aims, box[None])
    else:
        _count(aims, what, at, box)
        _aim(aims, box)
    return out, True


def inside(what: Calcifications, at: tuple[float, float], mask: Mask, pixel: float) -> bool:
    """Whether the middle and nine in ten of the parts lie in the breast."""
    points = np.concatenate([[at], what.parts[:, :2] + at])
    r, c = np.floor(points / pixel).astype(int).T
    there = (r >= 0) & (c >= 0) & (r < mask.shape[0]) & (c < mask.shape[1])
    there[there] = mask[r[there], c[there]]
    return bool(there[0] and there.mean() >= 0.9)


def compressed(grey: Array) -> Array:
    """As the stored films were: eight bits and JPEG; grey levels beyond -0.4 to 1.6 are cut off."""
    low, span = -0.4, 2.0
    bits = np.clip((grey - low) / span * 255, 0, 255).round().astype(np.uint8)
    back = np.asarray(imagecodecs.jpeg_decode(imagecodecs.jpeg_encode(bits, level=QUALITY)))
    return np.asarray(back.astype(np.float32) * np.float32(span / 255) + np.float32(low), np.float32)


def _shaded(rng: np.random.Generator, grey: Array) -> Array:
    """Other vendors: gamma, gain and offset; more noise, more blur."""
    out = np.sign(grey) * np.abs(grey) ** np.exp(rng.uniform(-0.35, 0.35))
    out = out * np.exp(rng.uniform(-0.15, 0.15)) + rng.uniform(-0.1, 0.1)
    if rng.random() < 0.15:
        out = ndimage.gaussian_filter(out, rng.uniform(0.3, 0.6))
    if rng.random() < 0.3:
        noise = rng.standard_normal(out.shape, dtype=np.float32)
        out = out + np.exp(rng.uniform(np.log(0.002), np.log(0.015))) * noise
    return np.asarray(np.clip(out, *GREY_RANGE), np.float32)


def _empty() -> Aims:
    coarse, fine = SIDE // STRIDE, SIDE // SPECK_STRIDE
    one = np.ones((coarse, coarse), np.float32)
    return Aims(
        0 * one, one, np.zeros((2, coarse, coarse), np.float32), 0 * one,
        np.zeros((fine, fine), np.float32), np.ones((fine, fine), np.float32),
    )  # fmt: skip


def _ignore(aims: Aims, boxes: NDArray[np.float64]) -> None:
    """Working pixels that are not learnt."""
    for top, left, bottom, right in boxes:
        for plane, stride in ((aims.weight, STRIDE), (aims.counted, SPECK_STRIDE)):
            r0, c0 = (max(int(v / stride), 0) for v in (top, left))
            r1, c1 = (max(int(np.ceil(v / stride)), 0) for v in (bottom, right))
            plane[r0:r1, c0:c1] = 0


def _count(aims: Aims, what: Calcifications, at: tuple[float, float], box: NDArray[np.float64]) -> None:
    """Specks on their fine map; what cannot be counted is not learnt there."""
    if not len(what.specks):
        fine = _empty()
        _ignore(fine, box[None])
        aims.counted[fine.counted == 0] = 0
        return
    cells = (what.specks[:, :2] + at) / WORKING_MM / SPECK_STRIDE
    n = len(aims.specks)
    for row, column in np.floor(cells).astype(int):
        if not (0 <= row < n and 0 <= column < n):
            continue
        r, c = (slice(max(k - 1, 0), min(k + 2, n)) for k in (row, column))
        y, x = np.ogrid[r, c]
        far2 = (y - row) ** 2 + (x - column) ** 2
        aims.specks[r, c] = np.maximum(aims.specks[r, c], np.exp(-far2 / (2 * 0.6**2)))


def _aim(aims: Aims, box: NDArray[np.float64]) -> None:
    """A cluster on the coarse map; one whose middle lies outside the patch is not learnt."""
    middle, sides = (box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 4.0)
    cell = np.floor(middle / STRIDE).astype(int)
    n = len(aims.heat)
    if (cell < 0).any() or (cell >= n).any():
        _ignore(aims, box[None])
        return
    sigma = np.maximum(sides / (SHARPNESS * STRIDE), NARROWEST)
    y, x = np.ogrid[:n, :n]
    bell = np.exp(-0.5 * (((y - cell[0]) / sigma[0]) ** 2 + ((x - cell[1]) / sigma[1]) ** 2)).astype(
        np.float32
    )
    own = (bell > NEAR) & (bell > aims.near)
    aims.near[own] = bell[own]
    for k in (0, 1):
        aims.box[k][own] = np.log(sides[k] * WORKING_MM / UNIT_MM)
    np.maximum(aims.heat, bell, out=aims.heat)
    aims.weight[bell > 0.05] = 1


def batch(rng: np.random.Generator, sheets: Sequence[Sheet]) -> tuple[Array, tuple[Array, ...]]:
    """(n, 2, 256, 256) patches of the sheets, and their aims stacked in the order of `Aims`."""
    made = [patch(rng, source) for source in sheets]
    stacked = tuple(np.stack([getattr(a, name) for _, a in made]) for name in Aims.__slots__)
    return np.stack([image for image, _ in made]), stacked
