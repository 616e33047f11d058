"""Nodules as implanted: real crops turned, mirrored, scaled and shifted in density, or procedural ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from inference.phantom.nodule import KINDS, procedural_nodule
from inference.training.ct_chest import Nodule

LARGEST_MM = 34.0
SMALLEST_MM = 3.5


@dataclass(frozen=True, slots=True)
class Implant:
    """`hu` float32 and `mask` bool in a box of odd sides (z, y, x), 1 mm, the nodule in its middle."""

    hu: NDArray[np.float32]
    mask: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ImplantMix:
    """procedural: share made here; subsolid: share of ground glass and part-solid among all."""

    procedural: float = 0.28
    subsolid: float = 0.42
    scale_sigma: float = 0.22
    density_hu: float = 50.0


def random_implant(rng: np.random.Generator, library: Sequence[Nodule], mix: ImplantMix) -> Implant:
    """A nodule for training."""
    subsolid = rng.random() < mix.subsolid
    if rng.random() < mix.procedural:
        kind = KINDS[int(rng.integers(1, 3))] if subsolid else KINDS[0]
        diameter = float(np.clip(np.exp(rng.normal(np.log(8.5), 0.5)), 4, LARGEST_MM))
        return Implant(*procedural_nodule(rng, diameter, kind, float(rng.uniform(5, 35))))
    fitting = [nodule for nodule in library if nodule.subsolid == subsolid]
    nodule = fitting[int(rng.integers(len(fitting)))]
    low, high = SMALLEST_MM / nodule.diameter_mm, LARGEST_MM / nodule.diameter_mm
    scale = float(np.clip(np.exp(rng.normal(0.05, mix.scale_sigma)), low, max(high, low)))
    return posed(rng, nodule, scale, float(rng.normal(0, mix.density_hu)))


def posed(rng: np.random.Generator, nodule: Nodule, scale: float = 1.0, shift_hu: float = 0.0) -> Implant:
    """A real crop in a random rotation and mirroring, at `scale`, its HU shifted."""
    share = nodule.mask
    inside = np.argwhere(share >= 0.5)
    middle = inside.mean(axis=0)
    reach = float(np.linalg.norm(inside - middle, axis=1).max())
    half = int(np.ceil(reach * scale)) + 3
    turn = Rotation.random(rng=rng).as_matrix() * rng.choice([-1.0, 1.0], 3)
    matrix = turn / scale
    offset = middle - matrix @ np.full(3, float(half))
    size = (2 * half + 1,) * 3
    mask = ndimage.affine_transform(share, matrix, offset, size, order=1, cval=0.0) >= 0.5
    hu = ndimage.affine_transform(nodule.hu, matrix, offset, size, order=1, mode="nearest")
    return Implant((hu + np.float32(shift_hu)).astype(np.float32), mask)
