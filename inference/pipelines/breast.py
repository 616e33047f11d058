"""Where the breast is on a mammogram whose chest wall lies at the left edge."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

EDGE = 0.012
"""Share of the image at its top, bottom and far side that is never breast: film borders, labels, tape."""
BETWEEN = 0.45
"""Where the threshold lies between the background and Otsu's: the skin is darker than the tissue."""

SIDE_SHARE = 0.05
"""Share of the image's width that is looked at as its edge."""
ENDS = (0.03, 0.08)
"""From and to which share of the image's height its ends are looked at: beyond the film's border."""
NIPPLE_PIXELS = 6.0
"""Smoothing (sigma) of the outline before its farthest point is taken."""


def breast_mask(grey: Plane) -> Mask:
    """The breast on `grey` (0..1, chest wall left, about 0.6 mm a pixel); all False where there is none.

    Skin folds, tape and film edges at the chest wall may stay inside.
    """
    smooth = ndimage.gaussian_filter(grey, 1.5)
    capped = np.minimum(smooth, np.percentile(smooth, 95))
    floor = float(np.percentile(capped, 3))
    if float(capped.max()) - floor < 1e-3:
        return np.zeros(grey.shape, bool)
    between = float(threshold_otsu(capped))  # type: ignore[no-untyped-call]
    found = smooth > floor + BETWEEN * (between - floor)
    _clear_edges(found)
    found = ndimage.binary_opening(found, iterations=4)
    found = _nearest_to_the_chest_wall(found)
    filled: Mask = ndimage.binary_fill_holes(ndimage.binary_dilation(found, iterations=2))
    return filled


def chest_wall_is_left(grey: Plane) -> bool:
    """Measured on an image whose header does not say: the brighter half is that of the chest wall."""
    smooth = np.minimum(ndimage.gaussian_filter(grey, 3.0), np.percentile(grey, 95))
    rows = slice(grey.shape[0] // 5, grey.shape[0] - grey.shape[0] // 5)
    middle = grey.shape[1] // 2
    return float(smooth[rows, :middle].mean()) >= float(smooth[rows, -middle:].mean())


def wider_at_its_ends(mask: Mask) -> bool:
    """Whether it is wider near the top and near the bottom of the image than in the middle: as air is."""
    near, middle = (round(share * mask.shape[0]) for share in ENDS), mask.shape[0] // 2
    first, last = near
    reach = max(1, last - first)
    ends = min(float(part.mean()) for part in (mask[first : last + 1], mask[-last - 1 : -first or None]))
    return ends > float(mask[middle - reach : middle + reach].mean())


def far_side(mask: Mask) -> bool:
    """Whether more of the breast lies at the edge away from the chest wall than at the chest wall."""
    width = max(3, round(SIDE_SHARE * mask.shape[1]))
    return float(mask[:, -width:].mean()) > float(mask[:, :width].mean())


def _clear_edges(found: Mask) -> None:
    rows, columns = (max(1, round(EDGE * n)) for n in found.shape)
    found[:rows] = found[-rows:] = False
    found[:, -columns:] = False


def _nearest_to_the_chest_wall(found: Mask) -> Mask:
    """The component with the most pixels, those near the chest wall counting up to twice."""
    labels, count = ndimage.label(found)
    if count == 0:
        return found
    weight = np.broadcast_to(np.linspace(2.0, 1.0, found.shape[1]), found.shape)
    sizes = ndimage.sum(weight, labels, np.arange(1, count + 1))
    largest: Mask = labels == int(np.argmax(sizes)) + 1
    return largest


def nipple(mask: Mask) -> tuple[float, float] | None:
    """(row, column) of the place farthest from a chest wall at the left edge: where the nipple is, nearly.

    None where the mask is empty. The outline is smoothed first, for a fold or a marker may stick out.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    reach = mask.shape[1] - 1.0 - np.argmax(mask[rows, ::-1], axis=1)
    smooth = ndimage.gaussian_filter1d(reach, NIPPLE_PIXELS, mode="nearest")
    row = int(np.argmax(smooth))
    return float(rows[row]), float(reach[row])
