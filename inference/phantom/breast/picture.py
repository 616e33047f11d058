"""From millimetres of tissue to a mammogram: light and dark as a processed picture shows them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.compressed import gathered, plate, refined, slabs
from inference.phantom.breast.lesions import Lesion, cast_lesion
from inference.phantom.breast.processing import Processing
from inference.phantom.breast.shadow import cast
from inference.phantom.breast.strands import seen
from inference.phantom.breast.texture import fine
from inference.phantom.breast.tissue import Tissue
from inference.phantom.breast.view import View
from inference.phantom.fields import enlarge
from inference.phantom.trees import Branch

Array = NDArray[np.float32]
TISSUE_MM = 0.18
"""Pixels in which tissue is made (larger for coarse detectors); lesions and noise have the detector's."""
SLAB_MM = 1.7
MARGIN_MM = 8.0
"""So much air beside the breast is made; beyond it there is nothing but air."""


@dataclass(frozen=True, slots=True)
class Breast:
    """All that is in one breast on the day of an examination."""

    tissue: Tissue
    strands: tuple[Branch, ...]
    lesions: tuple[Lesion, ...]


@dataclass(frozen=True, slots=True)
class Detector:
    """(rows, columns) of pixels of `pixel_mm` in the breast; `noise` is the share of full brightness."""

    shape: tuple[int, int]
    pixel_mm: float
    noise: float

    def low(self, view: View) -> float:
        """Y of the middle of the lowest row: an oblique view shows more of the axilla."""
        middle = 0.0 if view.projection == "CC" else 5.0
        return middle - (self.shape[0] - 1) * self.pixel_mm / 2


def expose(breast: Breast, view: View, detector: Detector, seed: int) -> tuple[Array, NDArray[np.bool_]]:
    """Brightness (rows, columns), 0 air to about 1 white, chest wall left, axilla up; and its mask."""
    low = detector.low(view)
    high = low + detector.shape[0] * detector.pixel_mm
    width = width_mm(view, detector)
    tissue = plate(view, low - 1, high + 1, width + 1, max(TISSUE_MM, 0.8 * detector.pixel_mm))
    dense = gathered(slab for _, slab in slabs(view, breast.tissue, tissue, SLAB_MM))
    cast(dense, tissue.lattice, seen(breast.strands, view))
    columns = min(int(width / detector.pixel_mm), detector.shape[1])
    fine_plate = refined(tissue, low, (detector.shape[0], columns), detector.pixel_mm)
    full = enlarge(dense, tissue.lattice, fine_plate.lattice)
    for what in breast.lesions:
        cast_lesion(full, fine_plate.lattice, what, view)
    rng = np.random.default_rng([seed, 11])
    full += enlarge(_grain(rng, dense, tissue.lattice.step[1]), tissue.lattice, fine_plate.lattice)
    light = Processing.of(view, fine_plate).brightness(full)
    light += _noise(rng, light.shape, detector.noise) * (0.4 + light)
    out = np.zeros(detector.shape, np.float32)
    inside = np.zeros(detector.shape, np.bool_)
    out[:, :columns], inside[:, :columns] = light[::-1, :columns], fine_plate.inside[::-1, :columns] > 0
    return out, inside


def width_mm(view: View, detector: Detector) -> float:
    """From the chest wall to some air beside the breast."""
    low = detector.low(view)
    y = np.linspace(low, low + detector.shape[0] * detector.pixel_mm, 400)
    return float(view.outline(y).max()) + MARGIN_MM


def _grain(rng: np.random.Generator, dense: Array, step: float) -> Array:
    """Texture finer than the coarse fields, mm of dense tissue: more where there is more gland."""
    return fine(rng, dense.shape, 3.0, step, 9.0) * (np.float32(0.28) + np.float32(0.05) * dense)


def _noise(rng: np.random.Generator, shape: tuple[int, int], amount: float) -> Array:
    """Quantum noise, a little smeared by the detector."""
    white = rng.standard_normal(shape, dtype=np.float32)
    white[1:] += np.float32(0.35) * white[:-1]
    white[:, 1:] += np.float32(0.35) * white[:, :-1]
    white *= np.float32(amount)
    return white
