"""Patches for the detector: breasts with their boxes, turned, scaled and shaded as other films would be."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import TruthMark, View
from inference.networks.detect2d import BOX_SIDE, STRIDE
from inference.pipelines.mammogram import Prepared, prepare

Array = NDArray[np.float32]
Boxes = NDArray[np.float64]

SHARPNESS = 5.0
"""A box is so many standard deviations of its Gaussian wide."""
NARROWEST = 0.7
"""Smallest standard deviation, cells."""
NEAR = 0.35
"""Size, offset and malignancy are learnt where the Gaussian is higher."""
LESION_SHARE = 0.75
"""So many patches hold a lesion for certain."""


@dataclass(frozen=True, slots=True)
class Breast:
    """A prepared view with its truth on the coarse grid.

    channels  (2, r, c) float16, of `Prepared.channels`
    boxes     (lesions, 4) centre row, centre column, height, width in coarse pixels: masses, then others
    malignant (lesions,) 0, 1 or -1 where it must not be learnt (ignored)
    """

    id: str
    patient: str
    channels: NDArray[np.float16]
    boxes: Boxes
    malignant: NDArray[np.int8]

    @property
    def masses(self) -> Boxes:
        """Boxes that are learnt."""
        return self.boxes[self.malignant >= 0]


@dataclass(frozen=True, slots=True)
class Aims:
    """What the heads should say at stride 4; (r/4, c/4) but `box` (4, r/4, c/4).

    weight  0 where the heat is not learnt; near  weight of box and malignancy
    """

    heat: Array
    weight: Array
    box: Array
    near: Array
    malignant: Array


def breast(view: View, patient: str) -> Breast | None:
    """Cut out a view; None where no breast is found."""
    prepared = prepare(view)
    if prepared is None:
        return None
    marks = sorted(view.truth, key=lambda mark: mark.kind != "mass")
    boxes = np.array([coarse_box(prepared, mark) for mark in marks], np.float64).reshape(-1, 4)
    malignant = [int(bool(m.malignant)) if m.kind == "mass" and not m.ignore else -1 for m in marks]
    return Breast(
        view.image, patient, prepared.channels.astype(np.float16), boxes, np.array(malignant, np.int8)
    )


def coarse_box(prepared: Prepared, mark: TruthMark) -> tuple[float, float, float, float]:
    """Centre row and column, height and width on the coarse grid."""
    left, top, right, bottom = mark.box
    corners = prepared.placed.to_fine(np.array([(top, left), (bottom, right)]))
    low, high = (corners.min(axis=0) - 0.5) / 2, (corners.max(axis=0) - 0.5) / 2
    (row, column), (height, width) = (low + high) / 2, high - low
    return float(row), float(column), float(height), float(width)


def patch(rng: np.random.Generator, source: Breast, shape: tuple[int, int]) -> tuple[Array, Aims]:
    """One augmented patch (2, *shape) of a breast with what should be found in it."""
    turn = _turn(rng)
    middle = np.array(shape) / 2 - 0.5
    masses = source.masses
    if len(masses) and rng.random() < LESION_SHARE:
        target = masses[int(rng.integers(len(masses)))]
        at = rng.uniform(0.1, 0.9, 2) * shape  # where the lesion comes to lie
        start = target[:2] - turn @ (at - middle)
    else:
        start = rng.uniform(0.15, 0.85, 2) * source.channels.shape[1:]
    image = _warped(source.channels.astype(np.float32), turn, start, shape)
    boxes = turned_boxes(source.boxes, turn, start, shape)
    return shaded(rng, image), aims(boxes, source.malignant, shape)


def _turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """(2, 2) from patch offsets to breast offsets: rotation, scale, shear, aspect and flips."""
    angle = np.deg2rad(rng.uniform(-20, 20))
    scale, aspect = np.exp(rng.uniform(-0.25, 0.25)), np.exp(rng.uniform(-0.08, 0.08))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1.0, rng.uniform(-0.08, 0.08)], [0.0, 1.0]])
    flips = np.diag(rng.choice([-1.0, 1.0], 2))
    out: NDArray[np.float64] = turn @ shear @ np.diag([aspect, 1 / aspect]) @ flips * scale
    return out


def _warped(
    channels: Array, turn: NDArray[np.float64], start: NDArray[np.float64], shape: tuple[int, int]
) -> Array:
    offset = start - turn @ (np.array(shape) / 2 - 0.5)
    planes = [ndimage.affine_transform(c, turn, offset, shape, order=1, prefilter=False) for c in channels]
    return np.stack(planes).astype(np.float32)


def turned_boxes(
    boxes: Boxes, turn: NDArray[np.float64], start: NDArray[np.float64], shape: tuple[int, int]
) -> Boxes:
    """Boxes in the patch; lesions are taken as ellipses, for turned corners would make boxes too big."""
    back = np.linalg.inv(turn)
    centres = (boxes[:, :2] - start) @ back.T + np.array(shape) / 2 - 0.5
    sides = np.sqrt(boxes[:, 2:] ** 2 @ (back**2).T)
    return np.concatenate([centres, sides], axis=1)


def shaded(rng: np.random.Generator, image: Array) -> Array:
    """Other films and detectors: gamma, gain and offset, blur, noise, one channel missing."""
    grey, contrast = image
    inside = (contrast != 0) | (grey != 0)
    gamma, gain = np.exp(rng.uniform(-0.4, 0.4)), np.exp(rng.uniform(-0.2, 0.2))
    grey = np.sign(grey) * np.abs(grey) ** gamma * gain + rng.uniform(-0.12, 0.12)
    contrast = contrast * np.exp(rng.uniform(-0.25, 0.25))
    out = np.stack([grey, contrast]).astype(np.float32)
    if rng.random() < 0.25:
        out = ndimage.gaussian_filter(out, (0, *[rng.uniform(0.3, 1.0)] * 2))
    if rng.random() < 0.25:
        noise = rng.standard_normal(out.shape, dtype=np.float32)
        out += np.float32(np.exp(rng.uniform(np.log(0.01), np.log(0.08)))) * noise
    if rng.random() < 0.15:
        out[int(rng.integers(2))] = 0
    shade: Array = out * inside
    return shade


def aims(boxes: Boxes, malignant: NDArray[np.int8], shape: tuple[int, int]) -> Aims:
    """Targets of a patch; boxes whose centre lies outside do not count, the part inside is not learnt."""
    rows, columns = shape[0] // STRIDE, shape[1] // STRIDE
    heat, weight, near, label = (np.zeros((rows, columns), np.float32) for _ in range(4))
    weight += 1
    box = np.zeros((4, rows, columns), np.float32)
    y, x = np.mgrid[:rows, :columns]
    for (row, column, height, width), kind in zip(boxes, malignant, strict=True):
        cy, cx = (row + 0.5) / STRIDE - 0.5, (column + 0.5) / STRIDE - 0.5
        cell_row, cell_column = round(cy), round(cx)
        if kind < 0 or not (0 <= cell_row < rows and 0 <= cell_column < columns):
            inside = (abs(y - cy) <= height / STRIDE / 2) & (abs(x - cx) <= width / STRIDE / 2)
            weight[inside] = 0
            continue
        sy, sx = (max(side / (SHARPNESS * STRIDE), NARROWEST) for side in (height, width))
        bell = np.exp(-0.5 * (((y - cell_row) / sy) ** 2 + ((x - cell_column) / sx) ** 2)).astype(np.float32)
        own = (bell > NEAR) & (bell > near)
        near[own], label[own] = bell[own], kind
        box[0][own], box[1][own] = np.log(max(width, 2) / BOX_SIDE), np.log(max(height, 2) / BOX_SIDE)
        box[2][own], box[3][own] = (cx - x)[own], (cy - y)[own]
        heat = np.maximum(heat, bell)
    weight[heat > 0.05] = 1
    return Aims(heat, weight, box, near, label)


def batch(
    rng: np.random.Generator, breasts: Iterable[Breast], shape: tuple[int, int]
) -> tuple[Array, tuple[Array, ...]]:
    """(n, 2, *shape) patches of the breasts, and their aims stacked: heat, weight, box, near, malignant."""
    made = [patch(rng, source, shape) for source in breasts]
    stacked = tuple(np.stack([getattr(a, name) for _, a in made]) for name in Aims.__slots__)
    return np.stack([image for image, _ in made]), stacked
