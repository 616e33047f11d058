"""Procedural lung nodules, and how a nodule (made here or cut from a real scan) is put into a lung."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["solid", "part-solid", "non-solid"]
KINDS: tuple[Kind, ...] = ("solid", "part-solid", "non-solid")
LUNG_HU = -860.0
KEEP_HU = -40.0
"""So much darker than its background may a nodule make it: walls and vessels stay where it covers them."""


@dataclass(frozen=True, slots=True)
class Nodule:
    """A lobulated blob with spicules: a radius that depends on direction.

    diameter   mm, of the sphere with the same volume (before spicules)
    lobes      (n, 5): unit direction (z, y, x), height (share of the radius), sharpness
    spicules   (n, 5): unit direction, length in radii, sharpness
    stretch    (3,) axis factors, product 1
    core       radius of the solid part as a share; 0 where there is none, 1 where all is solid
    hu, rim    HU of the solid part and of the ground glass round it
    core_shift (3,) the solid part lies off the middle by so many radii
    margin     mm over which the edge fades, beside the voxel itself
    grain      (40, 4): waves (wave number per mm (z, y, x), phase) that make its inside uneven
    """

    diameter: float
    kind: Kind
    lobes: NDArray[np.float64]
    spicules: NDArray[np.float64]
    stretch: NDArray[np.float64]
    core: float
    hu: float
    rim: float
    core_shift: NDArray[np.float64]
    margin: float
    grain: NDArray[np.float64]


def _directions(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    out = rng.normal(size=(n, 3))
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True))


def random_nodule(rng: np.random.Generator, diameter_mm: float, kind: Kind) -> Nodule:
    """A nodule of this size and kind; two of five with a solid part are spiculated from 7 mm on."""
    lobes = int(rng.integers(8, 28))
    height = rng.uniform(-0.35, 0.6, lobes) * rng.uniform(0.3, 1.3)
    rows = np.column_stack([_directions(rng, lobes), height, rng.uniform(5, 36, lobes)])
    spiculated = kind != "non-solid" and diameter_mm >= 7 and rng.random() < 0.4
    many = int(rng.integers(6, 18)) if spiculated else 0
    spikes = np.column_stack(
        [_directions(rng, many), rng.uniform(0.25, 0.9, many), rng.uniform(60, 200, many)]
    )
    stretch = np.exp(rng.normal(0, 0.13, 3))
    stretch = stretch / np.prod(stretch) ** (1 / 3)
    core = {"solid": 1.0, "part-solid": float(rng.uniform(0.35, 0.65)), "non-solid": 0.0}[kind]
    solid = rng.uniform(150, 380) if kind == "solid" and rng.random() < 0.08 else rng.uniform(-30, 75)
    return Nodule(
        diameter_mm, kind, rows, spikes, stretch, core, float(solid), float(rng.uniform(-680, -430)),
        rng.normal(0, 0.12, 3), float(rng.uniform(0, 0.8 if kind == "solid" else 2.0)),
        np.column_stack([rng.normal(0, 0.9, (40, 3)), rng.uniform(0, 6.28, 40)]),
    )  # fmt: skip


def _radius(rows: NDArray[np.float64], unit: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum of bumps on the sphere in the directions `unit` (3, ...)."""
    out = np.zeros(unit.shape[1:], np.float32)
    for z, y, x, height, sharp in rows.astype(np.float32):
        out += height * np.exp(sharp * (z * unit[0] + y * unit[1] + x * unit[2] - 1))
    return out


def _grain(nodule: Nodule, place: NDArray[np.float32]) -> NDArray[np.float32]:
    """Uneven density, HU, at places (3, ...) mm."""
    out = np.zeros(place.shape[1:], np.float32)
    for z, y, x, phase in nodule.grain:
        out += np.cos(z * place[0] + y * place[1] + x * place[2] + phase).astype(np.float32)
    depth = 12 if nodule.kind == "solid" else 45
    return out * np.float32(depth * np.sqrt(2 / len(nodule.grain)))


@dataclass(frozen=True, slots=True)
class Patch:
    """A nodule on a grid, in the middle of a box of odd sides: HU of its tissue, cover (0 to 1), and mask.

    The mask leaves the spicules out.
    """

    tissue: NDArray[np.float32]
    cover: NDArray[np.float32]
    mask: NDArray[np.bool_]


def render(
    nodule: Nodule,
    step: tuple[float, float, float] = (1.0, 1.0, 1.0),
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Patch:
    """The nodule on voxels of `step` mm (z, y, x); the middle voxel lies `offset` mm from its centre."""
    place = _grid(nodule, step, offset)
    radius = nodule.diameter / 2
    stretched = np.asarray(place / nodule.stretch[:, None, None, None], np.float32)
    far = np.sqrt((stretched**2).sum(axis=0)) + np.float32(1e-4)
    unit = np.asarray(stretched / far, np.float32)
    blob = np.maximum(_radius(nodule.lobes, unit) + np.float32(1), np.float32(0.45))
    shell = np.abs(far - radius) < max(step)
    blob /= np.cbrt(np.mean(blob**3, where=shell))  # the volume stays that of the sphere
    edge = np.float32(max(sum(step) / 3, 0.9) + nodule.margin)
    body = np.clip(0.5 - (far - radius * blob) / edge, 0, 1)
    spikes = radius * (blob + _radius(nodule.spicules, unit))
    cover = np.maximum(body, 0.75 * np.clip(0.5 - (far - spikes) / edge, 0, 1))
    tissue = _tissue(nodule, stretched, blob, edge) + _grain(nodule, place)
    return Patch(tissue.astype(np.float32), cover.astype(np.float32), body > 0.5)


def _grid(
    nodule: Nodule, step: tuple[float, float, float], offset: tuple[float, float, float]
) -> NDArray[np.float32]:
    half = [int(np.ceil((nodule.diameter + 2) / s)) for s in step]
    axes = [np.arange(-n, n + 1) * s + o for n, s, o in zip(half, step, offset, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


def _tissue(
    nodule: Nodule, stretched: NDArray[np.float32], blob: NDArray[np.float32], edge: np.float32
) -> NDArray[np.float32]:
    """Solid within the core, ground glass round it."""
    if nodule.core >= 1:
        return np.full(blob.shape, nodule.hu, np.float32)
    if nodule.core <= 0:
        return np.full(blob.shape, nodule.rim, np.float32)
    radius = nodule.diameter / 2
    shift = (nodule.core_shift * radius)[:, None, None, None].astype(np.float32)
    inner = np.sqrt(((stretched - shift) ** 2).sum(axis=0)) - radius * nodule.core * blob
    solid = np.clip(0.5 - inner / (2 * edge), 0, 1)
    return np.asarray(nodule.rim + solid * (nodule.hu - nodule.rim), np.float32)


def procedural_nodule(
    rng: np.random.Generator, diameter_mm: float, kind: Kind, noise_hu: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """HU (fading to lung outside) and mask at 1 mm of a new nodule of this sphere diameter.

    `noise_hu` adds correlated noise, as a cut-out of a real scan has it.
    """
    patch = render(random_nodule(rng, diameter_mm, kind))
    hu = LUNG_HU + patch.cover * (patch.tissue - np.float32(LUNG_HU))
    if noise_hu > 0:
        from scipy.ndimage import gaussian_filter  # heavy, and only pictures need it

        grain = gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), 0.7)
        hu += grain * np.float32(noise_hu / grain.std())
    return hu.astype(np.float32), patch.mask


Volume = NDArray[np.int16] | NDArray[np.float32]


def implant(
    hu: Volume,
    patch_hu: NDArray[np.float32],
    patch_mask: NDArray[np.bool_],
    centre: tuple[int, int, int],
    lung: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Blend a nodule into `hu` in place; returns its truth mask (shape of `hu`).

    The middle voxel of the patch goes to index `centre`; what leaves the volume is cut. The weight is the
    mask, dilated by one voxel and softened, so that no halo is seen. See `blend` for the rest.
    """
    from scipy.ndimage import binary_dilation, gaussian_filter  # heavy, and only pictures need it

    weight = gaussian_filter(binary_dilation(patch_mask).astype(np.float32), 0.6)
    weight = np.maximum(weight, patch_mask).astype(np.float32)
    truth = np.zeros(hu.shape, np.bool_)
    found = blend(hu, Patch(patch_hu, weight, patch_mask), centre, lung)
    if found is not None:
        truth[found[0]] = found[1]
    return truth


def blend(
    hu: Volume, patch: Patch, centre: tuple[int, int, int], lung: NDArray[np.bool_] | None = None
) -> "tuple[Box, NDArray[np.bool_]] | None":
    """`out = bg + cover * max(tissue - bg, -40)` in place: walls and vessels stay.

    Returns the box that was touched, and the truth in it: the mask, limited to the lung dilated by two voxels
    where `lung` is given. None where the patch lies outside.
    """
    from scipy.ndimage import binary_dilation  # heavy, and only pictures need it

    here, there = _overlap(hu.shape, patch.mask.shape, centre)
    if here is None or there is None:
        return None
    background = hu[here].astype(np.float32)
    out = background + patch.cover[there] * np.maximum(patch.tissue[there] - background, KEEP_HU)
    hu[here] = np.rint(out) if hu.dtype == np.int16 else out
    truth = patch.mask[there]
    if lung is not None:
        truth = truth & binary_dilation(lung[here], iterations=2)
    return here, truth


Box = tuple[slice, slice, slice]


def _overlap(
    shape: tuple[int, ...], patch: tuple[int, ...], centre: tuple[int, int, int]
) -> tuple[Box, Box] | tuple[None, None]:
    """Where a patch lies in the volume, and which part of the patch that is; None where they do not meet."""
    here, there = [], []
    for size, side, middle in zip(shape, patch, centre, strict=True):
        first = middle - side // 2
        low, high = max(first, 0), min(first + side, size)
        if low >= high:
            return None, None
        here.append(slice(low, high))
        there.append(slice(low - first, high - first))
    return (here[0], here[1], here[2]), (there[0], there[1], there[2])
