"""Midline shift on head CT: how far the brain's own midline lies beside that of the skull, at the ventricles.

The skull's midline is a plane through the middles of the inner table. The brain's is in each slice a path
from front to back along which its two sides are most alike close by (falx, septum, third ventricle). Where
skull, ventricles or neighbouring slices do not bear a figure, none is given.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.pipelines.head import BONE_GREY, GREY_PER_HU, Floats, Head, Mask, find_brain

LEAST_AREA = 0.55
"""Slices with so much of the largest one's brain are looked at."""
FLUID_HU, FLUID_DEEP_MM, FLUID_NEAR_MM, FLUID_MM2 = 10.0, 12.0, 28.0, 150.0
"""Ventricles: so much less dense than the brain, so deep in it, so near its midline, so large in a slice."""
ALONG, SEPTUM = (0.2, 0.7), (0.3, 0.6)
"""Between front (0) and back (1): where ventricles lie, and where the shift is taken."""
LEVELS, FEWEST = 5, 3
"""So many slices that show most of the ventricles are measured; fewer than `FEWEST` give no figure."""
SKULL_MM = 1.8
"""Middles of the inner table that scatter more about a plane are no symmetric skull."""
APART_MM, OFTEN = 3.5, 1 / 3
"""Where more than this share of the slices lies so far from their median, they do not agree."""
PATCH, REACH, STEP = 18, 14.0, 0.5
"""Pixels on each side that are compared; pixels beside the skull's midline that are tried, and their step."""
BEND, PIN = 6.0, 0.4
"""What a bend of the path costs, and ends beside the skull's midline: HU for each squared pixel."""
NEAR = 14.0
"""Pixels count the less the further aside they lie: exp(-(pixels / NEAR)^2)."""
CLIP = 15 * GREY_PER_HU
"""Sides differ by no more than that: blood on one side is not to outweigh the rest."""
REASONS = {
    "skull": "the skull is not symmetric, or cut",
    "fluid": "the ventricles are not seen",
    "slices": "neighbouring slices do not agree",
    "far": "the midline lies further aside than is looked for",
}


@dataclass(frozen=True, slots=True)
class Midline:
    """The shift in mm, positive to the patient's left; None with the reason where it was not measured.

    spread_mm  how far the slices differ: the largest distance from their median of those that agree
    """

    shift_mm: float | None
    spread_mm: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Level:
    fluid_mm2: float
    shift_mm: float


def midline_shift(head: Head, pixel_mm: float) -> Midline:
    """Of an upright head whose pixels are `pixel_mm` wide; its columns grow to the patient's left."""
    slabs = np.flatnonzero(head.area >= LEAST_AREA)
    cavities = np.stack([_cavity(head.grey[k]) for k in slabs])
    plane, scatter = _skull(cavities)
    if scatter * pixel_mm > SKULL_MM:
        return Midline(None, reason=REASONS["skull"])
    levels = [
        _level(head.grey[k], cavity, head.level, midline, pixel_mm)
        for k, cavity, midline in zip(slabs, cavities, plane, strict=True)
    ]
    shown = sorted((v for v in levels if v.fluid_mm2 >= FLUID_MM2), key=lambda v: -v.fluid_mm2)[:LEVELS]
    if len(shown) < FEWEST:
        return Midline(None, reason=REASONS["fluid"])
    shifts = np.array([level.shift_mm for level in shown])
    middle = float(np.median(shifts))
    far = np.abs(shifts - middle)
    if (far > APART_MM).mean() > OFTEN:
        return Midline(None, reason=REASONS["slices"])
    if abs(middle) > (REACH - 2 * STEP) * pixel_mm:
        return Midline(None, reason=REASONS["far"])
    return Midline(middle, float(far[far <= APART_MM].max()))


def _cavity(picture: Floats) -> Mask:
    """What the inner table encloses, blood along it too."""
    skull, _ = find_brain(picture)
    inside = ndimage.binary_opening(skull & (picture < BONE_GREY), iterations=2)
    labels, count = ndimage.label(inside)
    if count == 0:
        return inside
    out: Mask = ndimage.binary_fill_holes(labels == 1 + int(np.bincount(labels.ravel())[1:].argmax()))
    return out


def _skull(cavities: Mask) -> tuple[NDArray[np.float64], float]:
    """(slabs, rows) column of the skull's midline, a plane; and the robust scatter of the middles, pixels."""
    count, rows, columns = cavities.shape
    at = np.arange(columns)
    wide: Mask = np.any(cavities, axis=2)
    left = np.where(cavities, at, columns).min(axis=2)
    right = np.where(cavities, at, -1).max(axis=2)
    share = _share(wide)
    used = wide & (share > 0.1) & (share < 0.9)
    slab, row = np.indices(wide.shape).astype(np.float64)
    terms = np.stack([np.ones(wide.shape), row - rows / 2, slab - count / 2], axis=-1)
    design, middle = terms[used], ((left + right) / 2)[used]
    if len(middle) <= terms.shape[-1]:
        return np.full(wide.shape, columns / 2), np.inf
    weight, scatter = np.ones(len(middle)), np.inf
    for _ in range(20):  # iteratively reweighted least squares (Huber, 1964)
        root = np.sqrt(weight)
        found = np.linalg.lstsq(design * root[:, None], middle * root, rcond=None)[0]
        far = np.abs(middle - design @ found)
        scatter = max(1.4826 * float(np.median(far)), 0.3)
        weight = 1 / np.maximum(1, far / (1.5 * scatter))
    out: NDArray[np.float64] = terms @ found
    return out, scatter


def _share(wide: Mask) -> NDArray[np.float64]:
    """(slabs, rows) how far each row lies from the front (0) to the back (1) of the cavity."""
    rows = np.arange(wide.shape[1])
    first = np.where(wide, rows, wide.shape[1]).min(axis=1)[:, None]
    last = np.where(wide, rows, -1).max(axis=1)[:, None]
    out: NDArray[np.float64] = (rows - first) / np.maximum(last - first, 1)
    return out


def _level(
    picture: Floats, cavity: Mask, level: float, midline: NDArray[np.float64], pixel_mm: float
) -> _Level:
    """Fluid near the midline of one slice and, where there is enough, where the brain's midline lies."""
    shown: Mask = np.any(cavity, axis=1)[None]
    share = _share(shown)[0]
    rows, columns = np.indices(picture.shape)
    low = ndimage.gaussian_filter(picture, 0.8) < level - FLUID_HU * GREY_PER_HU
    deep = ndimage.distance_transform_edt(cavity) * pixel_mm > FLUID_DEEP_MM
    near = np.abs(columns - midline[rows]) * pixel_mm < FLUID_NEAR_MM
    along = ((share > ALONG[0]) & (share < ALONG[1]))[:, None]
    fluid = float(ndimage.binary_opening(low & deep & near & along).sum()) * pixel_mm**2
    if fluid < FLUID_MM2:
        return _Level(fluid, 0.0)
    inner = np.flatnonzero((share >= 0.01) & (share <= 0.99))
    path = _path(_unlike(picture, cavity, level, midline)[inner])
    septum = (share[inner] > SEPTUM[0]) & (share[inner] < SEPTUM[1])
    return _Level(fluid, float(np.median(path[septum])) * pixel_mm)


OFFSETS = np.arange(-REACH, REACH + STEP / 2, STEP)


def _unlike(picture: Floats, cavity: Mask, level: float, midline: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, offsets) how unlike, in HU, both sides of a midline so many pixels beside the skull's are."""
    smooth = np.clip(ndimage.gaussian_filter(picture, 1.0), level - 2 * CLIP, level + 1.2 * CLIP)
    inside = cavity.astype(np.float32)
    aside = np.arange(1, PATCH + 1)
    rows = np.repeat(np.arange(len(picture))[:, None], PATCH, axis=1)
    out = np.empty((len(picture), len(OFFSETS)))
    for number, offset in enumerate(OFFSETS):
        centre = (midline + offset)[:, None]
        ends = ([rows, centre + aside], [rows, centre - aside])
        one, other = (ndimage.map_coordinates(smooth, end, order=1, mode="nearest") for end in ends)
        both = np.prod([ndimage.map_coordinates(inside, end, order=0) > 0.5 for end in ends], axis=0)
        weight = both * np.exp(-((aside / NEAR) ** 2))
        unlike = np.minimum(np.abs(one - other), CLIP) / GREY_PER_HU * weight
        total, mass = (ndimage.uniform_filter1d(part.sum(axis=1), 7) for part in (unlike, weight))
        out[:, number] = np.where(mass > 1, total / np.maximum(mass, 1e-6), np.nan)
    return np.where(np.isnan(out), np.nanmedian(out), out)


def _path(cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows,) offsets in pixels of the cheapest path from front to back, by dynamic programming."""
    bend = BEND * (OFFSETS[:, None] - OFFSETS) ** 2
    total = cost[0] + PIN * OFFSETS**2
    back = np.zeros(cost.shape, np.intp)
    for row in range(1, len(cost)):
        through = total[:, None] + bend
        back[row] = through.argmin(axis=0)
        total = through.min(axis=0) + cost[row]
    at = int((total + PIN * OFFSETS**2).argmin())
    out = np.empty(len(cost))
    for row in range(len(cost) - 1, -1, -1):
        out[row] = OFFSETS[at]
        at = int(back[row, at])
    return out
