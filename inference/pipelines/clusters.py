"""Calcification clusters in one mammogram: 0.15 mm a pixel, one network, then marks in stored pixels."""

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
from inference.networks.cluster2d import SPECK_STRIDE, STRIDE
from inference.pipelines.breast import Mask
from inference.pipelines.mammogram import FINE_MM, Placed, Prepared, area_average, prepare

Array = NDArray[np.float32]

LABEL = "calcification cluster"
NETWORK = "cluster"
"""Its name in a bundle's `architecture`."""
WORKING_MM = FINE_MM / 2
"""A speck of 0.3 mm is two pixels wide; finer detectors are averaged, digitised films are drawn out."""
DETAIL_MM, NOISE_MM = 1.0, 5.0
"""Width (sigma) of what counts as background of a speck, and of what its contrast is measured against."""
QUIETEST = 0.004
"""Least noise, as a share of the breast's range of grey: a phantom may have none."""
LOUDEST = 0.08
"""Detail beyond this is no noise: the edge of a film or a coarse calcification hides nothing near it."""
DETAIL_RANGE = 8.0
GREY_RANGE = (-0.3, 1.6)
UNIT_MM = 8.0
"""Side of a box whose log size is 0."""
DIVISOR = 32
PEAK = 3
"""Cells a side in which a cluster's heat is the highest."""
SPECK_LOGIT = -1.0
"""Specks above this are told: on calibration films as many as there are, about half of them right."""


@dataclass(frozen=True, slots=True)
class ClusterMark:
    """A suspected cluster of calcifications on a view.

    centre, box   (row, column); (left, top, right, bottom) in stored pixels, as `cases.TruthMark.box`
    score         0..1, as the network says it, not calibrated
    specks        (row, column) of the calcifications seen in the box, stored pixels
    """

    centre: tuple[float, float]
    box: tuple[float, float, float, float]
    score: float
    specks: tuple[tuple[float, float], ...]


class Clusters:
    """The loaded network. One view at a time; it stays on `device`."""

    def __init__(self, network: nn.Module, device: str, *, peak: float, most: int) -> None:
        moved = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: nn.Module = moved.eval()
        self.device, self.peak, self.most = device, peak, most

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "Clusters":
        """From the weights in `folder`; raises BundleError where they are not the bundle's or hold none."""
        if NETWORK not in bundle.architecture:
            raise BundleError(f"{folder}: {bundle.id} {bundle.version} has no network for {LABEL}s")
        if load_bundle(folder, verify=True).sha256 != bundle.sha256:
            raise BundleError(f"{folder}: the weights are not those of {bundle.id} {bundle.version}")
        networks = load_networks({NETWORK: bundle.architecture[NETWORK]}, folder / WEIGHTS)
        settings = bundle.settings
        return cls(
            networks[NETWORK], device, peak=settings["cluster_peak"], most=int(settings["cluster_most"])
        )

    def marks(self, view: View, prepared: Prepared | None = None) -> tuple[ClusterMark, ...]:
        """Marks of a view, best first; raises ValueError where no breast is found.

        `prepared`, where the caller has made it of this view already, saves the time to make it again.
        """
        prepared = prepare(view) if prepared is None else prepared
        if prepared is None:
            raise ValueError(f"{view.image}: no breast was found on the image")
        return self.marks_in(cluster_channels(*working(view, prepared)), prepared)

    def marks_in(self, channels: Array, prepared: Prepared) -> tuple[ClusterMark, ...]:
        """Likewise of what the network is given of the view."""
        heat, box, specks = self._maps(channels)
        mask = np.kron(prepared.mask, np.ones((4, 4), bool))
        return _decoded(heat, box, specks, mask, prepared.placed, self.peak, self.most)

    @torch.inference_mode()
    def _maps(self, channels: Array) -> tuple[Array, Array, Array]:
        """Heat (r, c) and box (2, r, c) at stride 8, logits of specks (4r, 4c) at stride 2."""
        pads = [(0, -n % DIVISOR) for n in channels.shape[1:]]
        image = torch.from_numpy(np.pad(channels, ((0, 0), *pads))[None]).to(self.device)
        heat, box, specks = self.network(image.contiguous(memory_format=torch.channels_last))
        maps = (torch.sigmoid(heat)[0, 0], box[0], specks[0, 0])
        first, second, third = (m.float().cpu().numpy() for m in maps)
        return first, second, third


def working(view: View, prepared: Prepared) -> tuple[Array, Mask]:
    """The breast of a view, chest wall left, at 0.15 mm: grey level 0..1 as stored, and its mask."""
    placed = prepared.placed
    grey = view.pixels.T if placed.transpose else view.pixels
    grey = grey[:: -1 if placed.flip_rows else 1, :: -1 if placed.flip_columns else 1]
    rows, columns = (mm / WORKING_MM for mm in placed.spacing_mm)
    whole = area_average(np.asarray(grey, np.float32), (rows, columns))
    (top, left), (r, c) = placed.start, prepared.fine.shape
    part = whole[2 * top : 2 * (top + r), 2 * left : 2 * (left + c)] / np.float32(65535)
    return part, np.kron(prepared.mask, np.ones((4, 4), bool))


def cluster_channels(grey: Array, mask: Mask) -> Array:
    """(2, r, c) what the network is given of a breast at 0.15 mm, 0 outside it; sides divisible by 4.

    First how far each pixel stands out of its surroundings, in units of the noise there (clipped to
    DETAIL_RANGE, divided by half of it): the same on every vendor's grey scale. Second the grey level:
    0 = 2nd, 1 = 99th percentile of the breast.
    """
    if not mask.any():
        return np.zeros((2, *grey.shape), np.float32)
    low, high = np.percentile(grey[mask], [2, 99])
    scaled = (grey - np.float32(low)) / np.float32(max(high - low, 1e-3))
    scaled = np.clip(scaled, *GREY_RANGE)
    return detail_and_grey(scaled, mask)


def detail_and_grey(scaled: Array, mask: Mask) -> Array:
    """The channels of a breast, or a part of one, whose grey levels are scaled already."""
    inside = mask.astype(np.float32)
    detail = (scaled - _mean(scaled, inside, DETAIL_MM / WORKING_MM)) * inside
    quarter, weight = (_quartered(a) for a in (np.minimum(detail * detail, np.float32(LOUDEST**2)), inside))
    square = np.asarray(quarter / np.maximum(weight, np.float32(1e-3)), np.float32)
    noise = np.sqrt(_mean(square, weight, NOISE_MM / WORKING_MM / 4))
    noise = np.maximum(ndimage.zoom(noise, 4, order=1, mode="nearest", grid_mode=True), QUIETEST)
    standing = np.clip(detail / noise, -DETAIL_RANGE, DETAIL_RANGE) * np.float32(2 / DETAIL_RANGE)
    return np.stack([standing, scaled * inside]).astype(np.float32)


def _mean(values: Array, weight: Array, sigma: float) -> Array:
    """Gaussian mean over the pixels with weight."""
    share = ndimage.gaussian_filter(weight, sigma, truncate=3)
    total = ndimage.gaussian_filter(values * weight, sigma, truncate=3)
    return np.asarray(total / np.maximum(share, np.float32(1e-3)), np.float32)


def _quartered(plane: Array) -> Array:
    fours = plane.reshape(plane.shape[0] // 4, 4, plane.shape[1] // 4, 4)
    return np.asarray(fours.mean(axis=(1, 3)), np.float32)


def _decoded(
    heat: Array, box: Array, specks: Array, mask: Mask, placed: Placed, peak: float, most: int
) -> tuple[ClusterMark, ...]:
    """Peaks of the heat inside the breast; one whose centre lies in the box of a better one is the same."""
    top = (heat == ndimage.maximum_filter(heat, PEAK)) & (heat >= peak)
    rows, columns = np.nonzero(top)
    seen = _speck_places(specks)
    kept: list[tuple[float, float, float, float]] = []
    out: list[ClusterMark] = []
    for k in np.argsort(-heat[rows, columns], kind="stable"):
        r, c = int(rows[k]), int(columns[k])
        row, column = (STRIDE * (n + 0.5) - 0.5 for n in (r, c))
        if not mask[min(int(row), mask.shape[0] - 1), min(int(column), mask.shape[1] - 1)]:
            continue
        if any(abs(row - a) <= h / 2 and abs(column - b) <= w / 2 for a, b, h, w in kept):
            continue
        height, width = (UNIT_MM / WORKING_MM * float(np.exp(np.clip(v, -3, 3))) for v in box[:, r, c])
        kept.append((row, column, height, width))
        own = seen[(abs(seen - (row, column)) <= (height / 2, width / 2)).all(axis=1)]
        out.append(_mark(kept[-1], own, placed, float(heat[r, c])))
        if len(out) == most:
            break
    return tuple(out)


def _speck_places(specks: Array) -> NDArray[np.float64]:
    """(n, 2) working pixels of the specks."""
    found = np.argwhere((specks == ndimage.maximum_filter(specks, 3)) & (specks > SPECK_LOGIT))
    return np.asarray(SPECK_STRIDE * (found + 0.5) - 0.5, np.float64)


def _mark(
    place: tuple[float, float, float, float], specks: NDArray[np.float64], placed: Placed, score: float
) -> ClusterMark:
    row, column, height, width = place
    corners = [(row - height / 2, column - width / 2), (row + height / 2, column + width / 2)]
    points = np.concatenate([[(row, column)], corners, specks])
    stored = placed.to_stored((points + 0.5) * (WORKING_MM / FINE_MM) - 0.5)
    (top, left), (bottom, right) = stored[1:3].min(axis=0), stored[1:3].max(axis=0)
    return ClusterMark(
        (float(stored[0, 0]), float(stored[0, 1])),
        (float(left), float(top), float(right), float(bottom)),
        score,
        tuple((float(r), float(c)) for r, c in stored[3:]),
    )
