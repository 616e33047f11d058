"""A tomosynthesis stack of a breast: slices in which what lies in them is sharp and the rest is smeared."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.compressed import gathered, plate, slabs
from inference.phantom.breast.lesions import cast_lesion
from inference.phantom.breast.picture import Breast, Detector, width_mm
from inference.phantom.breast.processing import Processing
from inference.phantom.breast.shadow import cast
from inference.phantom.breast.strands import seen
from inference.phantom.breast.view import View

Array = NDArray[np.float32]
SLICE_MM = 1.0
SMEAR = 0.45
"""A narrow angle keeps so much of the other slices in each slice."""
SHARPEN = 4.0
"""...and what lies in the slice is weighed so much more."""

STRANDS = 0.5
"""...but ducts and vessels, which have no soft edge here, so much less."""


def slices(breast: Breast, view: View, detector: Detector, seed: int) -> Iterator[tuple[float, Array]]:
    """Height along the beam (mm, rising away from the tube) and brightness (rows, columns) of each slice.

    Chest wall left and axilla up, as `expose` gives them.
    """
    low, step = detector.low(view), detector.pixel_mm
    columns = min(int(width_mm(view, detector) / step), detector.shape[1])
    on = plate(view, low, low + detector.shape[0] * step, columns * step, step)
    tubes = seen(breast.strands, view)
    layers, heights = [], []
    for height, dense in slabs(view, breast.tissue, on, SLICE_MM):
        slab = (height - SLICE_MM / 2, height + SLICE_MM / 2)
        cast(dense, on.lattice, tubes, slab, STRANDS)
        for what in breast.lesions:
            cast_lesion(dense, on.lattice, what, view, slab)
        layers.append(dense.astype(np.float16))
        heights.append(height)
    everything = _smeared(gathered(layers), step)
    rng, shown = np.random.default_rng([seed, 12]), Processing.of(view, on)
    for k, height in enumerate(heights):
        near = gathered(layers[max(k - 1, 0) : k + 2])
        light = shown.brightness(near * np.float32(SHARPEN) + everything * np.float32(SMEAR))
        light += (
            rng.standard_normal(light.shape, dtype=np.float32) * np.float32(detector.noise) * (0.4 + light)
        )
        out = np.zeros(detector.shape, np.float32)
        out[:, :columns] = light[::-1]
        yield height, out


def _smeared(dense: Array, step: float) -> Array:
    """Along the way of the tube, which is from head to foot."""
    from scipy.ndimage import uniform_filter1d  # heavy, and only pictures need it

    once = uniform_filter1d(dense, max(int(5 / step), 1), axis=0)
    out: Array = uniform_filter1d(once, max(int(3 / step), 1), axis=0)
    return out
