"""Stage 1 for mammograms: one or more detectors on a prepared view, whose answers are averaged, to peaks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.networks.detect2d import BOX_SIDE, STRIDE
from inference.pipelines.mammogram import Prepared
from inference.pipelines.mass_crops import Place

Array = NDArray[np.float32]

DIVISOR = 32
"""Sides of what the networks are given are multiples of this."""
PEAK = 5
"""Cells a side in which a peak is the highest."""
APART = 0.25
"""Of height + width: a peak nearer than this to a better one is the same lesion."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A suspected mass: its box in coarse pixels; score and malignancy 0..1, neither calibrated."""

    place: Place
    score: float
    malignancy: float


class Detect2D:
    """Loaded detectors. One view at a time; they stay on `device`.

    peak   lowest heat of a peak
    most   peaks a view
    """

    def __init__(self, networks: Sequence[nn.Module], device: str, *, peak: float, most: int) -> None:
        layout = torch.channels_last
        self.networks = [n.to(device, memory_format=layout).eval() for n in networks]  # type: ignore[call-overload]
        self.device, self.peak, self.most = device, peak, most

    def peaks(self, prepared: Prepared) -> tuple[Peak, ...]:
        """Best first."""
        heat, box, malignancy = self._maps(prepared.channels)
        return _decoded(heat, box, malignancy, prepared, self.peak, self.most)

    @torch.inference_mode()
    def _maps(self, channels: Array) -> tuple[Array, Array, Array]:
        """Mean heat (r, c), boxes (4, r, c) and malignancy (r, c) of the detectors at stride 4."""
        image = padded(channels, self.device)
        said = [network(image) for network in self.networks]
        heat, box, kind = (torch.stack([s[k] for s in said]) for k in range(3))
        maps = (torch.sigmoid(heat).mean(0)[0, 0], box.mean(0)[0], torch.sigmoid(kind).mean(0)[0, 0])
        first, second, third = (m.float().cpu().numpy() for m in maps)
        return first, second, third


def padded(planes: Array, device: str) -> torch.Tensor:
    """(n, r, c) planes as (1, n, ...) for a network, with zeros below and to the right."""
    pads = [(0, -n % DIVISOR) for n in planes.shape[1:]]
    image = torch.from_numpy(np.pad(planes, ((0, 0), *pads))[None]).to(device)
    return image.contiguous(memory_format=torch.channels_last)


def _decoded(
    heat: Array, box: Array, malignancy: Array, prepared: Prepared, peak: float, most: int
) -> tuple[Peak, ...]:
    """Peaks of the heat inside the breast."""
    top = (heat == ndimage.maximum_filter(heat, PEAK)) & (heat >= peak)
    rows, columns = np.nonzero(top)
    out: list[Peak] = []
    for k in np.argsort(-heat[rows, columns], kind="stable"):
        r, c = int(rows[k]), int(columns[k])
        row, column, _, _ = place = _place(box[:, r, c], r, c)
        kept = (other.place for other in out)
        near = any(np.hypot(row - a, column - b) < APART * (h + w) for a, b, h, w in kept)
        if near or not _inside(prepared, row, column):
            continue
        out.append(Peak(place, float(heat[r, c]), float(malignancy[r, c])))
        if len(out) == most:
            break
    return tuple(out)


def _place(said: Array, row: int, column: int) -> Place:
    width, height = (BOX_SIDE * float(np.exp(np.clip(v, -3, 3))) for v in said[:2])
    dx, dy = (float(np.clip(v, -4, 4)) for v in said[2:])
    return (row + dy + 0.5) * STRIDE - 0.5, (column + dx + 0.5) * STRIDE - 0.5, height, width


def _inside(prepared: Prepared, row: float, column: float) -> bool:
    r, c = round(row), round(column)
    rows, columns = prepared.mask.shape
    return 0 <= r < rows and 0 <= c < columns and bool(prepared.mask[r, c])
