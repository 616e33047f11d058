"""A mammogram as the networks see it: chest wall left, 0.3 and 0.6 mm a pixel, two channels. No DICOM."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from inference.cases import View
from inference.pipelines.breast import Mask, breast_mask, chest_wall_is_left, far_side, wider_at_its_ends

Plane = NDArray[np.float32]

FINE_MM = 0.3
COARSE_MM = 0.6
"""Twice the fine one: a coarse pixel is the mean of 2 x 2 fine ones."""
LOCAL_MM = 7.2
"""Width (sigma) of what is called local in the second channel."""
GREY_RANGE = (-0.3, 1.3)
CONTRAST_RANGE = 3.0
MARGIN = 4
"""Coarse pixels kept round the breast."""
SMALLEST_BREAST_MM2 = 900.0


@dataclass(frozen=True, slots=True)
class Placed:
    """How fine pixels of the prepared breast lie in the stored image.

    transpose, then flip of rows and columns, bring the stored image to "chest wall left"; `start` is the
    first fine pixel of the breast there, `spacing_mm` (rows, columns) that of the turned image.
    """

    transpose: bool
    flip_rows: bool
    flip_columns: bool
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    start: tuple[int, int]

    def to_stored(self, fine: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) fractional fine (row, column) of the breast to (row, column) of the stored image."""
        at = (np.asarray(fine, np.float64) + self.start + 0.5) * FINE_MM / np.array(self.spacing_mm) - 0.5
        for axis, flip in enumerate((self.flip_rows, self.flip_columns)):
            if flip:
                at[..., axis] = self.shape[axis] - 1 - at[..., axis]
        out: NDArray[np.float64] = at[..., ::-1] if self.transpose else at
        return out

    def to_fine(self, stored: NDArray[np.float64]) -> NDArray[np.float64]:
        """The way back."""
        at = np.array(stored, np.float64)
        if self.transpose:
            at = at[..., ::-1].copy()
        for axis, flip in enumerate((self.flip_rows, self.flip_columns)):
            if flip:
                at[..., axis] = self.shape[axis] - 1 - at[..., axis]
        out: NDArray[np.float64] = (at + 0.5) * np.array(self.spacing_mm) / FINE_MM - 0.5 - self.start
        return out


@dataclass(frozen=True)
class Prepared:
    """The breast of one view, cut out.

    fine    (2r, 2c) grey level at 0.3 mm: 0 = 2nd, 1 = 99th percentile of the breast, clipped to GREY_RANGE
    coarse  (r, c) the same at 0.6 mm
    mean, deviation  (r, c) of the breast round each coarse pixel
    mask    (r, c) the breast
    """

    fine: Plane
    coarse: Plane
    mean: Plane
    deviation: Plane
    mask: Mask
    placed: Placed

    @cached_property
    def channels(self) -> Plane:
        """(2, r, c) what the detector is given: grey level and local contrast, 0 outside the breast."""
        return two_channels(self.coarse, self.mean, self.deviation, self.mask)


def two_channels(grey: Plane, mean: Plane, deviation: Plane, mask: Mask) -> Plane:
    """(2, r, c) grey level and local contrast -1..1, 0 outside the mask."""
    contrast = np.clip((grey - mean) / deviation, -CONTRAST_RANGE, CONTRAST_RANGE) / CONTRAST_RANGE
    return np.stack([grey * mask, contrast * mask]).astype(np.float32)


NO_BREAST = "no breast was found on it"
INVERTED = "its air is bright and its breast dark: black and white are exchanged"
ELSEWHERE = (
    "its breast does not lie at the chest wall that the header names: the image or its header is turned"
)


def prepare(view: View) -> Prepared | None:
    """Cut out and normalise; None where no breast is found, as `why_not_prepared` says."""
    grey = np.asarray(view.pixels, np.float32) / np.float32(65535)
    turned, transpose, flip_rows, flip_columns = _turned(grey, view.patient_orientation)
    spacing = view.plane.spacing_mm[::-1] if transpose else view.plane.spacing_mm
    fine = area_average(turned, (spacing[0] / FINE_MM, spacing[1] / FINE_MM))
    fine = fine[: fine.shape[0] // 2 * 2, : fine.shape[1] // 2 * 2]
    if min(fine.shape) < 64:
        return None
    coarse = halved(fine)
    mask = breast_mask(coarse)
    if _fault(mask):
        return None
    rows, columns = (_span(np.asarray(mask.any(axis=axis)), MARGIN) for axis in (1, 0))
    start = (2 * rows.start, 2 * columns.start)
    shape = (turned.shape[0], turned.shape[1])
    placed = Placed(transpose, flip_rows, flip_columns, shape, (spacing[0], spacing[1]), start)
    mask = np.ascontiguousarray(mask[rows, columns])
    inside = fine[start[0] : 2 * rows.stop, start[1] : 2 * columns.stop]
    return normalised(inside, mask, placed)


def why_not_prepared(view: View) -> str:
    """Of a view that `prepare` gives None for, in a clause."""
    grey = np.asarray(view.pixels, np.float32) / np.float32(65535)
    turned, transpose, _, _ = _turned(grey, view.patient_orientation)
    spacing = view.plane.spacing_mm[::-1] if transpose else view.plane.spacing_mm
    coarse = area_average(turned, (spacing[0] / COARSE_MM, spacing[1] / COARSE_MM))
    return _fault(breast_mask(coarse)) or NO_BREAST if min(coarse.shape) >= 32 else NO_BREAST


def _fault(mask: Mask) -> str:
    """What is wrong with the breast of a view whose chest wall should lie left; "" where nothing is."""
    if mask.sum() * COARSE_MM**2 < SMALLEST_BREAST_MM2:
        return NO_BREAST
    if wider_at_its_ends(mask):
        return INVERTED
    return ELSEWHERE if far_side(mask) else ""


def normalised(fine: Plane, mask: Mask, placed: Placed) -> Prepared:
    """Grey levels by the breast's own percentiles, with their local mean and deviation."""
    coarse = halved(fine)
    low, high = np.percentile(coarse[mask], [2, 99])
    scale = np.float32(1 / max(float(high - low), 1e-3))
    fine, coarse = (
        np.clip((g - np.float32(low)) * scale, *GREY_RANGE).astype(np.float32) for g in (fine, coarse)
    )
    mean, deviation = local_statistics(coarse, mask)
    return Prepared(fine, coarse, mean, deviation, mask, placed)


def local_statistics(grey: Plane, mask: Mask) -> tuple[Plane, Plane]:
    """Mean and standard deviation of the breast round each coarse pixel, Gaussian, the rest left out."""
    sigma = LOCAL_MM / COARSE_MM
    inside = mask.astype(np.float32)
    share = np.maximum(ndimage.gaussian_filter(inside, sigma), 1e-3)
    mean = ndimage.gaussian_filter(grey * inside, sigma) / share
    square = ndimage.gaussian_filter(grey * grey * inside, sigma) / share
    deviation = np.sqrt(np.maximum(square - mean * mean, 1e-4))
    return np.asarray(mean, np.float32), np.asarray(deviation, np.float32)


def halved(plane: Plane) -> Plane:
    """Mean of 2 x 2; even sides."""
    out: Plane = plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean(axis=(1, 3))
    return out


def area_average(plane: Plane, scale: tuple[float, float]) -> Plane:
    """The plane with `scale` times as many rows and columns: area average down, linear up, edges kept."""
    down, across = (_weights(n, s) for n, s in zip(plane.shape, scale, strict=True))
    rows = down @ plane
    out: Plane = np.ascontiguousarray((across @ np.ascontiguousarray(rows.T)).T, np.float32)
    return out


def _weights(count: int, scale: float) -> "sparse.csr_array":
    """(new, count): how much of each pixel goes into each new one; rows add up to 1."""
    wanted = max(1, int(np.floor(count * scale + 1e-6)))
    step = 1 / scale
    if step > 1:
        edges = np.arange(wanted + 1) * step
        first = np.floor(edges[:-1] + 1e-9).astype(int)
        reach = np.arange(int(np.ceil(step)) + 1)
        at = first[:, None] + reach
        inside = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
        weight = np.maximum(inside, 0) / step
    else:
        centre = (np.arange(wanted) + 0.5) * step - 0.5
        first = np.floor(centre).astype(int)
        at = first[:, None] + np.arange(2)
        weight = np.stack([1 - (centre - first), centre - first], axis=1)
    row = np.repeat(np.arange(wanted), at.shape[1])
    column = np.clip(at, 0, count - 1).ravel()
    return sparse.csr_array((weight.ravel().astype(np.float32), (row, column)), shape=(wanted, count))


def _turned(grey: Plane, orientation: tuple[str, ...]) -> tuple[Plane, bool, bool, bool]:
    """The image with the chest wall left, and the head up where the header says where it is.

    `orientation` is Patient Orientation (0020,0020): where columns grow to, where rows grow to. Returns what
    was done: transpose, then flip of rows, then of columns.
    """
    along, down = (*orientation, "", "")[:2]
    transpose = "A" not in along and "P" not in along and ("A" in down or "P" in down)
    if transpose:
        grey, along, down = grey.T, down, along
    away = "A" in along if "A" in along or "P" in along else chest_wall_is_left(grey)
    flip_rows = down.startswith("H")
    if not away:
        grey = grey[:, ::-1]
    if flip_rows:
        grey = grey[::-1]
    return np.ascontiguousarray(grey), transpose, flip_rows, not away


def _span(line: NDArray[np.bool_], margin: int) -> slice:
    """From the first to the last True, with a margin, within the line."""
    there = np.flatnonzero(line)
    return slice(max(int(there[0]) - margin, 0), min(int(there[-1]) + 1 + margin, len(line)))
