"""A head CT as the haemorrhage network sees it: brain window, skull and brain found, set upright, cropped.

Works on pictures of about 1.1 mm; knows no DICOM and no torch. Method: the recipe's, in the model's card.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

WINDOW_HU = (-20.0, 100.0)
"""Brain window, level 40 width 120: grey 0 to 255."""
GREY_PER_HU = 255.0 / (WINDOW_HU[1] - WINDOW_HU[0])
PIXEL_MM = 1.1
"""Pixels of the training pictures are about this wide."""
SIDE = 144
"""Pixels of a side of the crop."""
BONE_GREY, DENSE_GREY = 248.0, 200.0
BRAIN_GREY = (36.0, 239.0)
MARGIN = 1.1
"""The crop is so much wider than the skull."""
UPRIGHT_SLICES = 6
ANGLES = np.arange(-45, 46, 3)


def grey_of(hu: NDArray[np.generic]) -> Floats:
    """HU to grey levels 0 to 255 of the brain window."""
    grey = (hu.astype(np.float32) - np.float32(WINDOW_HU[0])) * np.float32(GREY_PER_HU)
    out: Floats = np.clip(grey, 0, 255)
    return out


@dataclass(frozen=True, slots=True)
class Upright:
    """From the crop to the pictures: (row, column) there = centre + turn @ (row, column - (SIDE - 1) / 2)."""

    centre: NDArray[np.float64]
    turn: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Pixels of the pictures in a pixel of the crop."""
        return float(np.sqrt(abs(np.linalg.det(self.turn))))

    def to_picture(self, crop: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) (row, column) of the crop to those of the pictures."""
        out: NDArray[np.float64] = (crop - (SIDE - 1) / 2) @ self.turn.T + self.centre
        return out

    def to_crop(self, picture: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) (row, column) of the pictures to those of the crop."""
        out: NDArray[np.float64] = (picture - self.centre) @ np.linalg.inv(self.turn).T + (SIDE - 1) / 2
        return out


@dataclass(frozen=True, slots=True)
class Head:
    """A head, upright: slices from the lowest to the highest.

    grey    (slices, SIDE, SIDE), 0 to 255
    brain   the same shape: what lies inside the skull
    level   median grey of the brain over its large slices
    upright where the crop lies in the pictures
    """

    grey: Floats
    brain: Mask
    level: float
    upright: Upright

    @property
    def area(self) -> NDArray[np.float64]:
        """Share of the largest slice's brain in each slice."""
        pixels = self.brain.sum(axis=(1, 2)).astype(np.float64)
        out: NDArray[np.float64] = pixels / max(pixels.max(), 1.0)
        return out


def find_head(grey: Floats) -> Head | None:
    """The head in pictures of about 1.1 mm, (slices, rows, columns), lowest first; None without one."""
    if not _worth_it(grey[:: max(1, len(grey) // PROBES)]):
        return None
    found = [find_brain(picture) for picture in grey]
    skull = np.stack([pair[0] for pair in found])
    brain = np.stack([pair[1] for pair in found])
    area = brain.sum(axis=(1, 2))
    if area.max() * PIXEL_MM**2 < SMALLEST_BRAIN_MM2 or _span(skull) * PIXEL_MM > LARGEST_HEAD_MM:
        return None
    large = np.argsort(area)[-UPRIGHT_SLICES:]
    upright = _upright(grey[large], skull[large])
    cropped = crop(grey, upright)
    inside = crop(brain.astype(np.float32), upright) > 0.5
    wide = area >= 0.5 * area.max()
    return Head(cropped, inside, float(np.median(grey[wide][brain[wide]])), upright)


SMALLEST_BRAIN_MM2 = 2500.0
"""Largest slice of a brain: below, there is no head. A newborn's has about 6,000 mm2."""
LARGEST_HEAD_MM = 260.0
"""What ribs enclose is wider."""


PROBES = 12
"""So many slices are looked at first: other parts of the body are left alone soon."""


def _worth_it(probes: Floats) -> bool:
    largest = max(int(find_brain(picture)[1].sum()) for picture in probes)
    return bool(largest * PIXEL_MM**2 >= SMALLEST_BRAIN_MM2 / 2)


def _span(skull: Mask) -> float:
    points = np.argwhere(skull.any(axis=0))
    return float(np.ptp(points, axis=0).max()) if len(points) else 0.0


def find_brain(picture: Floats) -> tuple[Mask, Mask]:
    """The skull, filled, and what lies inside it, of one picture; both empty where it is open."""
    best = none = np.zeros(picture.shape, bool)
    for least, gap in ((BONE_GREY, 2), (BONE_GREY, 5), (DENSE_GREY, 5), (DENSE_GREY, 10)):
        bone = picture >= least
        filled = _filled(bone, gap)
        if (filled & ~bone).sum() > (best & ~(picture >= BONE_GREY)).sum() * 1.3:
            best = filled
        if (filled & ~bone).sum() > ENCLOSED * _spanned(bone):
            break
    inside = best & (picture >= BRAIN_GREY[0]) & (picture <= BRAIN_GREY[1])
    inside = _parts(_eroded(inside, 2))
    if not inside.any():
        return best, none
    inside = _eroded(_dilated(_dilated(inside, 2), 4), 4)
    return best, ndimage.binary_fill_holes(inside) & best & (picture <= BRAIN_GREY[1])


ENCLOSED = 0.35
"""A closed skull holds at least that share of its bounding box."""


def _spanned(bone: Mask) -> float:
    rows, columns = np.flatnonzero(bone.any(axis=1)), np.flatnonzero(bone.any(axis=0))
    return float(np.ptp(rows) * np.ptp(columns)) if len(rows) else 0.0


def _filled(bone: Mask, gap: int) -> Mask:
    """Bone with what it encloses, gaps of `gap` pixels bridged, without its thin parts."""
    padded = np.pad(bone, gap + 1)
    closed = _eroded(ndimage.binary_fill_holes(_dilated(padded, gap)), gap)
    opened = _largest(_eroded(closed, 3))
    return _dilated(opened, 3)[gap + 1 : -gap - 1, gap + 1 : -gap - 1]


def _dilated(mask: Mask, radius: float) -> Mask:
    out: Mask = ndimage.distance_transform_edt(~mask) <= radius if mask.any() else mask
    return out


def _eroded(mask: Mask, radius: float) -> Mask:
    out: Mask = ndimage.distance_transform_edt(mask) > radius
    return out


def _largest(mask: Mask) -> Mask:
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    out: Mask = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return out


def _parts(mask: Mask) -> Mask:
    """The largest part and those not much smaller: the fossae of the skull base are parts of their own."""
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    pixels = np.bincount(labels.ravel())
    pixels[0] = 0
    out: Mask = (pixels >= PART * pixels.max())[labels]
    return out


PART = 0.25


def crop(pictures: Floats, upright: Upright) -> Floats:
    """Pictures (slices, rows, columns) to (slices, SIDE, SIDE), upright."""
    offset = upright.centre - upright.turn @ np.full(2, (SIDE - 1) / 2)
    out = np.empty((len(pictures), SIDE, SIDE), np.float32)
    for number, picture in enumerate(pictures):
        out[number] = ndimage.affine_transform(
            picture, upright.turn, offset, (SIDE, SIDE), order=1, prefilter=False
        )
    return out


def _upright(grey: Floats, skull: Mask) -> Upright:
    """The turn and the midline that make the pictures most like their mirror pictures."""
    points = np.argwhere(skull.any(axis=0))
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    extent = float(np.ptp(points, axis=0).max()) + 1
    inside = np.where(skull, grey, 0).astype(np.float32)
    best = (-np.inf, 0.0, 0.0)
    coarse = extent * 1.2 / COARSE
    for angle in ANGLES:
        turn = _rotation(float(angle)) * coarse
        offset = centre - turn @ np.full(2, (COARSE - 1) / 2)
        turned = np.stack(
            [ndimage.affine_transform(p, turn, offset, (COARSE, COARSE), order=1) for p in inside]
        )
        for shift in range(-MOST_SHIFT, MOST_SHIFT + 1):
            likeness = _likeness(turned, shift)
            if likeness > best[0]:
                best = (likeness, float(angle), shift * coarse / 2)
    rotation = _rotation(best[1])
    rotated = (points - centre) @ rotation
    low, high = rotated.min(axis=0), rotated.max(axis=0)
    middle = np.array([(low[0] + high[0]) / 2, best[2]])
    wide = 2 * max(high[1] - best[2], best[2] - low[1])
    side = MARGIN * (max(high[0] - low[0], wide) + 1)
    return Upright(centre + rotation @ middle, rotation * side / SIDE)


COARSE = 64
MOST_SHIFT = 8


def _likeness(turned: Floats, shift: int) -> float:
    """How alike pictures are to themselves mirrored at a midline `shift` half pixels from the middle."""
    mirrored = np.roll(turned[:, :, ::-1], shift, axis=2)
    return -float(np.abs(turned - mirrored).mean())


def _rotation(degrees: float) -> NDArray[np.float64]:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
