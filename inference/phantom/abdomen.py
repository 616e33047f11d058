"""Liver, spleen and stomach of a phantom, as far as a CT of the chest shows them."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.fields import Field, Lattice, both, noise, superellipsoid
from inference.phantom.torso import Build, Torso


@dataclass(frozen=True, slots=True)
class Abdomen:
    """Fields in mm, negative inside."""

    liver: Field
    spleen: Field
    stomach: Field
    gas: Field


def abdomen(rng: np.random.Generator, build: Build, torso: Torso, lattice: Lattice) -> Abdomen:
    """Liver, spleen and stomach under the domes."""
    z, y, x = torso.mesh
    room = both(torso.below + 3, torso.cage + 3, 6)
    bumps = noise(rng, lattice, 30) * np.float32(2.5)
    left = build.dome - 11
    edge = x - 34 + 0.35 * np.maximum(left - 20 - z, 0) + 0.25 * np.maximum(y, 0)
    liver = both(room, edge.astype(np.float32) + bumps, 10)
    stomach = superellipsoid(torso.mesh, (left - 40, -14, 60), (50, 52, 44), 2.4)
    stomach = both(both(room + 1.5, stomach + bumps), -(liver - 4), 6)
    spleen = superellipsoid(torso.mesh, (left - 46, 44, 92), (44, 34, 30), 2.2, 0.5) + bumps
    spleen = both(both(room + 1, spleen), -(stomach - 4), 4)
    gas = both(stomach + 5, y + rng.uniform(18, 34) + 0 * x + 0 * z)
    return Abdomen(liver, spleen, stomach, gas.astype(np.float32))
