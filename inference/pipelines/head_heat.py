"""Heat maps of bleeding on the slices of a head, from one or several networks, and the scores they give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.networks.haemorrhage2d import NOTHING, cells_with_brain, slice_logits
from inference.pipelines.head import Floats, Mask
from inference.pipelines.head_input import channels

BATCH = 8
TOP_OF_STUDY = 30
"""The study's score is the mean of so many of its hottest cells."""
ALONG = np.array([0.25, 0.5, 0.25])
"""Bleeding goes on in the next slice: the slices' scores are smoothed by that."""
TOP_AREA = 0.05
"""The highest slice with so much of the largest slice's brain is the top of the brain."""
CUT_AREA, CUT_MM = 0.5, 35.0
"""A top slice with more brain than that is not the vertex: it lies about so far below it."""


@dataclass(frozen=True, slots=True)
class Slices:
    """Slices of an upright head, lowest first; see `head.Head`. `number`: neighbours differ by 1."""

    grey: Floats | NDArray[np.uint8]
    brain: Mask
    depth: Floats
    level: float
    below_top_mm: Floats
    number: NDArray[np.intp]

    def around(self, k: int) -> Floats:
        """Slice `k` between the one below and the one above; itself where there is none."""
        numbers = self.number
        below = k - 1 if k and numbers[k] - numbers[k - 1] == 1 else k
        above = k + 1 if k + 1 < len(numbers) and numbers[k + 1] - numbers[k] == 1 else k
        out: Floats = self.grey[[below, k, above]].astype(np.float32)
        return out


def depth_of(brain: Mask) -> Floats:
    """Pixels to the edge of the brain, slice by slice."""
    return np.stack([ndimage.distance_transform_edt(mask) for mask in brain]).astype(np.float32)


def below_top(area: NDArray[np.float64], height_mm: NDArray[np.float64]) -> Floats:
    """How far each slice lies below the highest that shows brain, mm; `area`: its share of the largest."""
    shown = np.flatnonzero(area >= TOP_AREA)
    top = int(shown[np.argmax(height_mm[shown])])
    cut = CUT_MM if area[top] > CUT_AREA else 0.0
    out: Floats = (height_mm[top] + cut - height_mm).astype(np.float32)
    return out


def cranial(brain: Mask) -> Mask:
    """Brain (slices, r, c), lowest first, without what lies in face and neck.

    Below the largest slice a part stays that mostly lies under one of the slice above, and a slice that shows
    `LEAST_AREA` of the largest.
    """
    area = brain.sum(axis=(1, 2))
    out = brain.copy()
    for k in range(int(area.argmax()) - 1, -1, -1):
        labels, count = ndimage.label(brain[k])
        pixels = np.bincount(labels.ravel(), minlength=count + 1)
        under = np.bincount(labels[out[k + 1]], minlength=count + 1)
        keep = under >= UNDER * pixels
        keep[0] = False
        out[k] = keep[labels]
        if out[k].sum() < LEAST_AREA * area.max():
            out[: k + 1] = False
            break
    return out


UNDER, LEAST_AREA = 0.5, 0.1


@torch.inference_mode()
def heat_maps(
    networks: Sequence[nn.Module],
    slices: Slices,
    device: str = "cpu",
    progress: Callable[[float], None] = lambda _done: None,
) -> Floats:
    """Logits of any bleeding, (slices, r/4, c/4), averaged over networks and mirror pictures.

    Cells without brain are `NOTHING`, face and neck too.
    """
    count, side = len(slices.number), slices.brain.shape[1] // 4
    read = cranial(slices.brain)
    out = np.full((count, side, side), NOTHING, np.float32)
    wanted = np.flatnonzero(read.any(axis=(1, 2)))
    for first in range(0, len(wanted), BATCH):
        progress(first / len(wanted))
        part = wanted[first : first + BATCH]
        image = _input(slices, part).to(device).contiguous(memory_format=torch.channels_last)
        both = torch.cat([image, image.flip(3)])
        summed = torch.zeros(len(part), side, side)
        for network in networks:
            here, mirrored = network(both)[:, 0].float().cpu().chunk(2)
            summed += (here + mirrored.flip(2)) / 2
        cells = cells_with_brain(torch.from_numpy(read[part][:, None].astype(np.float32)))[:, 0]
        out[part] = torch.where(cells, summed / len(networks), torch.tensor(NOTHING)).numpy()
    return out


def _input(slices: Slices, part: NDArray[np.intp]) -> torch.Tensor:
    return channels(
        torch.from_numpy(np.stack([slices.around(int(k)) for k in part])),
        torch.full((len(part),), slices.level),
        torch.from_numpy(slices.depth[part][:, None]),
        torch.from_numpy(slices.below_top_mm[part]),
    )


def slice_scores(heat: Floats) -> NDArray[np.float64]:
    """One logit for each slice: the mean of its hottest cells, smoothed along the slices."""
    cells = torch.from_numpy(heat[:, None])
    raw = slice_logits(cells, cells > NOTHING)[:, 0].double().numpy()
    out: NDArray[np.float64] = ndimage.convolve1d(raw, ALONG, mode="nearest")
    return out


def study_score(heat: Floats) -> float:
    """The mean of the hottest cells, wherever they lie, after smoothing along the slices."""
    smooth = ndimage.convolve1d(heat.astype(np.float64), ALONG, axis=0, mode="nearest")
    return float(np.sort(smooth, axis=None)[-TOP_OF_STUDY:].mean())
