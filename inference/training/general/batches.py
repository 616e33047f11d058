"""Images on the network's grid, varied and in batches. Random numbers depend on seed and step alone."""

from dataclasses import dataclass, replace

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inference.cases import Case
from inference.contract import NetworkContract
from inference.pipelines.classify import WHITE
from inference.pipelines.network_input import network_image, network_volume
from inference.training.general.box_aims import painted
from inference.training.general.config import Augment, Config
from inference.training.general.samples import Sample


@dataclass(frozen=True, slots=True)
class Learnt:
    """One image as the network sees it, float32 (1, ...), and its truth: label, or mask (1, ...).

    numbered  the mask is of boxes: see `box_aims.painted`
    """

    image: torch.Tensor
    label: int
    mask: torch.Tensor
    numbered: bool = False


def learnt(sample: Sample, config: Config) -> Learnt:
    """On the network's grid; the grey copies are made in the batch."""
    contract = config.contract
    if config.task.startswith("boxes"):
        return _detected(sample, contract, len(config.labels))
    bare = msgspec.structs.replace(contract, channels=1, intensity=())  # masks stay as they are
    if isinstance(sample.image, Case):
        image = network_volume(sample.image, contract).values[:1]
        truth = replace(sample.image, hu=sample.mask.astype(np.int16), missing=())
        mask = network_volume(truth, bare).values if sample.mask.size else np.zeros_like(image)
    else:
        grey = sample.image.pixels.astype(np.float32) / WHITE
        spacing = sample.image.plane.spacing_mm
        image = network_image(grey, spacing, contract).values[:1]
        outline = sample.mask.astype(np.float32)
        mask = network_image(outline, spacing, bare).values if sample.mask.size else np.zeros_like(image)
    return Learnt(torch.from_numpy(image), sample.label, torch.from_numpy((mask >= 0.5).astype(np.float32)))


def _detected(sample: Sample, contract: NetworkContract, labels: int) -> Learnt:
    """Boxes brought to the network's grid, where they are painted."""
    centre, half = (sample.boxes.low + sample.boxes.high) / 2, (sample.boxes.high - sample.boxes.low) / 2
    if isinstance(sample.image, Case):
        volume = network_volume(sample.image, contract)
        step = np.linalg.inv(volume.grid.matrix()) @ sample.image.grid.matrix()
        image, centre = volume.values[:1], centre @ step[:3, :3].T + step[:3, 3]
        half = np.sqrt(half**2 @ (step[:3, :3] ** 2).T)
    else:
        picture = network_image(
            sample.image.pixels.astype(np.float32) / WHITE, sample.image.plane.spacing_mm, contract
        )
        turn = slice(None) if contract.axes == "RC" else slice(None, None, -1)
        image = picture.values[:1]
        centre = ((centre + 0.5) / picture.scale - 0.5)[:, turn]
        half = (half / picture.scale)[:, turn]
    mask = painted(centre, half, sample.boxes.label, labels, image.shape[1:])
    return Learnt(torch.from_numpy(image), sample.label, torch.from_numpy(mask[None]), numbered=True)


def batch(
    rng: np.random.Generator, pictures: list[Learnt], augment: Augment, size: int, channels: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images (size, channels, ...), labels (size,) and masks (size, 1, ...); labels are drawn evenly."""
    kinds = sorted({p.label for p in pictures})
    chosen = []
    for _ in range(size):
        kind = kinds[int(rng.integers(len(kinds)))]
        own = [p for p in pictures if p.label == kind]
        chosen.append(varied(rng, own[int(rng.integers(len(own)))], augment))
    images = torch.stack([p.image for p in chosen]).repeat_interleave(channels, dim=1)
    masks = torch.stack([p.mask for p in chosen])
    return images, torch.tensor([p.label for p in chosen]), masks


def varied(rng: np.random.Generator, picture: Learnt, augment: Augment) -> Learnt:
    """Turned, scaled, shifted and flipped together with its mask; then brightness and contrast."""
    moved = _moved(picture, _matrix(rng, augment, torch.Size((1, *picture.image.shape))))
    for axis in augment.flips:
        if rng.random() < 0.5:
            moved = moved.flip(2 + axis)
    if augment.crop:
        moved = _cut(rng, moved, augment.crop)
    image, mask = moved[0, :1], moved[0, 1:]
    contrast, brightness = (float(v) for v in rng.uniform(-augment.grey, augment.grey, 2))
    spread = float(image.std())
    mean = image.mean()
    grey = (image - mean) * (1 + contrast) + mean + brightness * spread
    return Learnt(grey, picture.label, mask, picture.numbered)


def _moved(picture: Learnt, matrix: torch.Tensor) -> torch.Tensor:
    """(1, image and mask, ...): the mask 0 and 1, or with the numbers that it had."""
    shape = [1, *picture.image.shape]
    grid = functional.affine_grid(matrix, shape, align_corners=False)
    kept = "nearest" if picture.numbered else "bilinear"
    image, mask = (
        functional.grid_sample(part[None], grid, mode, padding_mode="border", align_corners=False)
        for part, mode in ((picture.image, "bilinear"), (picture.mask, kept))
    )
    return torch.cat([image, mask if picture.numbered else (mask >= 0.5).float()], dim=1)


def _matrix(rng: np.random.Generator, augment: Augment, shape: torch.Size) -> torch.Tensor:
    """(1, n, n + 1) for `affine_grid`: in units of half a side, last axis first; turned in the first two."""
    sides = np.array(shape[2:], np.float64)
    turn = np.deg2rad(float(rng.uniform(-augment.turn_deg, augment.turn_deg)))
    scale = 1 + float(rng.uniform(-augment.scale, augment.scale))
    within = np.eye(len(sides)) / scale
    within[:2, :2] = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) / scale
    within *= sides / sides[:, None]
    shift = rng.uniform(-2 * augment.shift, 2 * augment.shift, len(sides))
    matrix: NDArray[np.float64] = np.column_stack([within[::-1, ::-1], shift])
    return torch.from_numpy(matrix.astype(np.float32))[None]


def _cut(rng: np.random.Generator, both: torch.Tensor, sides: tuple[int, ...]) -> torch.Tensor:
    """A part of (1, image and mask, ...), half of the time round a place of the mask; padded if smaller."""
    both = _padded(both, sides)
    inside = torch.nonzero(both[0, 1] >= 0.5) if rng.random() < 0.5 else ()
    around = inside[int(rng.integers(len(inside)))].tolist() if len(inside) else None
    for axis, side in enumerate(sides):
        first, last = 0, both.shape[2 + axis] - side
        if around is not None:
            first, last = max(around[axis] - side + 1, 0), min(around[axis], last)
        both = both.narrow(2 + axis, int(rng.integers(first, last + 1)), side)
    return both


def middle(both: torch.Tensor, sides: tuple[int, ...]) -> torch.Tensor:
    """The part of (1, image and mask, ...) round its middle; padded where smaller."""
    both = _padded(both, sides)
    for axis, side in enumerate(sides, start=2):
        both = both.narrow(axis, (both.shape[axis] - side) // 2, side)
    return both


def _padded(both: torch.Tensor, sides: tuple[int, ...]) -> torch.Tensor:
    lacking = [max(side - have, 0) for side, have in zip(sides, both.shape[2:], strict=True)]
    pads = [n for lack in reversed(lacking) for n in (lack, 0)]
    return functional.pad(both, pads, mode="replicate") if any(pads) else both
