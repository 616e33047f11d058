"""Painted bleeds through several slices, of known size: how well they are found and their volume is measured.

One ellipsoid in each patient without bleeding; blood as `training.head.bleeds` paints it. Pixels of the
pictures have no published size, so that volumes are compared as ratios.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.pipelines.bleeds import Bleed, blood, find_bleeds
from inference.pipelines.head import GREY_PER_HU, SIDE
from inference.pipelines.head_heat import heat_maps
from inference.training.head.calibrate import as_head
from inference.training.head.out_of_fold import fold_of
from inference.training.head.patients import Patient

SLAB_PIXELS = 3.1
"""Pixels of the crop (1.6 mm) from one slice to the next (5 mm)."""
RADIUS_PIXELS = (4.0, 16.0)
DENSER_HU = (16.0, 44.0)
LEAST_DEPTH = 10
SEED = 8


@dataclass(frozen=True, slots=True)
class Painted:
    """One painted bleed after reading. hit: the highest place peaks in it; ratio: measured to painted."""

    patient: str
    radius_pixels: float
    hit: bool
    ratio: float


def painted_trials(
    networks: Mapping[str, nn.Module], patients: Sequence[Patient], device: str
) -> list[Painted]:
    """One bleed in each patient without bleeding, read by the networks that did not see the patient."""
    out = []
    for patient in patients:
        if patient.bleeds:
            continue
        rng = np.random.default_rng([SEED, patient.patient])
        changed, truth, radius = paint(rng, patient)
        unseen = [network for name, network in networks.items() if fold_of(name) == patient.fold]
        found = find_bleeds(heat_maps(unseen, changed.slices, device))
        out.append(_judged(changed, truth, radius, found[0] if found else None))
    return out


def _judged(patient: Patient, truth: NDArray[np.bool_], radius: float, bleed: Bleed | None) -> Painted:
    if bleed is None:
        return Painted(str(patient.patient), radius, hit=False, ratio=0.0)
    slab, row, column = bleed.peak
    cell = truth[slab, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
    measured = blood(as_head(patient), bleed)
    return Painted(str(patient.patient), radius, bool(cell.any()), float(measured.sum() / truth.sum()))


def paint(rng: np.random.Generator, patient: Patient) -> tuple[Patient, NDArray[np.bool_], float]:
    """The patient with an ellipsoid of blood, where it lies, and its mean radius in pixels of the crop."""
    low, high = np.log(RADIUS_PIXELS)
    radius = float(np.exp(rng.uniform(low, high)))
    deep = np.argwhere((patient.depth > LEAST_DEPTH) & (patient.area > 0.6)[:, None, None])
    slab, row, column = deep[int(rng.integers(len(deep)))]
    z, y, x = np.mgrid[: len(patient.grey), :SIDE, :SIDE].astype(np.float32)
    flat = rng.uniform(0.7, 1.3, 3)
    far = np.sqrt(
        ((z - slab) * SLAB_PIXELS / flat[0]) ** 2 + ((y - row) / flat[1]) ** 2 + ((x - column) / flat[2]) ** 2
    )
    alpha = np.clip(radius - far + 0.5, 0, 1) * patient.brain
    dense = patient.level + rng.uniform(*DENSER_HU) * GREY_PER_HU
    texture = ndimage.gaussian_filter(rng.standard_normal(far.shape), (0, 1, 1)) * 12
    grey = patient.grey + alpha * (dense + texture - patient.grey)
    return replace(patient, grey=np.clip(grey, 0, 255).astype(np.uint8)), alpha >= 0.5, radius
