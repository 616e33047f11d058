"""Arteries, airways and veins of both lungs of a phantom."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.anatomy import Anatomy
from inference.phantom.trees import Branch, Habit, Points, grow, spread

AIRWAY_TIPS = 8
"""An airway accompanies its artery down to where this feeds so many tips; finer ones no CT shows."""


@dataclass(frozen=True, slots=True)
class Vasculature:
    """Tubes in mm; airways are lumina, walls not counted."""

    arteries: tuple[Branch, ...]
    veins: tuple[Branch, ...]
    airways: tuple[Branch, ...]

    def all(self) -> tuple[Branch, ...]:
        """Every tube."""
        return self.arteries + self.veins + self.airways


def vasculature(rng: np.random.Generator, patient: Anatomy, tips: int) -> Vasculature:
    """Trees with about `tips` ends per lung, for arteries and for veins."""
    arteries: list[Branch] = []
    veins: list[Branch] = []
    airways: list[Branch] = []
    for side in range(2):
        root = np.array(patient.hila[side])
        artery = _tree(rng, patient, side, root + np.array([3.0, -9.0, 0.0]), tips)
        arteries += artery
        airways += _beside(rng, artery)
        veins += _tree(rng, patient, side, root + np.array([-6.0, -4.0, 0.0]), tips)
    return Vasculature(tuple(arteries), tuple(veins), tuple(airways))


def _tree(rng: np.random.Generator, patient: Anatomy, side: int, root: Points, tips: int) -> list[Branch]:
    """One tree; it parts into the lobes at its root and keeps off fissure and pleura."""
    coarse, lobe = patient.coarse, patient.lobes[side]
    deep = (patient.lungs[side] < -4) & (np.abs(lobe) > 3)
    index = np.argwhere(deep)
    places = np.stack([coarse.axis(n).astype(np.float64)[index[:, n]] for n in range(3)], axis=1)
    upper = lobe[deep] > 0
    groups = [
        spread(rng, places[part], max(int(tips * part.mean()), 1)) for part in (upper, ~upper) if part.any()
    ]
    outward = np.array([0.0, 0.1, -1.0 if side == 0 else 1.0])
    return grow(rng, root, outward, groups, Habit(tip=float(rng.uniform(0.6, 0.8))))


def _beside(rng: np.random.Generator, artery: list[Branch]) -> list[Branch]:
    """The airways at the side of an artery's larger branches."""
    away = rng.normal(0, 0.25, 3) + np.array([-0.4, 1.0, 0.0])
    away /= np.linalg.norm(away)
    out = []
    for branch in artery:
        if branch.leaves >= AIRWAY_TIPS:
            lumen = branch.radius * 0.65
            path = branch.path + away * (branch.radius + lumen + 0.9)[:, None]
            out.append(Branch(path, lumen, branch.leaves))
    return out
