"""Where a detector looked for a mark on a mammogram: HiResCAM of its fine feature maps, in stored pixels."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.cases import Box
from inference.explain.hirescam import hirescam
from inference.networks.detect2d import STRIDE
from inference.pipelines.mammogram import Placed, Prepared

REACH = 40
"""Cells on each side of a mark that are shown: 96 mm at 0.6 mm a pixel. What lies beyond hardly counts."""
NEAR = 2
"""Cells round the centre of a mark among which its answer is the highest."""
DIVISOR = 32


def view_heat(
    networks: Sequence[nn.Module], prepared: Prepared, centre: tuple[float, float], device: str
) -> tuple[NDArray[np.float32], Box]:
    """What raised the detectors' answer at a mark, and the box of stored pixels that it covers.

    centre  (row, column) of the mark in stored pixels
    Returns float32 (rows, columns) 0..1, its maximum 1 (or all 0), lying as the stored image lies; a cell is
    4 coarse pixels.
    """
    row, column = ((at - 0.5) / 2 for at in prepared.placed.to_fine(np.array(centre)))
    cell = (int((row + 0.5) / STRIDE), int((column + 0.5) / STRIDE))
    channels = prepared.channels
    pads = [(0, -n % DIVISOR) for n in channels.shape[1:]]
    image = torch.from_numpy(np.pad(channels, ((0, 0), *pads))[None]).to(device)
    maps = [_map(network, image, cell) for network in networks]
    heat = np.mean([m / max(float(m.max()), 1e-12) for m in maps], axis=0)
    first = [max(at - REACH, 0) for at in cell]
    ends = [min(at + REACH + 1, -(-n // STRIDE)) for at, n in zip(cell, prepared.coarse.shape, strict=True)]
    rows, columns = (slice(a, b) for a, b in zip(first, ends, strict=True))
    heat = ndimage.gaussian_filter(heat, 1.0)[rows, columns]
    top = float(heat.max())
    shown = heat / top if np.isfinite(top) and top > 0 else np.zeros_like(heat)
    return _as_stored(shown.astype(np.float32), first, prepared.placed)


def _map(network: nn.Module, image: torch.Tensor, cell: tuple[int, int]) -> NDArray[np.float32]:
    r, c = (slice(max(at - NEAR, 0), at + NEAR + 1) for at in cell)
    layer = network.get_submodule("trunk.stages.0")  # stride 4: as fine as the answer
    heat = hirescam(network, layer, image.clone(), lambda said: said[0][:, 0, r, c].amax(dim=(1, 2)))
    out: NDArray[np.float32] = heat[0].float().cpu().numpy()
    return out


def _as_stored(
    heat: NDArray[np.float32], first: Sequence[int], placed: Placed
) -> tuple[NDArray[np.float32], Box]:
    """The map turned back, and its edges in stored pixels. `first`: its first cell (row, column)."""
    ends = np.array([first, np.add(first, heat.shape)]) * 2.0 * STRIDE - 0.5  # edges in fine pixels
    a, b = placed.to_stored(ends)
    (top, left), (bottom, right) = np.minimum(a, b), np.maximum(a, b)
    if placed.flip_rows:
        heat = heat[::-1]
    if placed.flip_columns:
        heat = heat[:, ::-1]
    heat = heat.T if placed.transpose else heat
    return np.ascontiguousarray(heat), (float(left), float(top), float(right), float(bottom))
