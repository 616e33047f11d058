"""What can be measured of a nodule from its outline and its Hounsfield units, and what is said of it then."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from inference.concepts import Characteristics
from inference.near_cases import Finder
from inference.pipelines.candidates import Found
from inference.protocol import Characteristic, NearCase

Hu = NDArray[np.float32]
Mask = NDArray[np.bool_]

MARGIN = 6
"""Voxels of surroundings that are looked at."""
LEAST_VOXELS = 8
"""A smaller outline has no shape to speak of."""
_CLIP_HU = (-1000.0, 600.0)
_PERCENTILES = (5, 25, 50, 75, 95)
_LEVELS_HU = (-600, -450, -300, -160, 0, 130, 250)
_BANDS_HU = (-1000, -850, -750, -650, -550, -450, -350, -250, -150, -50, 50)
"""Borders of a histogram: ground glass has a hump of its own, part-solid two."""
SIZE = "log_diameter"


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of a nodule beside its place and size; nothing where it has no outline."""

    malignancy: float | None = None
    characteristics: dict[str, Characteristic] = field(default_factory=dict)
    concepts: dict[str, float] = field(default_factory=dict)
    nearest: tuple[NearCase, ...] = ()


def described(model: Characteristics | None, hu: Hu, found: Found, near: Finder | None = None) -> Described:
    """Type, concepts, malignancy and the nearest cases of a candidate in a volume of 1 mm voxels."""
    if model is None or not found.mask.size:
        return Described()
    around = patch_round(hu, found.start, found.mask.shape)
    measured = nodule_features(around, np.pad(found.mask, MARGIN))
    if measured is None:
        return Described()
    value, probability = model.type_of(measured)
    concepts = model.rate(measured)
    malignancy = model.bottleneck.probability(concepts, float(np.exp(measured[SIZE])))
    nearest = () if near is None else near(np.array([measured[name] for name in model.features]))
    return Described(malignancy, {"texture": Characteristic(value, probability)}, concepts, nearest)


def nodule_features(hu: Hu, mask: Mask) -> dict[str, float] | None:
    """Features by name, of a patch (z, y, x) of 1 mm voxels that reaches `MARGIN` beyond the outline `mask`.

    None for an outline of fewer than `LEAST_VOXELS`.
    """
    if mask.sum() < LEAST_VOXELS:
        return None
    hu = np.clip(hu, *_CLIP_HU)
    return dict([*_sizes(mask), *_densities(hu, mask), *_layers(hu, mask), *_edges(hu, mask)])


def patch_round(volume: NDArray[np.generic], start: tuple[int, ...], shape: tuple[int, ...]) -> Hu:
    """The box at `start` of that shape and `MARGIN` round it; beyond the volume its border goes on."""
    index = np.ix_(
        *(
            np.clip(np.arange(s - MARGIN, s + n + MARGIN), 0, m - 1)
            for s, n, m in zip(start, shape, volume.shape, strict=True)
        )
    )
    return np.asarray(volume[index], np.float32)


def _sizes(mask: Mask) -> Iterator[tuple[str, float]]:
    count = float(mask.sum())
    points = np.argwhere(mask).astype(np.float64)
    radius = (3 * count / (4 * np.pi)) ** (1 / 3)
    yield SIZE, float(np.log(2 * radius))
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(points.T)) + 1 / 12)
    yield "elongation", float(np.log(spread[2] / spread[1]))
    yield "flatness", float(np.log(spread[1] / spread[0]))
    widest = mask[int(mask.sum(axis=(1, 2)).argmax())]
    plane = np.argwhere(widest).astype(np.float64)
    axes = np.sqrt(np.linalg.eigvalsh(np.cov(plane.T)) + 1 / 12) if len(plane) > 2 else np.ones(2)
    yield "elongation_in_plane", float(np.log(axes[1] / axes[0]))
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))
    yield "compactness", float(depth.max() / radius)
    far = np.linalg.norm(points - points.mean(axis=0), axis=1)
    yield "reach", float(far.max() / radius)
    yield "solidity", _solidity(points, count)
    opened = ndimage.binary_opening(np.pad(mask, 2), ndimage.generate_binary_structure(3, 1))
    yield "thin_parts", float(1 - opened.sum() / count)
    smooth = ndimage.gaussian_filter(np.pad(mask, 4).astype(np.float32), 0.8)
    surface = float(np.linalg.norm(_gradient(smooth), axis=0).sum())
    yield "surface", float(surface / (4 * np.pi * radius**2))


def _solidity(points: NDArray[np.float64], count: float) -> float:
    """Share of the convex hull (of the voxels' corners) that is filled."""
    corners = np.array(np.meshgrid(*[(-0.5, 0.5)] * 3)).reshape(3, 8).T
    try:
        hull = ConvexHull((points[:, None] + corners[None]).reshape(-1, 3))
    except QhullError:
        return 1.0
    return float(count / hull.volume)


def _densities(hu: Hu, mask: Mask) -> Iterator[tuple[str, float]]:
    inside = hu[mask]
    for percent, value in zip(_PERCENTILES, np.percentile(inside, _PERCENTILES), strict=True):
        yield f"hu_p{percent}", float(value) / 100
    yield "hu_mean", float(inside.mean()) / 100
    yield "hu_sd", float(inside.std()) / 100
    smooth = ndimage.gaussian_filter(hu, 1.0)
    yield "hu_top", float(smooth[mask].max()) / 100
    for level in _LEVELS_HU:
        yield f"above_{level}", float((inside > level).mean())
    counts, _ = np.histogram(inside, _BANDS_HU)
    for low, count in zip(_BANDS_HU, counts, strict=False):
        yield f"band_{low}", float(count / len(inside))
    solid = (smooth > -300) & mask
    yield "solid_size", float(np.log1p(solid.sum()) / 3)


def _layers(hu: Hu, mask: Mask) -> Iterator[tuple[str, float]]:
    """Core, rim and shells round it."""
    depth = ndimage.distance_transform_edt(mask)
    beyond = ndimage.distance_transform_edt(~mask)
    core, rim = depth >= 0.6 * depth.max(), mask & (depth <= 1.5)
    near, ring = (beyond > 0) & (beyond <= 2), (beyond > 2) & (beyond <= 5)
    yield "core", float(hu[core].mean()) / 100
    yield "rim", float(hu[rim].mean()) / 100
    yield "core_over_rim", float(hu[core].mean() - hu[rim].mean()) / 100
    yield "near", float(hu[near].mean()) / 100
    yield "ring", float(np.median(hu[ring])) / 100
    yield "ring_sd", float(hu[ring].std()) / 100
    yield "attached", float((hu[near] > -400).mean())
    yield "ring_dense", float((hu[ring] > -400).mean())
    yield "contrast", float(np.median(hu[mask]) - np.median(hu[ring])) / 100


def _edges(hu: Hu, mask: Mask) -> Iterator[tuple[str, float]]:
    """How steep the edge is, and whether it falls away from the middle all round."""
    gradient = _gradient(ndimage.gaussian_filter(hu, 0.7))
    edge = mask & ~ndimage.binary_erosion(mask)
    edge |= ndimage.binary_dilation(mask) & ~mask
    steep = np.linalg.norm(gradient[:, edge], axis=0)
    yield "edge_mean", float(steep.mean()) / 100
    yield "edge_sd", float(steep.std()) / 100
    yield "edge_p25", float(np.percentile(steep, 25)) / 100
    away = np.argwhere(edge) - np.argwhere(mask).mean(axis=0)
    inward = -(gradient[:, edge].T * away).sum(axis=1) / (np.linalg.norm(away, axis=1) * steep + 1e-3)
    yield "inward", float(inward.mean())
    yield "inward_sd", float(inward.std())


def _gradient(volume: Hu) -> Hu:
    """(3, z, y, x), per voxel."""
    return np.stack([np.asarray(np.gradient(volume, axis=axis), np.float32) for axis in range(3)])
