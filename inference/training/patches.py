"""Training patches of stage 1: backgrounds with and without implants, and real cubes; with their targets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.phantom.nodule import implant
from inference.training.augment import scanner, turned
from inference.training.backgrounds import Background
from inference.training.ct_chest import Nodule
from inference.training.harvest import Placed, drawn_with
from inference.training.implants import ImplantMix, random_implant

Place = tuple[int, int, int]
GRID = 2
"""Pitch of the centre map in mm."""
WHOLE = 0.8
"""A nodule of which a patch holds less than this share is not scored."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One sample, 1 mm: hu float32, lesion numbers uint8 (1-based), weight bool (False = not scored)."""

    hu: NDArray[np.float32]
    lesions: NDArray[np.uint8]
    weight: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Targets:
    """centre (z/2, y/2, x/2) float32 0..1, 1 at a lesion's centre; mask (z, y, x); weights of both."""

    centre: NDArray[np.float32]
    mask: NDArray[np.float32]
    centre_weight: NDArray[np.float32]
    mask_weight: NDArray[np.float32]


@dataclass
class PatchSource:
    """Draws patches. `hard` holds, per background, places where the network was wrong."""

    backgrounds: Sequence[Background]
    nodules: Sequence[Nodule]
    cubes: Sequence[Nodule]
    mix: ImplantMix
    hard: dict[str, list[Place]] = field(default_factory=dict)
    hard_share: float = 0.6
    edge_share: float = 0.28
    own_share: float = 0.5
    _own: dict[str, list[Placed]] = field(init=False)
    _inside: dict[str, tuple[NDArray[np.intp], NDArray[np.intp]]] = field(default_factory=dict)
    _litres: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Larger lungs are drawn more often."""
        self._litres = {b.name: b.litres for b in self.backgrounds}
        self._own = {b.name: drawn_with(b) for b in self.backgrounds}

    def batch(self, rng: np.random.Generator, count: int, side: int) -> list[Patch]:
        """A quarter cubes (of their own 40 mm only), the rest half real, half procedural background."""
        real = [b for b in self.backgrounds if b.real]
        made = [b for b in self.backgrounds if not b.real]
        n_cubes = count // 4 if side <= 40 and self.cubes else 0
        out = [self._cube(rng, side) for _ in range(n_cubes)]
        for k in range(count - n_cubes):
            pool = real if (k % 2 == 0 and real) or not made else made
            weights = np.array([self._litres[b.name] for b in pool])
            chosen = pool[int(rng.choice(len(pool), p=weights / weights.sum()))]
            out.append(self.background_patch(rng, chosen, side))
        return out

    def background_patch(self, rng: np.random.Generator, source: Background, side: int) -> Patch:
        """A patch round a place in the lung, half of the time with nodules; else often a hard place.

        The nodules are implanted, or (half of the time, where there are any) those of the chest itself.
        """
        with_nodule = rng.random() < 0.55
        own, hard = self._own[source.name], self.hard.get(source.name, [])
        with_own = with_nodule and bool(own) and rng.random() < self.own_share
        if with_own:
            centre = np.rint(own[int(rng.integers(len(own)))].centre).astype(np.intp) + rng.integers(-8, 9, 3)
        elif not with_nodule and hard and rng.random() < self.hard_share:
            centre = np.array(hard[int(rng.integers(len(hard)))]) + rng.integers(-6, 7, 3)
        else:
            centre = self._place(rng, source) + rng.integers(-8, 9, 3)
        hu = cut(source.hu, centre, side, "edge")
        lung, usable = (cut(mask, centre, side, "constant") for mask in (source.lung, source.usable))
        lesions = cut(source.lesions, centre, side, "constant")
        held = np.bincount(lesions.ravel(), minlength=len(own) + 1)
        for number, nodule in enumerate(own, start=1):
            if 0 < held[number] < WHOLE * nodule.voxels:  # the patch cuts it: its middle is not to be learnt
                inside = lesions == number
                lesions[inside], usable[inside] = 0, False
        if with_nodule and not with_own:
            for extra in range(1, 2 + int(rng.integers(0, max(side // 24, 1)))):
                self._implant(rng, hu, lung, lesions, len(own) + extra)
        hu, lesions, usable = turned(rng, hu, lesions, usable)
        return Patch(scanner(rng, hu.astype(np.float32)), lesions, usable)

    def _implant(
        self,
        rng: np.random.Generator,
        hu: NDArray[np.int16],
        lung: NDArray[np.bool_],
        lesions: NDArray[np.uint8],
        number: int,
    ) -> None:
        margin = 6
        core = lung[margin:-margin, margin:-margin, margin:-margin]
        free = np.flatnonzero(core)
        if not len(free):
            return
        z, y, x = np.unravel_index(int(rng.choice(free)), core.shape)
        made = random_implant(rng, self.nodules, self.mix)
        centre = (int(z) + margin, int(y) + margin, int(x) + margin)
        lesions[implant(hu, made.hu, made.mask, centre, lung)] = number

    def _place(self, rng: np.random.Generator, source: Background) -> NDArray[np.intp]:
        if source.name not in self._inside:
            small = source.lung[::2, ::2, ::2]
            depth = ndimage.distance_transform_edt(small)
            inside, edge = np.argwhere(depth > 2), np.argwhere((depth > 0) & (depth <= 2))
            self._inside[source.name] = (inside[::3] * 2, edge * 2)
        inside, edge = self._inside[source.name]
        pool = edge if (rng.random() < self.edge_share and len(edge)) or not len(inside) else inside
        out: NDArray[np.intp] = pool[int(rng.integers(len(pool)))]
        return out

    def _cube(self, rng: np.random.Generator, side: int) -> Patch:
        """A real cube, shifted by up to 4 mm. Its one reader draws wide: the mask's rim is not scored."""
        cube = self.cubes[int(rng.integers(len(self.cubes)))]
        centre = np.array(cube.hu.shape) // 2 + rng.integers(-4, 5, 3)
        hu = cut(cube.hu, centre, side, "edge")
        mask = cut(cube.mask, centre, side, "constant") >= 0.5
        rim = mask & ~ndimage.binary_erosion(mask)
        hu, lesions, weight = turned(rng, hu, mask.astype(np.uint8), ~rim)
        return Patch(scanner(rng, hu), lesions, weight)


def cut(
    volume: NDArray[Any], centre: NDArray[np.intp], side: int, mode: Literal["edge", "constant"]
) -> NDArray[Any]:
    """A copy of the cube round `centre`; beyond the volume padded (numpy's mode names)."""
    first = centre - side // 2
    inner = tuple(
        slice(min(max(int(f), 0), n - 1), max(min(int(f) + side, n), 1))
        for f, n in zip(first, volume.shape, strict=True)
    )
    pads = [(s.start - int(f), int(f) + side - s.stop) for s, f in zip(inner, first, strict=True)]
    part: NDArray[Any] = volume[inner]
    if any(p != (0, 0) for p in pads):
        part = np.pad(part, [(max(a, 0), max(b, 0)) for a, b in pads], mode=mode)
        return part[:side, :side, :side].copy()
    return part.copy()


def targets(patch: Patch) -> Targets:
    """What the network should say: a Gaussian (0.22 x radius) at each centre, and the mask."""
    shape = patch.hu.shape
    centre = np.zeros([n // GRID for n in shape], np.float32)
    z, y, x = np.ogrid[: centre.shape[0], : centre.shape[1], : centre.shape[2]]
    for number in range(1, int(patch.lesions.max()) + 1):
        inside = np.argwhere(patch.lesions == number)
        if len(inside) < 8:
            continue
        middle = np.rint((inside.mean(axis=0) - 0.5) / GRID).clip(0, np.array(centre.shape) - 1)
        radius = (3 * len(inside) / (4 * np.pi)) ** (1 / 3)
        sigma = float(np.clip(0.22 * radius, 0.8, 2.5))
        far = (z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2
        np.maximum(centre, np.exp(-far / (2 * sigma**2)).astype(np.float32), out=centre)
    weight = patch.weight.astype(np.float32)
    rim_free = ndimage.maximum_filter(weight, 3)[::GRID, ::GRID, ::GRID]
    return Targets(centre, (patch.lesions > 0).astype(np.float32), rim_free, weight)
