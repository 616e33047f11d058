"""From an answer of one or more networks to one heat map, 0..1, and how faithful it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.explain.asked import Asked, full_and_empty
from inference.explain.methods import attribute
from inference.protocol import Faithfulness, ImageHeat, Method, Patch

Map = NDArray[np.float32]

FLOOR = 0.1
"""Of the strongest: what is weaker, every method shows all over an image."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A heat map as it is handed over: `heat` on a series, or `image_heat`; None where it shows nothing."""

    heat: Patch | None = None
    image_heat: ImageHeat | None = None
    faithfulness: Faithfulness | None = None


def heat_map(asked: Sequence[Asked], method: Method, sigma: float) -> Map:
    """(*space) what raised the mean answer: its maximum 1. Every network has the same say.

    All 0 where the answer does not rest on the picture: drawn up to 1, the map of a network that has learnt
    nothing would look like any other (Adebayo 2018).
    sigma  of the smoothing, in voxels of the input: what is finer than the feature maps is noise
    """
    if full_and_empty(asked) is None:
        return np.zeros(asked[0].space, np.float32)
    maps = [attribute(one, method).numpy() for one in asked]
    mean = np.mean([m / max(float(m.max()), 1e-12) for m in maps], axis=0)
    heat = np.asarray(ndimage.gaussian_filter(mean, sigma), np.float32)
    top = float(heat.max())
    return heat / np.float32(top) if np.isfinite(top) and top > 0 else np.zeros_like(heat)


def shown(heat: Map) -> Map:
    """The map without what is too weak to mean anything."""
    return np.where(heat >= FLOOR, heat, np.float32(0))
