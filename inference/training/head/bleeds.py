"""Painted bleeds, and what looks like bleeding and is none, on slices of the crop (grey levels).

A bleed is a field in pixels, positive inside. Shapes, sizes and brightness after the recipe in the card.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.pipelines.head import GREY_PER_HU, SIDE, Floats

KINDS = ("ivh", "iph", "sah", "edh", "sdh")
SHARES = (0.14, 0.28, 0.14, 0.26, 0.18)
TWO_KINDS = 0.2
PALE = {"sah": 0.75, "sdh": 0.75}
"""Subarachnoid and subdural blood is less bright."""
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE].astype(np.float32)
LEAST_PIXELS = 8
Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Slab:
    """Three slices, (3, SIDE, SIDE) grey, with the depth in the brain of the middle one and its level."""

    grey: Floats
    depth: Floats
    level: float

    @property
    def middle(self) -> Floats:
        """The slice itself."""
        out: Floats = self.grey[1]
        return out


Field = Callable[[Generator, Slab], Floats | None]


def paint(rng: Generator, slab: Slab) -> tuple[Slab, dict[str, NDArray[np.bool_]]]:
    """A slab with one or two painted bleeds, and their masks on the middle slice by kind."""
    masks: dict[str, NDArray[np.bool_]] = {}
    for kind in rng.choice(KINDS, size=1 + int(rng.random() < TWO_KINDS), replace=False, p=SHARES):
        field = FIELDS[kind](rng, slab)
        if field is None or (field > 0).sum() < LEAST_PIXELS:
            kind, field = "iph", intraparenchymal(rng, slab)
        masks[str(kind)] = (field > 0) & (slab.depth > 0)
        slab = Slab(_filled(rng, slab, field, PALE.get(str(kind), 1.0)), slab.depth, slab.level)
    return slab, masks


def distract(rng: Generator, slab: Slab) -> Slab:
    """A slab with one thing that is no bleed: calcifications, a dark lesion, hardened beam, oblique bone."""
    change = DISTRACTORS[int(rng.integers(len(DISTRACTORS)))]
    return Slab(np.clip(change(rng, slab), 0, 255), slab.depth, slab.level)


def intraparenchymal(rng: Generator, slab: Slab) -> Floats:
    """A noisy ellipse anywhere in the brain, 2 to 18 pixels in radius."""
    radius = float(np.exp(rng.uniform(np.log(2), np.log(18))))
    return _blob(rng, _inside(rng, slab, 3), radius)


def epidural(rng: Generator, slab: Slab) -> Floats:
    """A lens along the skull."""
    thick, wide = rng.uniform(2.5, 14), rng.uniform(0.2, 0.7)
    lens: Floats = (thick * (1 - (_angle(rng) / wide) ** 2) - slab.depth).astype(np.float32)
    return lens


def subdural(rng: Generator, slab: Slab) -> Floats:
    """A crescent along the skull."""
    thick, wide = rng.uniform(1.8, 8), rng.uniform(0.6, 1.6)
    rise = np.sqrt(np.clip(1 - (_angle(rng) / wide) ** 2, 0, 1))
    crescent: Floats = (np.where(rise > 0, thick * rise, -9) - slab.depth).astype(np.float32)
    return crescent


def subarachnoid(rng: Generator, slab: Slab) -> Floats:
    """Sulci and cisterns within a noisy disc."""
    disc = _blob(rng, _inside(rng, slab, 1), rng.uniform(8, 28))
    smooth = ndimage.gaussian_filter(slab.middle, 1)
    return np.minimum(disc, (slab.level - 7 - smooth) / 8).astype(np.float32)


def intraventricular(rng: Generator, slab: Slab) -> Floats | None:
    """Deep dark fluid, half of the time what lies at the back of it."""
    smooth = ndimage.gaussian_filter(slab.middle, 1)
    fluid = (smooth < slab.level - 14) & (slab.depth > 14)
    if fluid.sum() < LEAST_PIXELS:
        return None
    if rng.random() < 0.5:
        rows = np.flatnonzero(fluid.any(axis=1))
        fluid &= rng.uniform(rows[0], rows[-1]) < ROWS
    return np.where(fluid, (slab.level - 10 - smooth) / 8, -3).astype(np.float32)


FIELDS: dict[str, Field] = {
    "ivh": intraventricular,
    "iph": intraparenchymal,
    "sah": subarachnoid,
    "edh": epidural,
    "sdh": subdural,
}


def _filled(rng: Generator, slab: Slab, field: Floats, pale: float) -> Floats:
    """The slab's slices with blood where `field` is positive; its extent in the neighbours is random."""
    blood = slab.level + rng.uniform(16, 44) * GREY_PER_HU * pale
    edge = rng.uniform(0.7, 2.0)
    rim = rng.uniform(12, 35) if rng.random() < 0.5 and pale == 1 else 0.0
    texture = _noise(rng, 24) * rng.uniform(2, 9)
    out = slab.grey.copy()
    for number, shrunk in enumerate((rng.uniform(-1, 6), 0.0, rng.uniform(-1, 6))):
        if number != 1 and rng.random() < 0.25:
            continue
        here = field - shrunk
        alpha = np.clip(here / edge + 0.5, 0, 1) * (slab.depth > 0)
        ring = ((here < 0) & (here > -3)) * rim * (slab.depth > 0)
        out[number] += alpha * (blood + texture - out[number]) - ring
    return np.clip(out, 0, 255)


def _calcified(rng: Generator, slab: Slab) -> Floats:
    out = slab.grey.copy()
    for _ in range(int(rng.integers(1, 6))):
        row, column = _inside(rng, slab, 6)
        near = np.hypot(ROWS - row, COLUMNS - column)
        out[1] += np.clip(rng.uniform(0.8, 2.2) - near + 0.5, 0, 1) * rng.uniform(40, 140)
    return out


def _dark(rng: Generator, slab: Slab) -> Floats:
    field = _blob(rng, _inside(rng, slab, 1), rng.uniform(5, 24))
    alpha = np.clip(field / rng.uniform(1, 4) + 0.5, 0, 1) * (slab.depth > 0)
    out: Floats = (slab.grey - alpha * rng.uniform(12, 50)).astype(np.float32)
    return out


def _hardened(rng: Generator, slab: Slab) -> Floats:
    """Brighter brain along a stretch of the skull, and a dark or bright band across it."""
    along = np.exp(-((_angle(rng) / rng.uniform(0.3, 1.5)) ** 2) - slab.depth / rng.uniform(3, 9))
    direction = rng.normal(0, 0.3)
    across = (ROWS - rng.uniform(40, 110)) * np.cos(direction) + (COLUMNS - SIDE / 2) * np.sin(direction)
    band = np.exp(-((across / rng.uniform(2, 8)) ** 2)) * rng.normal(0, 12)
    out: Floats = (slab.grey + (along * rng.uniform(6, 28) + band) * (slab.depth > 0)).astype(np.float32)
    return out


def _oblique(rng: Generator, slab: Slab) -> Floats:
    """Bone that the slice cuts obliquely: a bright seam along the skull, thinner than a cell."""
    seam = np.exp(-((_angle(rng) / rng.uniform(0.2, 0.9)) ** 2) - slab.depth / rng.uniform(0.6, 1.3))
    out: Floats = (slab.grey + seam * rng.uniform(40, 130) * (slab.depth > 0)).astype(np.float32)
    return out


DISTRACTORS = (_calcified, _dark, _hardened, _oblique, _dark)


def _inside(rng: Generator, slab: Slab, deeper: float) -> tuple[float, float]:
    pixels = np.argwhere(slab.depth > min(deeper, float(slab.depth.max()) / 2))
    row, column = pixels[int(rng.integers(len(pixels)))]
    return float(row), float(column)


def _blob(rng: Generator, centre: tuple[float, float], radius: float) -> Floats:
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.5, 1.0)
    down, right = ROWS - centre[0], COLUMNS - centre[1]
    u = down * np.cos(turn) + right * np.sin(turn)
    v = (right * np.cos(turn) - down * np.sin(turn)) / flat
    out: Floats = (radius * (1 + 0.3 * _noise(rng, 12)) - np.hypot(u, v)).astype(np.float32)
    return out


def _angle(rng: Generator) -> Floats:
    """How far each pixel lies round the middle from a random direction, -pi to pi."""
    round_ = np.arctan2(ROWS - SIDE / 2, COLUMNS - SIDE / 2) - rng.uniform(-np.pi, np.pi)
    out: Floats = ((round_ + np.pi) % (2 * np.pi) - np.pi).astype(np.float32)
    return out


def _noise(rng: Generator, cells: int) -> Floats:
    """Smooth noise of about unit deviation."""
    coarse = rng.standard_normal((cells, cells)).astype(np.float32)
    out: Floats = ndimage.zoom(coarse, SIDE / cells, order=1)
    return out
