"""A sliding window that only visits the lung: overlapping tiles, of which the inner part is kept."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

HALO = 12
STRIDE = 8
"""Sides and starts are multiples of the network's coarsest pitch."""


@dataclass(frozen=True, slots=True)
class Maps:
    """Probabilities: centre on the 2 mm grid, mask on the 1 mm grid (float16), 0 where nothing was read."""

    centre: NDArray[np.float32]
    mask: NDArray[np.float16]


def scaled(hu: NDArray[np.float32], clip: tuple[float, float]) -> NDArray[np.float32]:
    """HU clipped and scaled to -1..1, as all networks see it."""
    low, high = clip
    out: NDArray[np.float32] = (np.clip(hu, low, high) - np.float32(low)) * np.float32(2 / (high - low))
    return out - np.float32(1)


@torch.inference_mode()
def sweep(
    network: nn.Module,
    hu: NDArray[np.float32],
    where: NDArray[np.bool_],
    clip: tuple[float, float],
    tile: int,
    tick: Callable[[float], None],
) -> Maps:
    """Run stage 1 over `hu` (z, y, x) wherever `where` is true. `tick` gets the share done, tile by tile."""
    shape = [n + (-n) % 2 for n in hu.shape]
    centre = np.zeros([n // 2 for n in shape], np.float32)
    mask = np.zeros(hu.shape, np.float16)
    kind = next(network.parameters())
    boxes = _boxes(where, tile - 2 * HALO)
    for number, box in enumerate(boxes):
        share = number / len(boxes)
        tick(share)
        part = torch.from_numpy(scaled(_padded(hu, box), clip))[None, None].to(kind)
        with _told(network, partial(tick, share)):
            centres, masks = network(part)
        start, side = box
        half = ([s // 2 for s in start], [s // 2 for s in side])
        _keep(torch.sigmoid(centres[0, 0].float()).cpu().numpy(), centre, *half, HALO // 2)
        _keep(torch.sigmoid(masks[0, 0].float()).half().cpu().numpy(), mask, start, side, HALO)
    return Maps(centre, mask)


@contextmanager
def _told(network: nn.Module, tick: Callable[[], None]) -> Iterator[None]:
    """Calls `tick` after every convolution: a sign of life, and a chance to stop, within a tile."""
    handles = [
        part.register_forward_hook(lambda *_: tick())
        for part in network.modules()
        if isinstance(part, nn.Conv3d)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


Box = tuple[list[int], list[int]]


def _boxes(where: NDArray[np.bool_], core: int) -> list[Box]:
    """Starts (even) and sides of the cores; a core shrinks to the lung that it holds."""
    out: list[Box] = []
    span = _span(where)
    if span is None:
        return out
    low, high = span
    counts = [max(int(np.ceil((b - a) / core)), 1) for a, b in zip(low, high, strict=True)]
    steps = [int(np.ceil((b - a) / n)) for a, b, n in zip(low, high, counts, strict=True)]
    for index in np.ndindex(*counts):
        first = [a + i * s for a, i, s in zip(low, index, steps, strict=True)]
        part = where[tuple(slice(f, f + s) for f, s in zip(first, steps, strict=True))]
        inner = _span(part)
        if inner is not None:
            start = [(f + int(a)) // 2 * 2 for f, a in zip(first, inner[0], strict=True)]
            stop = [f + int(b) for f, b in zip(first, inner[1], strict=True)]
            out.append((start, [b - a + (b - a) % 2 for a, b in zip(start, stop, strict=True)]))
    return out


def _span(where: NDArray[np.bool_]) -> tuple[list[int], list[int]] | None:
    lows, highs = [], []
    for axis in range(3):
        line = np.flatnonzero(where.any(axis=tuple(k for k in range(3) if k != axis)))
        if not len(line):
            return None
        lows.append(int(line[0]))
        highs.append(int(line[-1]) + 1)
    return lows, highs


def _padded(hu: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """The core with its halo; beyond the volume the last voxels repeat. Sides are multiples of 8."""
    start, side = box
    index = []
    for first, length, n in zip(start, side, hu.shape, strict=True):
        whole = length + 2 * HALO
        whole += (-whole) % STRIDE
        index.append(np.clip(np.arange(first - HALO, first - HALO + whole), 0, n - 1))
    return np.ascontiguousarray(hu[np.ix_(*index)])


def _keep(
    values: NDArray[Any], target: NDArray[Any], start: Sequence[int], side: Sequence[int], halo: int
) -> None:
    """Copy the core of a tile into its place."""
    there = tuple(slice(f, min(f + n, m)) for f, n, m in zip(start, side, target.shape, strict=True))
    here = tuple(slice(halo, halo + s.stop - s.start) for s in there)
    target[there] = values[here]
