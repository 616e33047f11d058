"""What is to be found in a breast: masses and calcification clusters of known place, size and kind."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from inference.phantom.breast.build import Points
from inference.phantom.breast.shadow import EVERYWHERE, Array, Range, cast
from inference.phantom.breast.view import View
from inference.phantom.fields import Lattice
from inference.phantom.nodule import Nodule, render
from inference.phantom.trees import Branch

Kind = Literal["spiculated mass", "circumscribed mass", "calcification cluster"]
KINDS: tuple[Kind, ...] = ("spiculated mass", "circumscribed mass", "calcification cluster")
CALCIUM = 20.0
"""So many mm of dense tissue weaken the beam like one of calcium."""
DENSITY = {"spiculated mass": 0.72, "circumscribed mass": 0.8}
"""mm of dense tissue that a mm of a mass weighs."""
BODY_MM = 0.3
"""Voxels in which the body of a mass is made."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lesion in its breast.

    centre     (depth, lateral, up), mm, in the frame of the breast
    diameter   mm: of the body of a mass without its spicules; of the ball that holds a cluster
    body       of a mass: how much of each cube of `body_mm` it fills, (beam, y, x); None for a cluster
    threads    spicules or specks: tubes about (0, 0, 0) in (beam, y, x), mm
    """

    id: str
    kind: Kind
    side: str
    centre: tuple[float, float, float]
    diameter: float
    body: Array | None
    threads: tuple[Branch, ...]
    body_mm: float = BODY_MM

    def scaled(self, share: float) -> "Lesion":
        """The same lesion, smaller or larger."""
        threads = tuple(
            replace(thread, path=thread.path * share, radius=thread.radius * np.sqrt(share))
            for thread in self.threads
        )
        return replace(self, diameter=self.diameter * share, body_mm=self.body_mm * share, threads=threads)


def lesion(
    rng: np.random.Generator, name: str, kind: Kind, side: str, centre: Points, diameter: float
) -> Lesion:
    """A new lesion of this kind and size."""
    at = (float(centre[0]), float(centre[1]), float(centre[2]))
    if kind == "calcification cluster":
        return Lesion(name, kind, side, at, diameter, None, _specks(rng, diameter))
    rough = kind == "spiculated mass"
    threads = _spicules(rng, diameter) if rough else ()
    return Lesion(name, kind, side, at, diameter, _body(rng, diameter, rough), threads)


def _body(rng: np.random.Generator, diameter: float, rough: bool) -> Array:
    """Oval and smooth, or of uneven outline and uneven density."""
    count = 26 if rough else 4
    height = rng.uniform(-0.25, 0.4, count) if rough else rng.uniform(-0.06, 0.1, count)
    sharp = rng.uniform(12, 40, count) if rough else rng.uniform(2, 4, count)
    stretch = np.exp(rng.normal(0, 0.08, 3)) if rough else np.array([0.92, 0.95, 1.14])
    grain = np.column_stack([rng.normal(0, 0.9, (40, 3)), rng.uniform(0, 6.28, 40)])
    shape = Nodule(
        diameter, "solid", np.column_stack([_directions(rng, count), height, sharp]), np.zeros((0, 5)),
        stretch / np.cbrt(np.prod(stretch)), 1.0, 0.0, 0.0, np.zeros(3), 1.6 if rough else 0.1, grain,
    )  # fmt: skip
    return render(shape, (BODY_MM,) * 3).cover


def _directions(rng: np.random.Generator, count: int) -> Points:
    out: Points = rng.normal(size=(count, 3))
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True))


def _spicules(rng: np.random.Generator, diameter: float) -> tuple[Branch, ...]:
    """Fine threads that come out of the body on all sides and end in the fat, a little bent."""
    out = []
    for ahead in _directions(rng, int(44 + diameter)):
        far = diameter * rng.uniform(0.7, 1.5)
        t = np.linspace(0.3, 1, 7)[:, None]
        bend = rng.normal(0, 0.16, 3) * far
        path = ahead * far * t + bend * t**2 + rng.normal(0, 0.05, (7, 3))
        out.append(Branch(path * np.array([0.6, 1, 1]), np.linspace(rng.uniform(0.3, 0.55), 0.14, 7), 1))
    return tuple(out)


def _specks(rng: np.random.Generator, diameter: float) -> tuple[Branch, ...]:
    """Eleven to eighteen grains of 0.3 to 0.7 mm, round or drawn out: fine pleomorphic calcifications."""
    out = []
    for _ in range(int(rng.integers(11, 19))):
        middle = _directions(rng, 1)[0] * diameter / 2 * np.cbrt(rng.random()) * np.array([0.6, 1, 1])
        half = _directions(rng, 1)[0] * rng.choice([0.05, 0.05, 0.25, 0.5])
        radius = rng.uniform(0.15, 0.32)
        out.append(
            Branch(
                np.stack([middle - half, middle + half]), np.array([radius, radius * rng.uniform(0.7, 1)]), 1
            )
        )
    return tuple(out)


def cast_lesion(plane: Array, lattice: Lattice, what: Lesion, view: View, slab: Range = EVERYWHERE) -> None:
    """Add the lesion's mm of dense tissue to `plane`, (rows, columns) of `lattice`."""
    centre = view.to_view(what.centre)
    moved = [Branch(thread.path + centre, thread.radius, 1) for thread in what.threads]
    cast(plane, lattice, moved, slab, CALCIUM if what.body is None else 1.6)
    if what.body is not None:
        _cast_body(plane, lattice, what.body * np.float32(DENSITY[what.kind]), what.body_mm, centre, slab)


def _cast_body(
    plane: Array, lattice: Lattice, body: Array, voxel: float, centre: Points, slab: Range
) -> None:
    from scipy.ndimage import map_coordinates  # heavy, and only pictures need it

    half = body.shape[0] // 2
    heights = centre[0] + voxel * np.arange(-half, half + 1)
    within = (heights >= slab[0]) & (heights < slab[1])
    rows = np.flatnonzero(np.abs(lattice.axis(1) - centre[1]) < half * voxel)
    columns = np.flatnonzero(np.abs(lattice.axis(2) - centre[2]) < half * voxel)
    if not within.any() or not len(rows) or not len(columns):
        return
    shadow = body[within].sum(axis=0) * np.float32(voxel)
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    y = (lattice.axis(1)[box[0]] - centre[1]) / voxel + half
    x = (lattice.axis(2)[box[1]] - centre[2]) / voxel + half
    plane[box] += map_coordinates(shadow, np.meshgrid(y, x, indexing="ij"), np.float32, order=1)
