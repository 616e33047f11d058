"""Candidates of stage 1 on backgrounds with implants: what stage 2 learns from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from inference.phantom.nodule import implant
from inference.pipelines.candidates import candidates
from inference.pipelines.lungs import find_lungs
from inference.pipelines.tiles import Maps, sweep
from inference.training.backgrounds import Background
from inference.training.implants import Implant

APART_MM = 30
PER_LITRE = 4.5
CUT = 38
"""Side of the stored crops: stage 2's own and some room to shift."""

Draw = Callable[[np.random.Generator], Implant]


@dataclass(frozen=True, slots=True)
class Placed:
    """A nodule, drawn or implanted: centroid and volume of its truth on the background's grid."""

    centre: tuple[float, float, float]
    voxels: int

    @property
    def radius_mm(self) -> float:
        """Of the sphere with the same volume."""
        return float((3 * self.voxels / (4 * np.pi)) ** (1 / 3))


@dataclass(frozen=True, slots=True)
class Harvest:
    """Candidates of one or more volumes.

    hu int16, mask uint8 (0..255), lung bool: (n, 38, 38, 38) round each candidate
    hit, real, peak: (n,)   volume: (n,) number of the volume   missed: added though stage 1 did not find it
    """

    hu: NDArray[np.int16]
    mask: NDArray[np.uint8]
    lung: NDArray[np.bool_]
    hit: NDArray[np.bool_]
    real: NDArray[np.bool_]
    peak: NDArray[np.float32]
    missed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.hit)


def joined(parts: Sequence[Harvest]) -> Harvest:
    """All in one."""
    names = Harvest.__slots__
    return Harvest(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def with_implants(
    rng: np.random.Generator, background: Background, draw: Draw, per_litre: float = PER_LITRE
) -> tuple[NDArray[np.int16], NDArray[np.uint8], list[Placed]]:
    """A copy of the background with nodules 30 mm apart: HU, numbers (1-based) and where they lie.

    Those that it was drawn with come first, in number and among the `per_litre`.
    """
    hu = background.hu.copy()
    numbers = background.lesions.copy()
    free = background.lung & background.usable
    inside = np.argwhere(free[::2, ::2, ::2]) * 2
    placed = drawn_with(background)
    wanted = max(round(per_litre * background.litres), 1)
    for _ in range(20 * wanted):
        if len(placed) >= min(wanted, 250):
            break
        place = inside[int(rng.integers(len(inside)))]
        if all(np.linalg.norm(place - p.centre) > APART_MM + p.radius_mm for p in placed):
            _put(hu, numbers, background.lung, draw(rng), place, placed)
    return hu, numbers, placed


def drawn_with(background: Background) -> list[Placed]:
    """The nodules that are in the background itself, in the order of their numbers."""
    index = np.argwhere(background.lesions)
    number = background.lesions[tuple(index.T)]
    return [_at(index[number == k]) for k in range(1, int(number.max(initial=0)) + 1)]


def _at(voxels: NDArray[np.intp]) -> Placed:
    """The nodule that consists of these voxels (n, 3)."""
    z, y, x = voxels.mean(axis=0)
    return Placed((float(z), float(y), float(x)), len(voxels))


def _put(
    hu: NDArray[np.int16],
    numbers: NDArray[np.uint8],
    lung: NDArray[np.bool_],
    made: Implant,
    place: NDArray[np.intp],
    placed: list[Placed],
) -> None:
    """Implant within a box round the place, so that it costs nothing on a whole chest."""
    reach = made.mask.shape[0] // 2 + 4
    low = [max(int(c) - reach, 0) for c in place]
    box = tuple(slice(a, int(c) + reach + 1) for a, c in zip(low, place, strict=True))
    centre = [int(c) - a for a, c in zip(low, place, strict=True)]
    truth = implant(hu[box], made.hu, made.mask, (centre[0], centre[1], centre[2]), lung[box])
    count = int(truth.sum())
    if count < 8:
        return
    numbers[box][truth] = len(placed) + 1
    placed.append(_at(np.argwhere(truth) + low))


def hit_by(centre: Sequence[float], placed: Sequence[Placed]) -> int | None:
    """The nodule that a mark at `centre` hits: within max(4 mm, radius); the nearest of several."""
    best, number = np.inf, None
    for k, item in enumerate(placed):
        far = float(np.linalg.norm(np.subtract(centre, item.centre)))
        if far <= max(4.0, item.radius_mm) and far < best:
            best, number = far, k
    return number


def harvest(
    network: nn.Module,
    background: Background,
    hu: NDArray[np.int16],
    placed: Sequence[Placed],
    *,
    clip: tuple[float, float],
    tile: int,
    above: float,
    most: int,
) -> Harvest:
    """Candidates of stage 1 on one prepared volume; nodules that it missed are added as positives."""
    real_hu = hu.astype(np.float32)
    lungs = find_lungs(real_hu)
    where = lungs.closed & background.usable
    maps = sweep(network, real_hu, where, clip, tile, lambda _: None)
    found = candidates(maps, where, above, most)
    matched = [hit_by(f.centre, placed) for f in found]
    missed = [p for k, p in enumerate(placed) if k not in matched]
    centres = [f.centre for f in found] + [p.centre for p in missed]
    peaks = [f.peak for f in found] + [_peak_at(maps, p) for p in missed]
    cuts = [_cut(hu, maps, lungs.closed, centre) for centre in centres]
    hit = np.array([m is not None for m in matched] + [True] * len(missed), bool)
    late = np.array([False] * len(found) + [True] * len(missed), bool)
    shape = (0, CUT, CUT, CUT)
    return Harvest(
        np.stack([c[0] for c in cuts]) if cuts else np.zeros(shape, np.int16),
        np.stack([c[1] for c in cuts]) if cuts else np.zeros(shape, np.uint8),
        np.stack([c[2] for c in cuts]) if cuts else np.zeros(shape, bool),
        hit,
        np.full(len(centres), background.real),
        np.array(peaks, np.float32),
        late,
    )


def _peak_at(maps: Maps, item: Placed) -> float:
    """The highest value of the centre map near a nodule."""
    cell = [round(c / 2) for c in item.centre]
    box = tuple(slice(max(c - 2, 0), c + 3) for c in cell)
    return float(maps.centre[box].max(initial=0.0))


def _cut(
    hu: NDArray[np.int16], maps: Maps, lung: NDArray[np.bool_], centre: Sequence[float]
) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.bool_]]:
    first = [round(c) - CUT // 2 for c in centre]
    index = np.ix_(*(np.clip(np.arange(f, f + CUT), 0, n - 1) for f, n in zip(first, hu.shape, strict=True)))
    return hu[index], np.rint(maps.mask[index].astype(np.float32) * 255).astype(np.uint8), lung[index]
