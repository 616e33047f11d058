"""Lungs to learn from: procedural chests by seed and the allowed real series, at 1 mm, cached on disk.

Seeds are split once and for all: training, harvest of candidates, and those reserved for figures.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.cases import Case
from inference.phantom.chest import chest, chest_background
from inference.pipelines.lungs import find_lungs
from inference.pipelines.working_grid import Resampled, resample
from inference.training.ct_chest import background

TRAINING_SEEDS = range(1, 1000)
HARVEST_SEEDS = range(1000, 2000)
VALIDATION_SEEDS = range(2000, 3000)
RESERVED_SEEDS = range(90000, 100000)

CLEARANCE_MM = 20.0
CHEST_SPACING_MM, CHEST_SHAPE = (1.5, 0.8, 0.8), (190, 360, 440)
CHEST_NODULES, CHEST_SIZES_MM = 14, (4.5, 22.0)


@dataclass(frozen=True, slots=True)
class Background:
    """hu int16 (z, y, x) at 1 mm.

    lung    where a nodule may be implanted
    read    where the pipeline would look for candidates
    usable  False round listed lesions and in parts kept for validation: neither trained on nor counted
    lesions uint8, numbers (1-based) of the nodules that a chest was drawn with; elsewhere 0
    """

    name: str
    real: bool
    hu: NDArray[np.int16]
    lung: NDArray[np.bool_]
    read: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    lesions: NDArray[np.uint8]

    @property
    def litres(self) -> float:
        """Lung that is read and counted."""
        return float((self.read & self.usable).sum()) / 1e6


def phantom_background(seed: int) -> Background:
    """A procedural chest."""
    chest = chest_background(seed)
    lungs = find_lungs(chest.hu.astype(np.float32))
    everywhere, none = np.ones_like(chest.lung), np.zeros(chest.hu.shape, np.uint8)
    return Background(f"phantom_{seed}", False, chest.hu, chest.lung, lungs.closed, everywhere, none)


def whole_chest(seed: int) -> Background:
    """A procedural chest drawn as the demonstration is, with more nodules: finer vessels, scanner voxels."""
    case = chest(
        seed, nodules=CHEST_NODULES, sizes_mm=CHEST_SIZES_MM, spacing_mm=CHEST_SPACING_MM, shape=CHEST_SHAPE
    )
    volume = resample(case, 1.0)
    lungs = find_lungs(volume.hu, volume.known)
    hu = np.rint(volume.hu).astype(np.int16)
    lesions = _numbers(case, volume)
    return Background(f"chest_{seed}", False, hu, lungs.closed, lungs.closed, volume.known, lesions)


def _numbers(case: Case, volume: Resampled) -> NDArray[np.uint8]:
    """The case's lesion numbers on the working grid: those of the nearest voxel (both run z, y, x)."""
    assert case.mask is not None
    step = np.linalg.inv(case.grid.matrix()) @ volume.grid.matrix()
    nearest = [
        np.clip(np.rint(step[k, k] * np.arange(n) + step[k, 3]), 0, case.grid.shape[k] - 1).astype(np.intp)
        for k, n in enumerate(volume.grid.shape)
    ]
    there = np.asarray(case.mask)[np.ix_(*nearest)]
    _, without_gaps = np.unique(np.append(there, 0), return_inverse=True)
    out: NDArray[np.uint8] = without_gaps[:-1].reshape(there.shape).astype(np.uint8)
    return out


def real_background(data: Path, name: str, *, validation: bool = False) -> Background:
    """An allowed series with its listed lesions taken out; of A0001 the half for training or validation."""
    case = background(data, name)
    volume = resample(case, 1.0)
    lungs = find_lungs(volume.hu, volume.known)
    usable = _away_from_lesions(case, volume)
    if name == "lungdx_a0001":
        columns = np.arange(volume.hu.shape[2])  # rise to the patient's left
        middle = float(np.flatnonzero(lungs.closed.any(axis=(0, 1))).mean())
        usable &= (columns > middle) if validation else (columns < middle)
    elif validation:
        raise ValueError(f"{name} is a training background only")
    hu = np.rint(volume.hu).astype(np.int16)
    none = np.zeros(hu.shape, np.uint8)
    return Background(name, True, hu, lungs.closed & usable, lungs.closed, usable, none)


def _away_from_lesions(case: Case, volume: Resampled) -> NDArray[np.bool_]:
    depth, height, width = volume.hu.shape
    usable = np.ones((depth, height, width), bool)
    z, y, x = np.ogrid[:depth, :height, :width]
    for lesion in case.lesions:
        cz, cy, cx = volume.grid.patient_to_index(lesion.center_lps_mm)
        radius = lesion.diameter_mm / 2 + CLEARANCE_MM
        usable &= (z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 > radius**2
    return usable


def cached(folder: Path, name: str, make: Callable[[], Background]) -> Background:
    """Read a background from `folder`, or make and keep it there."""
    path = folder / f"{name}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            masks = [np.unpackbits(arrays[k], count=arrays["hu"].size) for k in ("lung", "read", "usable")]
            lung, read, usable = (m.astype(bool).reshape(arrays["hu"].shape) for m in masks)
            name, real = str(arrays["name"]), bool(arrays["real"])
            return Background(name, real, arrays["hu"], lung, read, usable, arrays["lesions"])
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    lung, read, usable = (np.packbits(mask) for mask in (made.lung, made.read, made.usable))
    unfinished = path.with_suffix(".part.npz")
    np.savez(
        unfinished, hu=made.hu, name=made.name, real=made.real, lung=lung, read=read, usable=usable,
        lesions=made.lesions,
    )  # fmt: skip
    unfinished.replace(path)
    return made


def phantoms(folder: Path, seeds: Iterable[int]) -> list[Background]:
    """Procedural chests, cached."""
    return [cached(folder, f"phantom_{seed}", partial(phantom_background, seed)) for seed in seeds]


def chests(folder: Path, seeds: Iterable[int]) -> list[Background]:
    """Whole procedural chests, cached."""
    return [cached(folder, f"chest_{seed}", partial(whole_chest, seed)) for seed in seeds]


def real_training(folder: Path, data: Path, names: Iterable[str]) -> list[Background]:
    """The allowed series, cached."""
    return [cached(folder, name, partial(real_background, data, name)) for name in names]
