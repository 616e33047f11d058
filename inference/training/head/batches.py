"""Batches for the haemorrhage network: real positive, real negative and painted slices, augmented."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inference.networks.haemorrhage2d import STRIDE, cells_with_brain
from inference.pipelines.head import SIDE
from inference.pipelines.head_input import channels
from inference.training.head.bleeds import Slab, distract, paint
from inference.training.head.config import HeadTraining
from inference.training.head.patients import DOUBTFUL, LABELS, Patient

LEAST_AREA = 0.25
"""Bleeds are painted on slices that show so much of the largest slice's brain."""
Generator = np.random.Generator
Slice = tuple[Patient, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """image (n, 6, r, c); cells (n, 1, r/4, c/4) that hold brain; labels (n, 6) of the slices.

    truth    (n, 6, r/4, c/4) cells of painted bleeds; trusted (n,) where it holds: not on real bleeds
    """

    image: torch.Tensor
    cells: torch.Tensor
    labels: torch.Tensor
    truth: torch.Tensor
    trusted: torch.Tensor


class SliceSource:
    """Draws batches from the patients of a training fold."""

    def __init__(self, patients: Sequence[Patient], training: HeadTraining) -> None:
        known = [p for p in patients if p.patient != DOUBTFUL]
        self.training = training
        self.positive = [p for p in known if p.bleeds]
        self.negative = [p for p in known if not p.bleeds]

    def batch(self, rng: Generator) -> Batch:
        """One batch; the same generator gives the same one."""
        mix = self.training
        drawn: list[tuple[Slab, NDArray[np.float32], NDArray[np.float32], bool, float]] = []
        drawn += [self._painted(rng, *self._clear(rng)) for _ in range(mix.painted)]
        for _ in range(mix.positive):
            patient = self.positive[int(rng.integers(len(self.positive)))]
            number = int(rng.choice(np.flatnonzero(patient.labels[:, 0])))
            drawn.append(_real(rng, patient, number, trusted=False))
        for _ in range(mix.negative):
            patient, number = self._negative(rng)
            sample = _real(rng, patient, number, trusted=not patient.bleeds)
            if rng.random() < mix.distracted and sample[0].depth.max() > 3:
                sample = (distract(rng, sample[0]), *sample[1:])
            drawn.append(sample)
        return _augmented(rng, drawn)

    def _clear(self, rng: Generator) -> Slice:
        """A slice without bleeding, its neighbours too, that shows enough brain."""
        people = self.negative if rng.random() < 0.7 else self.positive
        patient = people[int(rng.integers(len(people)))]
        bleeds = np.convolve(patient.labels[:, 0], np.ones(3), "same") > 0
        fit = np.flatnonzero((patient.area >= LEAST_AREA) & ~bleeds)
        return (patient, int(rng.choice(fit))) if len(fit) else self._clear(rng)

    def _negative(self, rng: Generator) -> Slice:
        people = self.negative if rng.random() < 0.75 else self.positive
        patient = people[int(rng.integers(len(people)))]
        fit = np.flatnonzero(patient.labels[:, 0] == 0)
        return patient, int(rng.choice(fit))

    def _painted(
        self, rng: Generator, patient: Patient, number: int
    ) -> tuple[Slab, NDArray[np.float32], NDArray[np.float32], bool, float]:
        slab, _, _, _, below = _real(rng, patient, number, trusted=True)
        if rng.random() < self.training.distracted / 2:
            slab = distract(rng, slab)
        slab, masks = paint(rng, slab)
        truth = np.zeros((len(LABELS), SIDE, SIDE), np.float32)
        for kind, mask in masks.items():
            truth[0] = np.maximum(truth[0], mask)
            truth[LABELS.index(kind)] = mask
        return slab, truth.max(axis=(1, 2)), truth, True, below


def _real(
    rng: Generator, patient: Patient, number: int, *, trusted: bool
) -> tuple[Slab, NDArray[np.float32], NDArray[np.float32], bool, float]:
    grey = patient.slices.around(number)
    if rng.random() < 0.5:
        grey = grey[::-1].copy()
    elif rng.random() < 0.2:
        grey[[0, 2]] = grey[1]
    slab = Slab(grey, patient.depth[number], patient.level)
    empty = np.zeros((len(LABELS), SIDE, SIDE), np.float32)
    return slab, patient.labels[number], empty, trusted, float(patient.below_top_mm[number])


def _augmented(
    rng: Generator,
    drawn: Sequence[tuple[Slab, NDArray[np.float32], NDArray[np.float32], bool, float]],
) -> Batch:
    n = len(drawn)
    slabs = [item[0] for item in drawn]
    level = torch.tensor([slab.level for slab in slabs], dtype=torch.float32)
    grey = torch.from_numpy(np.stack([slab.grey for slab in slabs]))
    depth = torch.from_numpy(np.stack([slab.depth for slab in slabs])[:, None])
    truth = torch.from_numpy(np.stack([item[2] for item in drawn]))
    below = torch.tensor([item[4] for item in drawn], dtype=torch.float32)
    below = below + torch.from_numpy(rng.normal(0, 6, n)).float()
    inputs = channels(_greys(rng, grey, level), level, depth, below)
    motion = _motion(rng, n)
    moved = _moved(motion, torch.cat([inputs[:, :5], (depth > 0).float()], dim=1))
    image = torch.cat([moved[:, :5], inputs[:, 5:]], dim=1)
    cells = cells_with_brain((moved[:, 5:] > 0.5).float())
    covered = functional.avg_pool2d(_moved(motion, functional.avg_pool2d(truth, 2)), STRIDE // 2)
    return Batch(
        image,
        cells,
        torch.from_numpy(np.stack([item[1] for item in drawn])),
        (covered >= 0.35).float(),
        torch.tensor([item[3] for item in drawn]),
    )


def _greys(rng: Generator, grey: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Gain about the level of the brain, offset, noise (half of it smooth), blur on every third batch."""
    n = len(grey)

    def each(values: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(values).float()[:, None, None, None]

    middle = level[:, None, None, None]
    bone = grey >= 250
    out = (grey - middle) * each(rng.uniform(0.8, 1.2, n)) + middle + each(rng.normal(0, 3, n).clip(-5, 5))
    if rng.random() < 1 / 3:
        kernel = torch.tensor([0.25, 0.5, 0.25])
        weight = (kernel[:, None] * kernel)[None, None].expand(3, 1, 3, 3)
        out = functional.conv2d(out, weight, padding=1, groups=3)
    noise = torch.from_numpy(rng.standard_normal(grey.shape, dtype=np.float32))
    smooth = 1.8 * functional.avg_pool2d(noise, 3, 1, 1)
    pick = each((rng.random(n) < 0.5).astype(np.float64))
    out = out + (pick * smooth + (1 - pick) * noise) * each(rng.uniform(0, 10, n) * (rng.random(n) < 0.8))
    return torch.where(bone, grey, out).clamp(0, 255)


def _motion(rng: Generator, n: int) -> torch.Tensor:
    """Flips, turns of up to 14 degrees, scales of up to 15 %, shifts of up to 8 % of half the width."""
    angle = np.deg2rad(rng.uniform(-14, 14, n))
    scale = rng.uniform(0.85, 1.15, n)
    flip = np.where(rng.random(n) < 0.5, -1.0, 1.0)
    theta = np.zeros((n, 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 0, 1] = np.cos(angle) * scale * flip, -np.sin(angle) * scale
    theta[:, 1, 0], theta[:, 1, 1] = np.sin(angle) * scale * flip, np.cos(angle) * scale
    theta[:, :, 2] = rng.uniform(-0.08, 0.08, (n, 2))
    return torch.from_numpy(theta)


def _moved(motion: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    grid = functional.affine_grid(motion, list(maps.shape), align_corners=False)
    return functional.grid_sample(maps, grid, padding_mode="border", align_corners=False)
