"""Where a detector looked for a mark on a mammogram: HiResCAM of its fine feature maps, in stored pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.cases import Box
from inference.explain.hirescam import hirescam
from inference.pipelines.mammogram import Placed

Array = NDArray[np.float32]

REACH = 160
"""Input pixels on each side of a mark that are shown: what lies beyond hardly counts."""
NEAR = 2
"""Cells round the centre of a mark among which its answer is the highest."""
DIVISOR = 32


@dataclass(frozen=True, slots=True)
class Gaze:
    """How a kind of detector looks at a breast.

    layer   whose activations are explained; `layer_stride` of it, `stride` of the answer, in input pixels
    fine    input pixels are so many times as wide as those of `Placed`
    """

    layer: str
    layer_stride: int
    stride: int
    fine: float


def view_heat(
    networks: Sequence[nn.Module],
    gaze: Gaze,
    channels: Array,
    placed: Placed,
    centre: tuple[float, float],
    device: str,
) -> tuple[Array, Box]:
    """What raised the networks' answer at a mark, and the box of stored pixels that it covers.

    channels  (n, r, c) what they are given of the whole breast
    centre    (row, column) of the mark in stored pixels
    Returns float32 (rows, columns) 0..1, its maximum 1 (or all 0), lying as the stored image lies. Only the
    surroundings of the mark are given to the networks again; in those with GroupNorm that moves it a little.
    """
    at = (placed.to_fine(np.array(centre)) + 0.5) / gaze.fine - 0.5
    starts = [max(int(a - REACH) // DIVISOR * DIVISOR, 0) for a in at]
    part = channels[:, starts[0] : int(at[0]) + REACH, starts[1] : int(at[1]) + REACH]
    cells = [int((a - start + 0.5) / gaze.stride) for a, start in zip(at, starts, strict=True)]
    maps = [_map(network, gaze, part, (cells[0], cells[1]), device) for network in networks]
    heat = np.mean([m / max(float(m.max()), 1e-12) for m in maps], axis=0)
    rows, columns = (-(-n // gaze.layer_stride) for n in part.shape[1:])
    heat = ndimage.gaussian_filter(heat, 1.0)[:rows, :columns]
    top = float(heat.max())
    shown = heat / top if np.isfinite(top) and top > 0 else np.zeros_like(heat)
    ends = np.add(starts, np.multiply(heat.shape, gaze.layer_stride))
    return _as_stored(shown.astype(np.float32), np.array([starts, ends]) * gaze.fine - 0.5, placed)


def _map(network: nn.Module, gaze: Gaze, part: Array, cell: tuple[int, int], device: str) -> Array:
    pads = [(0, -n % DIVISOR) for n in part.shape[1:]]
    image = torch.from_numpy(np.pad(part, ((0, 0), *pads))[None]).to(device)
    r, c = (slice(max(at - NEAR, 0), at + NEAR + 1) for at in cell)
    layer = network.get_submodule(gaze.layer)
    heat = hirescam(network, layer, image, lambda said: said[0][:, 0, r, c].amax(dim=(1, 2)))
    out: Array = heat[0].float().cpu().numpy()
    return out


def _as_stored(heat: Array, edges: NDArray[np.float64], placed: Placed) -> tuple[Array, Box]:
    """The map turned back, and its edges in stored pixels. `edges`: first and last (row, column), fine."""
    a, b = placed.to_stored(edges)
    (top, left), (bottom, right) = np.minimum(a, b), np.maximum(a, b)
    if placed.flip_rows:
        heat = heat[::-1]
    if placed.flip_columns:
        heat = heat[:, ::-1]
    heat = heat.T if placed.transpose else heat
    return np.ascontiguousarray(heat), (float(left), float(top), float(right), float(bottom))
