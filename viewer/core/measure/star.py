"""Finding the outline of a nodule as a star: one radius per direction, seen from its centre of mass.

The edge in a direction is where the density has come a given part of the way from the lung's to the nodule's.
Rays that run on into a vessel or the wall are told by their neighbours and by the wall.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer.core.measure import rays
from viewer.core.measure.patch import Array, Patch
from viewer.core.measure.wall import OUTSIDE_HU, Border, border
from viewer.core.reading.finding import Texture

STEP_MM = 0.4
OFF_MM = 3.0
"""How far beside the nodule a mark may be put."""
CONTRAST_HU = 120.0
"""A nodule is at least this much denser than the lung around it."""
LUNG_HU = -600.0
"""Below this a voxel may be lung; the median of those around the mark is the lung's density there."""
CORE_CAP_HU = 60.0
"""Calcium does not lift the threshold: the edge of the soft tissue is measured."""
FAINT_HU = -550.0
"""What stands for the density of a part-solid or non-solid nodule, so that its ground glass is measured."""
EDGE = 0.4
"""Where the edge lies between the lung's density (0) and the nodule's (1). Half-way fits a blurred ball; the
outlines of LIDC's readers lie outside: in 58 solid nodules the diameter of the sphere of equal volume is off
by -1.0 mm with 0.5 and -0.1 mm with 0.4 (the balls of a phantom then measure 0.2 to 0.4 mm too large)."""

TOO_LONG = 1.6
"""A ray that exceeds the median within `WIDE` degrees by this left the nodule (2 : 1 ellipsoids do not)."""
WIDE, NARROW = 60.0, 25.0
BUMP = 1.25
"""The foot of a vessel: a ray may exceed the median within `NARROW` degrees by this."""
SUNK_MM = 2.5
"""How far inside the wall a mark may seem to lie and still be on a flat nodule."""
LOST = 0.6
"""Share of rays without an edge of their own from which nothing is measured."""
LOST_WITHOUT_WALL = 0.12
"""The same where the wall was not looked for: no more than a vessel or two."""
ROUNDS = 5


class NotMeasured(Exception):
    """Why nothing was measured: one sentence."""


@dataclass(frozen=True, slots=True)
class Star:
    """An outline round `centre_mm` (LPS).

    radius_mm     along each of `rays.directions()`
    threshold_hu  of the edge
    border        of the lung, where it was looked for
    assumed       share of the directions in which no edge was seen
    """

    centre_mm: Array
    radius_mm: Array
    threshold_hu: float
    border: Border | None
    assumed: float

    def holds(self, points_mm: Array, slack: float = 1.0) -> NDArray[np.bool_]:
        """Which of (..., 3) points lie inside the outline, taken `slack` times as large."""
        vectors = points_mm - self.centre_mm
        inside: NDArray[np.bool_] = np.linalg.norm(vectors, axis=-1) <= slack * rays.radius_towards(
            self.radius_mm, vectors
        )
        return inside

    def near(self, point_mm: Array) -> bool:
        """Whether a point lies inside, or at most `OFF_MM` outside."""
        vector = point_mm - self.centre_mm
        return bool(np.linalg.norm(vector) <= rays.radius_towards(self.radius_mm, vector) + OFF_MM)


def find_star(patch: Patch, seed_mm: Array, texture: Texture, reach_mm: float, walled: bool) -> Star | None:
    """The nodule round the seed; None where it does not end within reach. Raises `NotMeasured`.

    walled: look for the lung's border too (slower, needs a patch a good deal larger than the reach)
    """
    lung_hu = _lung_hu(patch)
    centre = _into_tissue(patch, seed_mm, lung_hu)
    radius_mm, wall, star = 1.5, None, None
    for _ in range(ROUNDS):
        threshold = _threshold(patch, centre, radius_mm, lung_hu, texture)
        if walled and wall is None:
            wall = _holding(border(patch, centre, reach_mm + 6, threshold), centre)
        star = _cast(patch, centre, threshold, reach_mm, wall)
        if star is None:
            return None
        shift = rays.centroid(star.radius_mm)
        radius_mm = float(np.median(star.radius_mm))
        if np.linalg.norm(shift) < STEP_MM / 4:
            break
        centre = centre + shift
    if star is not None and not star.near(seed_mm):
        raise NotMeasured("It runs into something larger beside it.")
    return star


def _lung_hu(patch: Patch) -> float:
    lung = patch.hu[(patch.hu < LUNG_HU) & (patch.hu > OUTSIDE_HU)]
    if lung.size < 0.02 * patch.hu.size:
        raise NotMeasured("There is no lung around the mark.")
    return float(np.median(lung))


def _into_tissue(patch: Patch, seed: Array, lung_hu: float) -> Array:
    """The seed, or the densest point within 3 mm of it where the seed itself is in lung."""
    if patch.sample(seed) >= lung_hu + CONTRAST_HU:
        return seed
    around = np.concatenate([rays.directions() * distance for distance in (1.0, 2.0, OFF_MM)]) + seed
    best: Array = around[np.argmax(patch.sample(around))]
    return best


def _threshold(patch: Patch, centre: Array, radius_mm: float, lung_hu: float, texture: Texture) -> float:
    """HU of the edge, from the lung and the nodule's core (or the faint rim where the texture has one)."""
    inner = np.concatenate([centre + rays.directions() * radius_mm * part for part in (0.0, 0.25, 0.5)])
    core = min(float(np.percentile(patch.sample(inner), 75)), CORE_CAP_HU)
    if texture is not Texture.SOLID:
        core = min(core, FAINT_HU)
    if core < lung_hu + CONTRAST_HU:
        raise NotMeasured("Nothing denser than the lung lies under the mark.")
    return lung_hu + EDGE * (core - lung_hu)


def _holding(wall: Border, centre: Array) -> Border:
    """The border, pushed back a little where the ball sank into a flat nodule. Raises `NotMeasured`."""
    depth = float(wall.depth(centre))
    if depth < -SUNK_MM:
        raise NotMeasured("The mark lies in the chest wall, the diaphragm or the mediastinum.")
    return wall if depth >= 1 else replace(wall, depth_mm=wall.depth_mm + 1 - depth)


def _cast(patch: Patch, centre: Array, threshold: float, reach_mm: float, wall: Border | None) -> Star | None:
    """Radius in every direction; None where too many have no edge of their own."""
    edge = first_below(patch.sample, threshold, centre, rays.directions(), reach_mm)
    stop = np.full(rays.COUNT, np.inf)
    if wall is not None:
        stop = first_below(wall.depth, 0.0, centre, rays.directions(), reach_mm)
    radius = np.minimum(edge, stop)
    usable = np.isfinite(radius)
    for _ in range(2):
        around = rays.local_median(radius, usable, WIDE)
        usable = usable & (radius <= TOO_LONG * around)
    unseen = float(np.mean(~usable | (stop < edge)))
    if unseen > (LOST_WITHOUT_WALL if wall is None else LOST):
        return None
    around = rays.local_median(radius, usable, WIDE)
    radius = np.where(usable, radius, np.where(np.isfinite(around), around, np.median(radius[usable])))
    radius = np.minimum(radius, BUMP * rays.local_median(radius, usable | True, NARROW))
    return Star(centre, radius, threshold, wall, unseen)


def first_below(
    value: Callable[[Array], Array], threshold: float, centre: Array, directions: Array, reach_mm: float
) -> Array:
    """(n,) mm along each ray to where `value` falls below the threshold for two steps; else inf."""
    steps = np.arange(0, reach_mm + STEP_MM, STEP_MM)
    values = value(centre + directions[:, None] * steps[:, None])
    below = values < threshold
    ends = ~below[:, :-2] & below[:, 1:-1] & below[:, 2:]
    first = np.argmax(ends, axis=1)
    rows = np.arange(len(values))
    inner, outer = values[rows, first], values[rows, first + 1]
    part = (inner - threshold) / np.maximum(inner - outer, 1e-6)
    return np.where(ends.any(axis=1), steps[first] + part * STEP_MM, np.inf)
