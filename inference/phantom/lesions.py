"""Where the nodules of a phantom sit: free in the lung, at the chest wall or at a vessel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.anatomy import Anatomy
from inference.phantom.fields import Field, smooth_path
from inference.phantom.nodule import Kind, Nodule, random_nodule
from inference.phantom.trees import Points
from inference.phantom.vasculature import Vasculature

APART_MM = 28.0
"""Smallest distance between two centres."""
HILUM_MM = 30.0
"""No nodule begins nearer to a hilum: there even a reader could not tell it from a vessel."""
LARGE = 0.4
"""A vessel with more than this share of a nodule's radius is large to it: beside it the nodule vanishes."""
GLASS_MM = 6.0
"""Smaller nodules are solid."""
SITES = ("free", "chest wall", "vessel")


@dataclass(frozen=True, slots=True)
class Placed:
    """A nodule with its centre, mm (z, y, x), and its site (one of `SITES`)."""

    nodule: Nodule
    centre: Points
    site: str


@dataclass(frozen=True, slots=True)
class Request:
    """How many nodules, the range of their diameters (mm), and the heights z (mm) between which they lie."""

    count: int
    sizes: tuple[float, float]
    heights: tuple[float, float]


def place_nodules(
    rng: np.random.Generator, patient: Anatomy, vessels: Vasculature, wanted: Request
) -> tuple[Placed, ...]:
    """Diameters spread evenly over the logarithm, largest first; sites and kinds take turns.

    Fewer than asked for only where there is no room: centres stay `APART_MM` from one another.
    """
    shares = (np.arange(wanted.count)[::-1] + rng.uniform(0.15, 0.85, wanted.count)) / max(wanted.count, 1)
    low, high = np.log(wanted.sizes)
    sites = [SITES[n % 3] for n in rng.permutation(wanted.count)]
    kinds: tuple[Kind, ...] = ("solid", "part-solid", "non-solid")
    out: list[Placed] = []
    for number, share in enumerate(shares):
        diameter = float(np.exp(low + (high - low) * share))
        kind = kinds[number % 3] if diameter >= GLASS_MM else "solid"
        places = _places(rng, patient, vessels, diameter / 2, sites[number])
        centre = _first_clear(places, out, wanted.heights, diameter)
        if centre is not None:
            out.append(Placed(random_nodule(rng, diameter, kind), centre, sites[number]))
    return tuple(out)


def _first_clear(
    places: Points, others: list[Placed], heights: tuple[float, float], diameter: float
) -> Points | None:
    """The first of `places` that lies whole between the heights and away from the other nodules."""
    for centre in places:
        far = min((float(np.linalg.norm(centre - other.centre)) for other in others), default=np.inf)
        if far >= APART_MM and heights[0] + diameter < centre[0] < heights[1] - diameter:
            return np.asarray(centre)
    return None


def _places(
    rng: np.random.Generator, patient: Anatomy, vessels: Vasculature, radius: float, site: str
) -> Points:
    """Candidate centres in one lung, mm (n, 3), shuffled."""
    side = int(rng.integers(2))
    lung = patient.lungs[side]
    if site == "vessel":
        points = _at_vessels(rng, vessels, radius)
        points = points[_sample(patient, lung, points) < -radius - 1]
    elif site == "chest wall":
        depth = radius * 0.6
        points = _points(patient, (np.abs(lung + depth) < 1) & (patient.wall > -depth - 1.5))
    else:
        points = _points(patient, lung < -radius - 4)
    clear = np.linalg.norm(points - np.array(patient.hila[side]), axis=1) > HILUM_MM + radius
    clear &= _distance_to_large(points, vessels, radius) > radius + 1
    return np.asarray(rng.permutation(points[clear]))


def _distance_to_large(points: Points, vessels: Vasculature, radius: float) -> NDArray[np.float64]:
    """From each point to the nearest wall (about) of a vessel or airway that is large to the nodule, mm."""
    from scipy.spatial import cKDTree  # heavy, and only pictures need it

    tubes = [tube for tube in vessels.all() if tube.radius.max() > LARGE * radius]
    if not tubes or not len(points):
        return np.full(len(points), np.inf)
    middles = np.vstack([smooth_path(tube.path, 3) for tube in tubes])
    far = cKDTree(middles).query(points)[0]
    return np.asarray(far - max(LARGE * radius, float(np.median([tube.radius.max() for tube in tubes]))))


def _at_vessels(rng: np.random.Generator, vessels: Vasculature, radius: float) -> Points:
    """Centres from which a nodule touches a vessel that is thin beside it."""
    thin = (tube for tube in vessels.arteries + vessels.veins if tube.radius.max() <= LARGE * radius)
    tubes = [tube for tube in thin if tube.leaves > 1]
    middles = np.array([tube.path[len(tube.path) // 2] for tube in tubes]).reshape(-1, 3)
    away = rng.normal(size=middles.shape)
    away *= (radius * 0.9 + 0.5) / np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(middles + away)


def _points(patient: Anatomy, where: NDArray[np.bool_]) -> Points:
    """Coordinates of the coarse samples `where` is true."""
    index = np.argwhere(where)
    return np.stack([patient.coarse.axis(n)[index[:, n]] for n in range(3)], axis=1).astype(np.float64)


def _sample(patient: Anatomy, field: Field, points: Points) -> Field:
    """The nearest coarse sample of a field at points (n, 3)."""
    start, step = np.array(patient.coarse.start), np.array(patient.coarse.step)
    index = np.clip(np.rint((points - start) / step).astype(np.intp), 0, np.array(field.shape) - 1)
    return np.asarray(field[index[:, 0], index[:, 1], index[:, 2]])
