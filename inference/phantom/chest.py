"""The procedural chest: anatomy, lungs with their trees, and a CT picture of them.

Seeds are reserved, so that nothing is ever tested on what it was trained on:
0-9999 training, 90000-90099 evaluation backgrounds, 95000-95099 demonstration chests, 7 the shipped demo study
(training leaves 7 out).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.disease import disease
from inference.phantom.fields import Field, Lattice, Point, Reader, both, coarse_lattice, noise, union
from inference.phantom.layers import Layer, paint
from inference.phantom.mediastinum import Abdomen, Mediastinum, abdomen, mediastinum
from inference.phantom.scanner import Scan, add_noise, blur
from inference.phantom.skeleton import Skeleton, skeleton
from inference.phantom.torso import Build, Torso, torso
from inference.phantom.trees import Branch, Habit, grow, paint_tubes, spread

DEMO_SEED = 7
TRAINING_SEEDS = range(10_000)
EVALUATION_SEEDS = range(90_000, 90_100)
DEMONSTRATION_SEEDS = range(95_000, 95_100)


@dataclass(frozen=True, slots=True)
class Background:
    """A chest without nodules, 1 mm isotropic: `hu` int16 (z, y, x), z rising to the head; `lung` likewise."""

    hu: NDArray[np.int16]
    lung: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A patient as fields on the coarse grid of a picture."""

    build: Build
    layers: tuple[Layer, ...]
    lungs: tuple[Field, Field]
    lobes: tuple[Field, Field]
    hila: tuple[Point, Point]
    coarse: Lattice


def chest_background(seed: int, *, shape_mm: tuple[int, int, int] = (230, 250, 320)) -> Background:
    """A chest for training: random build, trees, disease and scanner, all from `seed`; about 10 s on one core."""
    rng = np.random.default_rng([seed, 1])
    build = Build.random(rng)
    scan = Scan.random(rng)
    low = float(rng.uniform(-12, max(build.height - 210, 0)))
    start = (low, -(shape_mm[1] - 1) / 2, -(shape_mm[2] - 1) / 2)
    lattice = Lattice(start, (1.0, 1.0, 1.0), shape_mm)
    patient = anatomy(rng, build, coarse_lattice((-25.0, -130.0, -165.0), (250.0, 130.0, 165.0)))
    hu, lung = picture(patient, lattice)
    paint_trees(rng, patient, lattice, hu, tips=520)
    blur(hu, scan, lattice.step)
    add_noise(rng, hu, scan, noise_map(build, lattice))
    return Background(np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), lung)


def anatomy(rng: np.random.Generator, build: Build, coarse: Lattice) -> Anatomy:
    """Draw a patient of this build on the grid `coarse`."""
    trunk = torso(rng, build, coarse)
    middle = mediastinum(rng, build, trunk, coarse)
    organs = abdomen(rng, build, trunk, coarse)
    bones = skeleton(build, trunk)
    inside = both(both(trunk.cage, -middle.hull, 4), -trunk.below, 3)
    x = trunk.mesh[2] + 0 * inside
    lungs = (both(inside, x), both(inside, -x))
    layers = (*_soft(rng, build, trunk, middle, organs, coarse), *_bony(rng, bones, coarse),
              *_lung(rng, build, trunk, lungs, coarse))  # fmt: skip
    lobes = _fissures(rng, build, trunk, coarse)
    layers += (*_fissure_layers(lungs, lobes), *disease(rng, build, lungs, coarse))
    return Anatomy(build, layers, lungs, lobes, middle.hila, coarse)


def _soft(
    rng: np.random.Generator,
    build: Build,
    trunk: Torso,
    middle: Mediastinum,
    organs: Abdomen,
    coarse: Lattice,
) -> list[Layer]:
    fat, fine = noise(rng, coarse, 24), noise(rng, coarse, 7)
    septa = both(np.abs(noise(rng, coarse, 15)) * 8 - 0.35, trunk.body + 4)
    blood = build.blood
    return [
        Layer(trunk.body, 25.0),
        Layer(trunk.body + 2.0, -104.0, fat, 6.0),
        Layer(septa, -70.0),
        Layer(trunk.muscle, 54.0, fine, 7.0),
        Layer(both(trunk.planes, trunk.muscle), -70.0, fat, 10.0),
        Layer(trunk.cage - 1.5, -98.0, fat, 6.0),
        Layer(both(trunk.below, trunk.cage), 48.0),
        Layer(both(trunk.below + 3, trunk.cage + 3), -100.0, fat, 6.0),
        Layer(organs.liver, 58.0 + 0.25 * max(blood - 50, 0), fine, 4.0),
        Layer(organs.spleen, 50.0 + 0.35 * max(blood - 50, 0), fine, 3.0),
        Layer(organs.stomach, 42.0),
        Layer(organs.stomach + 4, 22.0, fine, 8.0),
        Layer(organs.gas, -990.0),
        Layer(middle.heart, 48.0 + 0.35 * max(blood - 50, 0), fine, 3.0),
        Layer(middle.chambers, blood, fine, 2.0),
        Layer(middle.gullet, 40.0),
        Layer(middle.vessels, blood + 2, fine, 2.0),
        Layer(middle.airway - 1.6, 20.0),
        Layer(middle.airway, -1000.0),
    ]


def _bony(rng: np.random.Generator, bones: Skeleton, coarse: Lattice) -> list[Layer]:
    marrow = noise(rng, coarse, 8)
    return [
        Layer(bones.cartilage, 95.0, marrow, 14.0),
        Layer(bones.disc, 75.0),
        Layer(bones.canal, 22.0),
        Layer(bones.bone, 560.0, marrow, 60.0),
        Layer(bones.bone + 1.8, 150.0, marrow, 38.0),
    ]


def _lung(
    rng: np.random.Generator, build: Build, trunk: Torso, lungs: tuple[Field, Field], coarse: Lattice
) -> list[Layer]:
    """Parenchyma, denser towards the back, where a supine lung is heavy."""
    z, y, x = trunk.mesh
    slope = rng.uniform(15, 50)
    texture = y / 80 * slope + noise(rng, coarse, 14) * 9 + noise(rng, coarse, 45) * 12 + 0 * x + 0 * z
    texture = texture + np.maximum(y - 50, 0) * np.float32(rng.uniform(0, 2))
    both_lungs = union(lungs[0], lungs[1])
    out = [Layer(both_lungs, build.lung, texture.astype(np.float32), 1.0)]
    return out


def _fissures(rng: np.random.Generator, build: Build, trunk: Torso, coarse: Lattice) -> tuple[Field, Field]:
    """Per side the oblique fissure: a wavy sheet, positive above and in front of it."""
    z, y, _ = trunk.mesh
    out = []
    for _ in range(2):
        tilt, level = rng.uniform(0.85, 1.1), rng.uniform(0.40, 0.48) * build.height
        sheet = (z - level + (y - 0) * tilt * -1.0) / np.sqrt(1 + tilt**2)
        out.append((sheet + noise(rng, coarse, 55) * 5).astype(np.float32))
    return out[0], out[1]


def _fissure_layers(lungs: tuple[Field, Field], lobes: tuple[Field, Field]) -> Iterable[Layer]:
    for lung, lobe in zip(lungs, lobes, strict=True):
        yield Layer(both(np.abs(lobe) - 0.25, lung), -690.0)


def picture(patient: Anatomy, lattice: Lattice) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """HU (float32) of all layers, and the lung mask, on the lattice. Trees come later."""
    reader = Reader(patient.coarse, lattice)
    hu = np.full(lattice.shape, -1000, np.float32)
    lung = np.zeros(lattice.shape, np.bool_)
    whole = union(patient.lungs[0], patient.lungs[1])
    for k in range(lattice.shape[0]):
        for layer in patient.layers:
            paint(reader, layer, k, hu[k], lattice.step[1])
        box = reader.reach(whole, k, 0.0)
        if box is not None:
            lung[k][box] = reader.plane(whole, k, box) < 0
    return hu, lung


def paint_trees(
    rng: np.random.Generator, patient: Anatomy, lattice: Lattice, hu: NDArray[np.float32], tips: int
) -> None:
    """Arteries with the airways at their side, and veins, into `hu`; `tips` ends per vessel tree."""
    arteries, veins, airways = [], [], []
    for side in range(2):
        artery, airway, vein = _lung_trees(rng, patient, side, tips)
        arteries += artery
        airways += airway
        veins += vein
    _blend(hu, lattice, arteries + veins, patient.build.blood)
    _blend(hu, lattice, airways, -150.0, 0.8)
    _blend(hu, lattice, airways, -960.0)


def _blend(
    hu: NDArray[np.float32], lattice: Lattice, tubes: list[Branch], value: float, grow_mm: float = 0.0
) -> None:
    cover = np.zeros(lattice.shape, np.uint8)
    paint_tubes(cover, lattice, tubes, grow_mm)
    for plane, share in zip(hu, cover, strict=True):
        if share.any():
            plane += share * np.float32(1 / 255) * (np.float32(value) - plane)


def _lung_trees(
    rng: np.random.Generator, patient: Anatomy, side: int, tips: int
) -> tuple[list[Branch], list[Branch], list[Branch]]:
    """Artery, airway and vein trees of one lung; each parts into the lobes at its root."""
    coarse = patient.coarse
    deep = (patient.lungs[side] < -4) & (np.abs(patient.lobes[side]) > 3)
    axes = [coarse.axis(n).astype(np.float64) for n in range(3)]
    index = np.argwhere(deep)
    places = np.stack([axes[n][index[:, n]] for n in range(3)], axis=1)
    upper = patient.lobes[side][deep] > 0
    root = np.array(patient.hila[side])
    out = np.array([0.0, 0.1, -1.0 if side == 0 else 1.0])
    trees = []
    for shift in ((3.0, -9.0, 0.0), (-6.0, -4.0, 0.0)):
        groups = [spread(rng, places[upper == top], max(int(tips * share), 1)) for top, share in
                  ((True, upper.mean()), (False, 1 - upper.mean()))]  # fmt: skip
        trees.append(grow(rng, root + np.array(shift), out, groups, Habit(tip=float(rng.uniform(0.6, 0.8)))))
    artery, vein = trees
    airway = _beside(rng, artery)
    return artery, airway, vein


def _beside(rng: np.random.Generator, artery: list[Branch]) -> list[Branch]:
    """Airways run along the arteries, to where these feed eight tips."""
    away = rng.normal(0, 0.25, 3) + np.array([-0.4, 1.0, 0.0])
    away /= np.linalg.norm(away)
    out = []
    for branch in artery:
        if branch.leaves >= 8:
            radius = branch.radius * 0.65
            path = branch.path + away * (branch.radius + radius + 0.9)[:, None]
            out.append(Branch(path, radius, branch.leaves))
    return out


def noise_map(build: Build, lattice: Lattice) -> NDArray[np.float32]:
    """How noisy each pixel is (rows, columns): most where rays cross the most tissue."""
    _, y, x = lattice.mesh()
    far = (x[0] / (build.width + 30)) ** 2 + (y[0] / (build.depth + 40)) ** 2
    return np.asarray(0.5 + 0.55 * np.exp(-1.1 * far), np.float32)
