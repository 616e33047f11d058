"""What a breast is made of: where gland lies, how it is drawn towards the nipple, and the ligaments.

All are fields on the breast's own frame, so that every view and the prior show the same breast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.build import Build
from inference.phantom.breast.texture import Noise, power_law, waves

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tissue:
    """The random fields of one breast. `offset` keeps reads of one cube apart."""

    build: Build
    patches: tuple[Noise, float]
    own: Noise
    grain: Noise
    septa: Noise
    offset: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Woman:
    """What both breasts share: the build, and most of where dense tissue lies."""

    build: Build
    patches: Noise


def woman(rng: np.random.Generator) -> Woman:
    """A random build and the noise that both sides have in common."""
    return Woman(Build.random(rng), power_law(rng, 3.4, 70.0))


def tissue(rng: np.random.Generator, of: Woman) -> Tissue:
    """One breast: seven tenths of its pattern is that of the other side."""
    offset = rng.uniform(0, 128, (4, 3)).astype(np.float32)
    return Tissue(
        of.build,
        (of.patches, 0.7),
        power_law(rng, 3.0, 70.0),
        power_law(rng, 2.6, 22.0),
        waves(rng, 17.0),
        offset,
    )


def gland(of: Tissue, points: Array) -> Array:
    """Share of fibroglandular tissue at `points` (3, ...) of the breast's frame: 0 to about 1."""
    depth, lateral, up = points
    build = of.build
    shared, share = of.patches
    low = share * shared.at(points) + np.sqrt(1 - share**2) * of.own.at(points + _shift(of, 0))
    body = 1 - np.sqrt(
        ((depth - 0.56 * build.depth) / (0.52 * build.depth)) ** 2
        + ((lateral - build.outer) / (0.62 * build.reach)) ** 2
        + ((up - 0.6 * build.outer) / (0.58 * build.reach)) ** 2
    )
    # behind the nipple the gland narrows to its ducts
    behind = np.clip(build.depth - depth, 0, None)
    cone = 1 - np.hypot(lateral, up) / (12 + 0.9 * behind)
    inside = np.minimum(body, 0.9 * cone)
    streaks = of.grain.at(_drawn(of, points, 0.38) + _shift(of, 1))
    level = inside + 0.42 * low + 0.2 * streaks + (build.gland - 1.0)
    share_here = 1 / (1 + np.exp(np.clip(-level / 0.05, -30, 30)))
    nipple = np.exp(-(((behind - 1) / 9) ** 2) - (lateral**2 + up**2) / 5**2)
    return np.asarray(share_here * (0.62 + 0.3 * np.clip(streaks, -1.5, 2)) + 0.45 * nipple, np.float32)


def _drawn(of: Tissue, points: Array, pull: float) -> Array:
    """Places in noise: drawn out (more with a small `pull`) towards the nipple, denser across it."""
    nipple = np.array([of.build.depth + 6, 0, 0], np.float32)
    away = points - nipple.reshape(3, *[1] * (points.ndim - 1))
    far = np.sqrt((away**2).sum(axis=0)) + np.float32(1)
    return np.asarray(away / far * (np.float32(52) + np.float32(pull) * far), np.float32)


def septa(of: Tissue, points: Array) -> tuple[Array, Array]:
    """Two fields that are 0 on Cooper's ligaments: those of the fat, and finer ones along the ducts."""
    of_fat = of.septa.at(_drawn(of, points, 0.6) * np.float32(0.72) + _shift(of, 2))
    of_ducts = of.septa.at(_drawn(of, points, 0.38) * np.float32(1.55) + _shift(of, 3))
    return of_fat, of_ducts


def strength(of: Tissue, points: Array) -> Array:
    """How strong ligaments are: hardly seen in places, thick in others."""
    return np.asarray(np.clip(0.62 + 0.5 * of.own.at(points + _shift(of, 3)), 0.12, 1.6), np.float32)


def _shift(of: Tissue, n: int) -> Array:
    return np.asarray(of.offset[n].reshape(3, 1, 1, 1))
