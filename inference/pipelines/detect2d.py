"""Masses in one mammogram: preparation, one or more detectors, then marks in stored pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.bundle import WEIGHTS, Bundle, BundleError, load_bundle
from inference.cases import View
from inference.networks import load_networks
from inference.networks.detect2d import BOX_SIDE, STRIDE
from inference.pipelines.mammogram import Prepared, prepare

Array = NDArray[np.float32]

DIVISOR = 32
"""Sides of what the networks are given are multiples of this."""
PEAK = 5
"""Cells a side in which a peak is the highest."""
APART = 0.25
"""Of height + width: a mark nearer than this to a better one is the same lesion."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A suspected mass on a view.

    centre, box   (row, column); (left, top, right, bottom) in stored pixels, as `cases.TruthMark.box`
    score, malignancy  0..1, as the networks say them: neither is calibrated
    """

    centre: tuple[float, float]
    box: tuple[float, float, float, float]
    score: float
    malignancy: float


class Detect2D:
    """Loaded detectors, whose answers are averaged. One view at a time; they stay on `device`."""

    def __init__(self, networks: Sequence[nn.Module], device: str, *, peak: float, most: int) -> None:
        layout = torch.channels_last
        self.networks = [n.to(device, memory_format=layout).eval() for n in networks]  # type: ignore[call-overload]
        self.device, self.peak, self.most = device, peak, most

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "Detect2D":
        """Networks from the weights in `folder`; raises BundleError where they are not the bundle's."""
        if load_bundle(folder, verify=True).sha256 != bundle.sha256:
            raise BundleError(f"{folder}: the weights are not those of {bundle.id} {bundle.version}")
        networks = load_networks(bundle.architecture, folder / WEIGHTS)
        settings = bundle.settings
        return cls(list(networks.values()), device, peak=settings["peak"], most=int(settings["most"]))

    def marks(self, view: View) -> tuple[Mark, ...]:
        """Marks of a view, best first; raises ValueError where no breast is found."""
        prepared = prepare(view)
        if prepared is None:
            raise ValueError(f"{view.image}: no breast was found on the image")
        heat, box, malignancy = self._maps(prepared.channels)
        return _decoded(heat, box, malignancy, prepared, self.peak, self.most)

    @torch.inference_mode()
    def _maps(self, channels: Array) -> tuple[Array, Array, Array]:
        """Mean heat (r, c), boxes (4, r, c) and malignancy (r, c) of the detectors at stride 4."""
        pads = [(0, -n % DIVISOR) for n in channels.shape[1:]]
        image = torch.from_numpy(np.pad(channels, ((0, 0), *pads))[None]).to(self.device)
        image = image.contiguous(memory_format=torch.channels_last)
        said = [network(image) for network in self.networks]
        heat, box, kind = (torch.stack([s[k] for s in said]) for k in range(3))
        maps = (torch.sigmoid(heat).mean(0)[0, 0], box.mean(0)[0], torch.sigmoid(kind).mean(0)[0, 0])
        first, second, third = (m.float().cpu().numpy() for m in maps)
        return first, second, third


def _decoded(
    heat: Array, box: Array, malignancy: Array, prepared: Prepared, peak: float, most: int
) -> tuple[Mark, ...]:
    """Peaks of the heat inside the breast as marks."""
    top = (heat == ndimage.maximum_filter(heat, PEAK)) & (heat >= peak)
    rows, columns = np.nonzero(top)
    kept: list[tuple[float, float, float, float]] = []
    out: list[Mark] = []
    for k in np.argsort(-heat[rows, columns], kind="stable"):
        r, c = int(rows[k]), int(columns[k])
        place = _box(box[:, r, c], r, c)
        near = any(np.hypot(place[0] - a, place[1] - b) < APART * (h + w) for a, b, h, w in kept)
        if near or not _inside(prepared, place[0], place[1]):
            continue
        kept.append(place)
        out.append(_mark(place, prepared, float(heat[r, c]), float(malignancy[r, c])))
        if len(out) == most:
            break
    return tuple(out)


def _box(said: Array, row: int, column: int) -> tuple[float, float, float, float]:
    """Centre row, centre column, height and width in coarse pixels."""
    width, height = (BOX_SIDE * float(np.exp(np.clip(v, -3, 3))) for v in said[:2])
    dx, dy = (float(np.clip(v, -4, 4)) for v in said[2:])
    return (row + dy + 0.5) * STRIDE - 0.5, (column + dx + 0.5) * STRIDE - 0.5, height, width


def _inside(prepared: Prepared, row: float, column: float) -> bool:
    r, c = round(row), round(column)
    rows, columns = prepared.mask.shape
    return 0 <= r < rows and 0 <= c < columns and bool(prepared.mask[r, c])


def _mark(
    place: tuple[float, float, float, float], prepared: Prepared, score: float, malignancy: float
) -> Mark:
    row, column, height, width = place
    coarse = np.array(
        [(row, column), (row - height / 2, column - width / 2), (row + height / 2, column + width / 2)]
    )
    centre, a, b = prepared.placed.to_stored(2 * coarse + 0.5)
    (top, left), (bottom, right) = np.minimum(a, b), np.maximum(a, b)
    box = (float(left), float(top), float(right), float(bottom))
    return Mark((float(centre[0]), float(centre[1])), box, score, malignancy)
