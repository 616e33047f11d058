"""Directions on a sphere and the few things that a star-shaped outline needs: neighbours, look-up, volume.

A star is given by one radius (mm) per direction, seen from a centre; the directions are evenly spread.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

COUNT = 360
"""Rays on the sphere: 10 degrees apart, 1.7 mm at a radius of 10 mm."""

Array = NDArray[np.float64]


@lru_cache(maxsize=1)
def directions() -> Array:
    """(COUNT, 3) unit vectors of a Fibonacci lattice, all with the same share of the sphere."""
    k = np.arange(COUNT) + 0.5
    height = 1 - 2 * k / COUNT
    azimuth = np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - height * height)
    return np.stack([ring * np.cos(azimuth), ring * np.sin(azimuth), height], axis=1)


@lru_cache(maxsize=4)
def neighbours(degrees: float) -> NDArray[np.bool_]:
    """(COUNT, COUNT) True where two rays are at most `degrees` apart (a ray is its own neighbour)."""
    out: NDArray[np.bool_] = directions() @ directions().T >= np.cos(np.radians(degrees)) - 1e-9
    return out


def local_median(radius_mm: Array, usable: NDArray[np.bool_], degrees: float) -> Array:
    """(COUNT,) the (lower) median of the usable rays around each one; NaN where there is none."""
    table = np.where(neighbours(degrees) & usable, radius_mm, np.nan)
    table.sort(axis=1)  # NaN last
    count = np.sum(~np.isnan(table), axis=1)
    out: Array = table[np.arange(COUNT), np.maximum(count - 1, 0) // 2]
    return out


def volume_mm3(radius_mm: Array) -> float:
    """Volume of the star: the mean of r^3 times 4/3 pi."""
    return float(4 / 3 * np.pi * np.mean(radius_mm**3))


def centroid(radius_mm: Array) -> Array:
    """(3,) centre of mass of the star, mm from its centre."""
    out: Array = 0.75 * np.mean(directions() * radius_mm[:, None] ** 4, axis=0) / np.mean(radius_mm**3)
    return out


_POLAR, _AROUND = 36, 72  # cells of 5 degrees


def radius_towards(radius_mm: Array, vectors: Array) -> Array:
    """(...) radius of the star (mm) in the directions of (..., 3) vectors of any length, smoothed."""
    table = (_cells() @ radius_mm).reshape(_POLAR, _AROUND)
    length = np.maximum(np.linalg.norm(vectors, axis=-1), 1e-9)
    polar = np.arccos(np.clip(vectors[..., 2] / length, -1, 1))
    around = np.arctan2(vectors[..., 1], vectors[..., 0]) % (2 * np.pi)
    row = np.minimum((polar / np.pi * _POLAR).astype(int), _POLAR - 1)
    column = np.minimum((around / (2 * np.pi) * _AROUND).astype(int), _AROUND - 1)
    out: Array = table[row, column]
    return out


@lru_cache(maxsize=1)
def _cells() -> Array:
    """(cells, COUNT) weights of the rays near the middle of each cell; a row sums to 1."""
    polar = (np.arange(_POLAR) + 0.5) * np.pi / _POLAR
    around = (np.arange(_AROUND) + 0.5) * 2 * np.pi / _AROUND
    p, a = np.meshgrid(polar, around, indexing="ij")
    middles = np.stack([np.sin(p) * np.cos(a), np.sin(p) * np.sin(a), np.cos(p)], axis=-1).reshape(-1, 3)
    angle = np.degrees(np.arccos(np.clip(middles @ directions().T, -1, 1)))
    weights = np.exp(-0.5 * (angle / 6.0) ** 2)
    out: Array = weights / weights.sum(axis=1, keepdims=True)
    return out


def prepare() -> None:
    """Work the tables out that are kept."""
    directions()
    _cells()
