"""What a detector (`networks.boxes`) should say of an image: boxes painted on it, and then cell by cell.

Painted boxes are turned, cut and flipped as any mask is; afterwards each is read off again.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inference.networks.boxes import CELLS
from inference.training.general.truth import IGNORED
from inference.training.losses import focal_loss

Floats = NDArray[np.float64]
Array = NDArray[np.float32]

SHARPNESS = 5.0
"""A box is so many standard deviations of its Gaussian wide."""
NARROWEST = 0.7
"""Smallest standard deviation, cells."""
NEAR = 0.35
"""Sides and places are learnt where the Gaussian is higher."""
BOX_WEIGHT = 0.5
"""Of the sides and places beside the heat."""


def painted(
    centre: Floats, half: Floats, label: NDArray[np.int64], labels: int, shape: tuple[int, ...]
) -> Array:
    """Ellipses in boxes (n, axes), the small ones on top: 0 nothing, -1 what is ignored, else a number.

    Number 1 + k * labels + label stands for the k-th box. One voxel at least is painted of each.
    """
    out = np.zeros(shape, np.float32)
    index = np.indices(shape, np.float32)
    for k in np.argsort(-half.prod(axis=1), kind="stable"):
        middle, reach = (v[k].reshape(-1, *(1,) * len(shape)) for v in (centre, np.maximum(half, 0.5)))
        inside = (((index - middle) / reach) ** 2).sum(axis=0) <= 1
        nearest = tuple(np.clip(np.rint(centre[k]).astype(int), 0, np.array(shape) - 1))
        inside[nearest] = True
        out[inside] = -1 if label[k] == IGNORED else 1 + k * labels + label[k]
    return out


@dataclass(frozen=True, slots=True)
class Aims:
    """Of one image, in cells: heat (labels, ...) and its weight (1, ...), box and near (2 * axes, ...)."""

    heat: Array
    weight: Array
    box: Array
    near: Array


def aims(mask: NDArray[np.float32], labels: int, stride: int) -> Aims:
    """Read off a painted mask (...) whose sides are multiples of the stride."""
    cells = tuple(n // stride for n in mask.shape)
    axes = len(cells)
    index = np.indices(cells, np.float32)
    heat, weight = np.zeros((labels, *cells), np.float32), np.ones((1, *cells), np.float32)
    box, near = np.zeros((2 * axes, *cells), np.float32), np.zeros(cells, np.float32)
    for number in np.unique(mask[mask > 0]):
        at = np.argwhere(mask == number)
        low, high = at.min(axis=0) - 0.5, at.max(axis=0) + 0.5
        middle = ((low + high) / 2 + 0.5) / stride - 0.5
        cell = np.clip(np.rint(middle), 0, np.array(cells) - 1).reshape(-1, *(1,) * axes)
        sigma = np.maximum((high - low) / (SHARPNESS * stride), NARROWEST).reshape(cell.shape)
        bell = np.exp(-0.5 * (((index - cell) / sigma) ** 2).sum(axis=0)).astype(np.float32)
        own = (bell > NEAR) & (bell > near)
        near[own] = bell[own]
        box[:axes, own] = np.log((high - low) / (CELLS * stride))[:, None]
        box[axes:, own] = (middle.reshape(cell.shape) - index)[:, own]
        label = (int(number) - 1) % labels
        heat[label] = np.maximum(heat[label], bell)
    weight[0, _any(mask < 0, stride)] = 0
    weight[:, heat.max(axis=0) > 0.05] = 1
    return Aims(heat, weight, box, np.broadcast_to(near, box.shape).copy())


def _any(mask: NDArray[np.bool_], stride: int) -> NDArray[np.bool_]:
    """Cells that hold a voxel of the mask."""
    split = [side for n in mask.shape for side in (n // stride, stride)]
    out: NDArray[np.bool_] = np.asarray(mask.reshape(split).any(axis=tuple(range(1, len(split), 2))))
    return out


def box_loss(said: torch.Tensor, masks: torch.Tensor, labels: int, stride: int) -> torch.Tensor:
    """The answers (batch, labels + 2 * axes, cells) against painted masks (batch, 1, ...)."""
    made = [aims(mask[0].cpu().numpy(), labels, stride) for mask in masks]
    heat, weight, box, near = (
        torch.from_numpy(np.stack([getattr(a, name) for a in made])).to(said.device)
        for name in Aims.__slots__
    )
    miss = functional.smooth_l1_loss(said[:, labels:], box, beta=0.2, reduction="none") * near
    first = near[:, :1].sum().clamp(min=1.0)
    return focal_loss(said[:, :labels], heat, weight) + BOX_WEIGHT * miss.sum() / first
