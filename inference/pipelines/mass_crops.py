"""Crops round suspected masses as the classifier is given them: 0.42 mm a pixel, coarser for large ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.networks.classify2d import SIDE
from inference.pipelines.mammogram import COARSE_MM, FINE_MM, Prepared, two_channels

Array = NDArray[np.float32]
Place = tuple[float, float, float, float]
"""Centre row and column, height and width of a box in coarse pixels."""

CROP_MM = 0.42
ROOM = 2.0
"""A crop shows at least so many times the longer side of the box."""
USUAL_MM = 14.4
"""Side of a box whose log size is 0."""
RIM = (0.5, 1.25)
"""Softness of the ellipse's edge and where it has ended, in half axes."""


@dataclass(frozen=True, slots=True)
class Crop:
    """channels (2, side, side) as `Prepared.channels`; ellipse (side, side) 0..1; size: log of the side."""

    channels: Array
    ellipse: Array
    size: float


def step_mm(place: Place) -> float:
    """Pixel size of the crop round a box."""
    return max(CROP_MM, ROOM * max(place[2:]) * COARSE_MM / SIDE)


def log_size(place: Place) -> float:
    """Of the box: log of its geometric mean side over `USUAL_MM`."""
    height, width = place[2:]
    return float(np.log(np.sqrt(height * width) * COARSE_MM / USUAL_MM))


def crop(prepared: Prepared, place: Place) -> Crop:
    """What the classifier is given for a box."""
    pixel = step_mm(place) / COARSE_MM
    sides = (place[2] / pixel, place[3] / pixel)
    middle = (SIDE - 1) / 2
    offsets = np.mgrid[:SIDE, :SIDE] - middle
    return Crop(plate(prepared, place, SIDE), ellipse(offsets, sides), log_size(place))


def plate(prepared: Prepared, place: Place, side: int) -> Array:
    """(2, side, side) round the box's centre, at its own step; 0 outside the breast."""
    step = step_mm(place)
    centre = 2 * np.array(place[:2]) + 0.5
    grey = _sampled(prepared.fine, centre, step / FINE_MM, side)
    coarse = (prepared.mean, prepared.deviation, prepared.mask.astype(np.float32))
    mean, deviation, mask = (_sampled(p, np.array(place[:2]), step / COARSE_MM, side) for p in coarse)
    return two_channels(grey, mean, np.maximum(deviation, 1e-2), mask > 0.5)


def _sampled(plane: Array, centre: NDArray[np.float64], step: float, side: int) -> Array:
    """(side, side) of a plane round `centre`, `step` of its pixels apart, smoothed as far as that asks."""
    reach = step * (side - 1) / 2 + 4
    window = tuple(
        slice(max(int(c - reach), 0), max(int(c + reach) + 2, 0)) for c in centre
    )  # the part that is needed; beyond the image there is nothing
    part = plane[window]
    if not part.size:
        return np.zeros((side, side), np.float32)
    if step > 1:
        part = ndimage.gaussian_filter(part, 0.5 * np.sqrt(step**2 - 1))
    start = centre - [w.start for w in window] - step * (side - 1) / 2
    out: Array = ndimage.affine_transform(part, np.array([step, step]), start, (side, side), order=1)
    return out


def ellipse(offsets: NDArray[np.float64], sides: tuple[float, float]) -> Array:
    """1 inside the ellipse with these sides round the origin, falling to 0; `offsets` (2, ...) pixels."""
    rows, columns = (2 * o / max(s, 2.0) for o, s in zip(offsets, sides, strict=True))
    soft, end = RIM
    out: Array = np.clip((end - np.hypot(rows, columns)) / soft, 0, 1).astype(np.float32)
    return out
