"""Where the nodules of a phantom sit: free in the lung, at the chest wall or at a vessel."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.anatomy import Anatomy
from inference.phantom.fields import Field
from inference.phantom.nodule import Kind, Nodule, random_nodule
from inference.phantom.trees import Points
from inference.phantom.vasculature import Vasculature

APART_MM = 28.0
SITES = ("free", "chest wall", "vessel")


@dataclass(frozen=True, slots=True)
class Placed:
    """A nodule with its centre, mm (z, y, x), and its site (one of `SITES`)."""

    nodule: Nodule
    centre: Points
    site: str


def place_nodules(
    rng: np.random.Generator, patient: Anatomy, vessels: Vasculature, count: int, sizes: tuple[float, float]
) -> tuple[Placed, ...]:
    """`count` nodules with diameters spread evenly over the logarithm of `sizes` (mm); sites take turns.

    At most as many as there is room for: centres stay `APART_MM` from one another.
    """
    low, high = np.log(sizes)
    shares = (np.arange(count) + rng.uniform(0.15, 0.85, count)) / max(count, 1)
    diameters = np.exp(low + (high - low) * shares)
    sites = [SITES[n % 3] for n in rng.permutation(count)]
    out: list[Placed] = []
    for diameter, site in zip(diameters[::-1], sites, strict=True):
        centre = _free_place(rng, patient, vessels, float(diameter), site, out)
        if centre is not None:
            kind = _kind(rng, float(diameter), len(out))
            out.append(Placed(random_nodule(rng, float(diameter), kind), centre, site))
    return tuple(out)


def _kind(rng: np.random.Generator, diameter: float, nth: int) -> Kind:
    """Solid where small; of the larger ones every third is part-solid or pure ground glass."""
    if diameter < 6 or nth % 3 == 0:
        return "solid"
    return ("part-solid", "non-solid", "solid")[int(rng.integers(3))] if nth > 2 else ("part-solid", "non-solid")[nth - 1]


def _free_place(
    rng: np.random.Generator,
    patient: Anatomy,
    vessels: Vasculature,
    diameter: float,
    site: str,
    others: list[Placed],
) -> Points | None:
    side = int(rng.integers(2))
    places = _places(rng, patient, vessels, side, diameter / 2, site)
    for centre in places[rng.permutation(len(places))[:200]]:
        far = [float(np.linalg.norm(centre - other.centre)) for other in others]
        if min(far, default=np.inf) >= APART_MM:
            return np.asarray(centre)
    return None


def _places(
    rng: np.random.Generator, patient: Anatomy, vessels: Vasculature, side: int, radius: float, site: str
) -> Points:
    """Candidate centres, mm (n, 3)."""
    lung, hilum = patient.lungs[side], np.array(patient.hila[side])
    if site == "vessel":
        tubes = [b for b in vessels.arteries + vessels.veins if 4 <= b.leaves <= 60]
        points = np.array([b.path[len(b.path) // 2] for b in tubes]).reshape(-1, 3)
        off = rng.normal(size=points.shape)
        points = points + off / np.linalg.norm(off, axis=1, keepdims=True) * (radius * 0.9 + 0.5)
    else:
        depth = radius * 0.6 if site == "chest wall" else radius + 4
        right_depth = np.abs(lung + depth) < 1 if site == "chest wall" else lung < -depth
        near_wall = patient.wall > -(depth + 1.5)
        index = np.argwhere(right_depth & near_wall if site == "chest wall" else right_depth)
        points = np.stack([patient.coarse.axis(n)[index[:, n]] for n in range(3)], axis=1).astype(np.float64)
    inside = _at(patient, lung, points) < (-radius - 1 if site == "vessel" else 0)
    clear = np.linalg.norm(points - hilum, axis=1) > 30 + radius
    return np.asarray(points[inside & clear])


def _at(patient: Anatomy, field: Field, points: Points) -> Field:
    """The nearest sample of a field at points (n, 3)."""
    start, step = np.array(patient.coarse.start), np.array(patient.coarse.step)
    index = np.clip(np.rint((points - start) / step).astype(np.intp), 0, np.array(field.shape) - 1)
    return np.asarray(field[index[:, 0], index[:, 1], index[:, 2]])
