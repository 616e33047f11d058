"""Why the detectors took a place on a mammogram for a lesion: what they were given there, explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.cases import Box
from inference.explain.asked import Asked, Scored
from inference.explain.explanation import shown
from inference.pipelines.detect2d import DIVISOR, padded
from inference.pipelines.mammogram import Placed
from inference.protocol import ArrayRef, ImageHeat, ImageLook

Array = NDArray[np.float32]

NEAR = 2
"""Cells round the centre of a mark among which its answer is the highest."""
SIGMA = 4.0


@dataclass(frozen=True, slots=True)
class Gaze:
    """How a kind of detector looks at a breast.

    layer    whose activations are explained; `stride` of the answer, in input pixels
    fine     input pixels are so many times as wide as those of `Placed`
    reach    input pixels on each side of a mark that are kept: what lies beyond hardly counts
    flat     channels that are 0 where there is nothing to be seen; the others are smoothed there by `blur`
             input pixels (sigma)
    answers  what can be explained beside the label of the finding: name -> which output of the network
    """

    layer: str
    stride: int
    fine: float
    reach: int
    flat: tuple[int, ...]
    blur: float
    answers: tuple[tuple[str, int], ...] = ()


def view_look(
    gaze: Gaze, channels: Array, placed: Placed, centre: tuple[float, float], label: str, path: Path
) -> ImageLook:
    """Keep the surroundings of a mark.

    channels  (n, r, c) what the networks were given of the whole breast
    centre    (row, column) of the mark in stored pixels
    """
    at = (placed.to_fine(np.array(centre)) + 0.5) / gaze.fine - 0.5
    starts = [max(int(a - gaze.reach) // DIVISOR * DIVISOR, 0) for a in at]
    part = channels[:, starts[0] : int(at[0]) + gaze.reach, starts[1] : int(at[1]) + gaze.reach]
    np.save(path, np.ascontiguousarray(part, np.float32), allow_pickle=False)
    ends = np.add(starts, part.shape[1:])
    return ImageLook(
        array=ArrayRef(path=str(path), dtype="float32", shape=part.shape),
        box=_stored_box(np.array([starts, ends]) * gaze.fine - 0.5, placed),
        flip_rows=placed.flip_rows,
        flip_columns=placed.flip_columns,
        transpose=placed.transpose,
        at=(float(at[0] - starts[0]), float(at[1] - starts[1])),
        label=label,
        targets=(label, *(name for name, _ in gaze.answers)),
    )


def asked_of(
    networks: Sequence[nn.Module], gaze: Gaze, look: ImageLook, part: Array, target: str, device: str
) -> list[Asked]:
    """Is there a lesion at `look.at` of `part`, or what another answer of the networks says of it.

    Only the surroundings of the mark are given to the networks; beyond the edge there is nothing.
    """
    inputs, nothing = padded(part, device), padded(_nothing(gaze, part), device)
    answer = 0 if target == look.label else dict(gaze.answers)[target]
    r, c = (
        slice(max(int((a + 0.5) / gaze.stride) - NEAR, 0), int((a + 0.5) / gaze.stride) + NEAR + 1)
        for a in look.at
    )

    def score(said: tuple[torch.Tensor, ...]) -> torch.Tensor:
        return said[answer][:, 0, r, c].amax(dim=(1, 2))

    return [Asked(Scored(network, score), gaze.layer, inputs, nothing) for network in networks]


def on_image(heat: Array, look: ImageLook, save: Callable[[Array], ArrayRef]) -> ImageHeat:
    """The map as the stored image lies; what was padded is cut off."""
    _, rows, columns = look.array.shape
    lying = shown(heat[:rows, :columns])
    if look.flip_rows:
        lying = lying[::-1]
    if look.flip_columns:
        lying = lying[:, ::-1]
    lying = lying.T if look.transpose else lying
    return ImageHeat(array=save(np.ascontiguousarray(lying)), box=look.box)


def _nothing(gaze: Gaze, part: Array) -> Array:
    """The part without detail."""
    out = np.stack([ndimage.gaussian_filter(plane, gaze.blur) for plane in part])
    out[list(gaze.flat)] = 0.0
    return np.asarray(out, np.float32)


def _stored_box(edges: NDArray[np.float64], placed: Placed) -> Box:
    """Edges in stored pixels. `edges`: first and last (row, column), fine."""
    a, b = placed.to_stored(edges)
    (top, left), (bottom, right) = np.minimum(a, b), np.maximum(a, b)
    return float(left), float(top), float(right), float(bottom)
