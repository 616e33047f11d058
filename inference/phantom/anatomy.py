"""A whole patient of a given build: every tissue of the chest as a layer, in the order of painting."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.abdomen import Abdomen, abdomen
from inference.phantom.disease import disease
from inference.phantom.fields import Field, Lattice, Point, both, noise, union
from inference.phantom.layers import Layer
from inference.phantom.mediastinum import Mediastinum, mediastinum
from inference.phantom.skeleton import Skeleton, skeleton
from inference.phantom.torso import Build, Torso, torso


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A patient as fields on the grid `coarse`.

    lungs   right, left; negative inside
    lobes   per side the oblique fissure: positive above and in front of it
    wall    the space inside of the ribs, negative inside: tells the costal pleura from the mediastinal
    hila    per side where bronchi and vessels enter the lung
    """

    build: Build
    coarse: Lattice
    layers: tuple[Layer, ...]
    lungs: tuple[Field, Field]
    lobes: tuple[Field, Field]
    wall: Field
    hila: tuple[Point, Point]


def anatomy(rng: np.random.Generator, build: Build, coarse: Lattice) -> Anatomy:
    """Draw a patient of this build on the grid `coarse` (see `fields.coarse_lattice`)."""
    trunk = torso(rng, build, coarse)
    middle = mediastinum(rng, build, trunk, coarse)
    organs = abdomen(rng, build, trunk, coarse)
    inside = both(both(trunk.cage, -middle.hull, 4), -trunk.below, 3)
    x = trunk.mesh[2] + np.zeros_like(inside)
    lungs = (both(inside, x), both(inside, -x))
    lobes = _fissures(rng, build, trunk, coarse)
    layers = [
        *_wall(rng, build, trunk, coarse),
        *_organs(rng, build, middle, organs, coarse),
        *_bones(rng, skeleton(build, trunk), coarse),
        *_lungs(rng, build, trunk, union(*lungs), coarse),
        *(Layer(lobe, -600.0, half=0.35, within=lung) for lung, lobe in zip(lungs, lobes, strict=True)),
        *disease(rng, lungs, coarse),
    ]
    return Anatomy(build, coarse, tuple(layers), lungs, lobes, trunk.cage, middle.hila)


def _wall(rng: np.random.Generator, build: Build, trunk: Torso, coarse: Lattice) -> list[Layer]:
    """Skin, fat with septa, muscles; the fat that fills the cage; the diaphragm and the fat below it."""
    fat, fine = noise(rng, coarse, 24), noise(rng, coarse, 7)
    shoulder = 0.9 * build.height - trunk.mesh[0] + np.zeros_like(trunk.cage)
    folds = noise(rng, coarse, 30) * np.float32(14) - 9
    septa = noise(rng, coarse, 18) * np.float32(9)
    return [
        Layer(trunk.body, 25.0),
        Layer(trunk.body + 2.0, -104.0, fat, 6.0),
        Layer(septa, -60.0, half=0.25, within=trunk.body + 4),
        Layer(trunk.muscle, 54.0, fine, 7.0),
        Layer(trunk.sheath, -95.0, half=0.9, within=both(trunk.muscle + 1, -shoulder)),
        Layer(trunk.seam, -80.0, half=0.6, within=both(trunk.muscle + 3, -shoulder)),
        Layer(folds, -30.0, half=0.5, within=both(trunk.muscle + 3, shoulder)),
        Layer(trunk.cage - 1.5, -98.0, fat, 6.0),
        Layer(both(trunk.below, trunk.cage), 48.0),
        Layer(both(trunk.below + 3, trunk.cage + 3), -100.0, fat, 6.0),
    ]


def _organs(
    rng: np.random.Generator, build: Build, middle: Mediastinum, organs: Abdomen, coarse: Lattice
) -> list[Layer]:
    fine, contrast = noise(rng, coarse, 8), max(build.blood - 50, 0)
    return [
        Layer(organs.liver, 58 + 0.25 * contrast, fine, 4.0),
        Layer(organs.spleen, 50 + 0.35 * contrast, fine, 3.0),
        Layer(organs.stomach, 42.0),
        Layer(organs.stomach + 4, 22.0, fine, 8.0),
        Layer(organs.gas, -990.0),
        Layer(middle.heart, 48 + 0.35 * contrast, fine, 3.0),
        Layer(middle.chambers, build.blood, fine, 2.0),
        Layer(middle.grooves, -85.0, within=middle.heart - 1),
        Layer(middle.coronaries, build.blood),
        Layer(middle.heart - 4.5, 25.0, half=0.7, within=middle.sac),
        Layer(middle.gullet, 40.0),
        Layer(middle.vessels, build.blood + 2, fine, 2.0),
        Layer(middle.airway, 20.0),
        Layer(middle.lumen, -1000.0),
    ]


def _bones(rng: np.random.Generator, bones: Skeleton, coarse: Lattice) -> list[Layer]:
    marrow = noise(rng, coarse, 8)
    return [
        Layer(bones.cartilage, 95.0, marrow, 14.0),
        Layer(bones.disc, 75.0),
        Layer(bones.canal, 22.0),
        Layer(bones.bone, 560.0, marrow, 60.0),
        Layer(bones.bone + 1.8, 150.0, marrow, 38.0),
    ]


def _lungs(
    rng: np.random.Generator, build: Build, trunk: Torso, whole: Field, coarse: Lattice
) -> list[Layer]:
    """Parenchyma, denser towards the back, where a supine lung is heavy."""
    y = trunk.mesh[1]
    texture = y / 80 * rng.uniform(15, 50) + np.maximum(y - 50, 0) * rng.uniform(0, 2)
    texture = texture + noise(rng, coarse, 14) * 9 + noise(rng, coarse, 45) * 12
    return [Layer(whole, build.lung, texture.astype(np.float32), 1.0)]


def _fissures(rng: np.random.Generator, build: Build, trunk: Torso, coarse: Lattice) -> tuple[Field, Field]:
    """Wavy sheets that rise to the back."""
    z, y, _ = trunk.mesh
    out = []
    for _side in range(2):
        tilt, level = rng.uniform(0.85, 1.1), rng.uniform(0.40, 0.48) * build.height
        sheet = (z - level - y * tilt) / np.hypot(1, tilt)
        out.append((sheet + noise(rng, coarse, 55) * 5).astype(np.float32))
    return out[0], out[1]
