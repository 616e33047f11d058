"""Pictures on the network's grid, varied and in batches. Random numbers depend on seed and step alone."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inference.contract import NetworkContract
from inference.pipelines.classify import WHITE
from inference.pipelines.network_input import network_image
from inference.training.general.config import Augment
from inference.training.general.samples import Sample


@dataclass(frozen=True, slots=True)
class Learnt:
    """One picture as the network sees it, float32 (1, i, j), and its truth: label, or mask (1, i, j)."""

    image: torch.Tensor
    label: int
    mask: torch.Tensor


def learnt(sample: Sample, contract: NetworkContract) -> Learnt:
    """On the network's grid; the grey copies are made in the batch."""
    one = _single(contract)
    grey = sample.view.pixels.astype(np.float32) / WHITE
    spacing = sample.view.plane.spacing_mm
    image = network_image(grey, spacing, contract).values[:1]
    mask = np.zeros((1, *image.shape[1:]), np.float32)
    if sample.mask.size:
        mask = (network_image(sample.mask.astype(np.float32), spacing, one).values >= 0.5).astype(np.float32)
    return Learnt(torch.from_numpy(image), sample.label, torch.from_numpy(mask))


def _single(contract: NetworkContract) -> NetworkContract:
    """The same grid for masks: one channel, grey values as they are."""
    import msgspec

    return msgspec.structs.replace(contract, channels=1, intensity=())


def batch(
    rng: np.random.Generator, pictures: list[Learnt], augment: Augment, size: int, channels: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images (size, channels, i, j), labels (size,) and masks (size, 1, i, j); labels are drawn evenly."""
    kinds = sorted({p.label for p in pictures})
    chosen = []
    for _ in range(size):
        kind = kinds[int(rng.integers(len(kinds)))]
        own = [p for p in pictures if p.label == kind]
        chosen.append(varied(rng, own[int(rng.integers(len(own)))], augment))
    images = torch.stack([p.image for p in chosen]).repeat(1, channels, 1, 1)
    masks = torch.stack([p.mask for p in chosen])
    return images, torch.tensor([p.label for p in chosen]), masks


def varied(rng: np.random.Generator, picture: Learnt, augment: Augment) -> Learnt:
    """Turned, scaled, shifted and flipped together with its mask; then brightness and contrast."""
    both = torch.cat([picture.image, picture.mask])[None]
    grid = functional.affine_grid(_matrix(rng, augment, both.shape), list(both.shape), align_corners=False)
    moved = functional.grid_sample(both, grid, align_corners=False, padding_mode="border")
    for axis in augment.flips:
        if rng.random() < 0.5:
            moved = moved.flip(2 + axis)
    if augment.crop:
        moved = _cut(rng, moved, augment.crop)
    image, mask = moved[0, :1], (moved[0, 1:] >= 0.5).float()
    contrast, brightness = (float(v) for v in rng.uniform(-augment.grey, augment.grey, 2))
    spread = float(image.std())
    mean = image.mean()
    return Learnt((image - mean) * (1 + contrast) + mean + brightness * spread, picture.label, mask)


def _matrix(rng: np.random.Generator, augment: Augment, shape: torch.Size) -> torch.Tensor:
    """(1, 2, 3) for `affine_grid`: in units of half a side, columns first."""
    turn = np.deg2rad(float(rng.uniform(-augment.turn_deg, augment.turn_deg)))
    scale = 1 + float(rng.uniform(-augment.scale, augment.scale))
    ratio = shape[2] / shape[3]
    cos, sin = np.cos(turn) / scale, np.sin(turn) / scale
    shift = rng.uniform(-2 * augment.shift, 2 * augment.shift, 2)
    matrix: NDArray[np.float64] = np.array([[cos, -sin * ratio, shift[0]], [sin / ratio, cos, shift[1]]])
    return torch.from_numpy(matrix.astype(np.float32))[None]


def _cut(rng: np.random.Generator, image: torch.Tensor, sides: tuple[int, ...]) -> torch.Tensor:
    for axis, side in enumerate(sides, start=2):
        room = image.shape[axis] - side
        if room > 0:
            image = image.narrow(axis, int(rng.integers(room + 1)), side)
    return image
