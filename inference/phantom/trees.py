"""Branching vessels and airways of a phantom's lungs: grown by halving target points, painted as tubes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.fields import Lattice

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Branch:
    """A curved tapering tube: `path` (n, 3) mm (z, y, x), `radius` (n,) mm; it feeds `leaves` tips."""

    path: Points
    radius: Points
    leaves: int


@dataclass(frozen=True, slots=True)
class Habit:
    """How a tree grows: tip radius (mm), the exponent of Murray's law, and how far a branch goes, 0 to 1."""

    tip: float = 0.5
    murray: float = 2.8
    stride: float = 0.4
    limit: float = 6.0

    def radius(self, leaves: int) -> float:
        """Radius (mm) of a branch that feeds `leaves` tips."""
        return float(min(self.tip * leaves ** (1 / self.murray), self.limit))


def grow(
    rng: np.random.Generator, root: Points, heading: Points, targets: list[Points], habit: Habit
) -> list[Branch]:
    """A tree from `root` to all `targets`, mm; the groups of `targets` (lobes) part at the root."""
    out: list[Branch] = []
    total = sum(len(group) for group in targets)
    stack = [(root, heading, group, habit.radius(total)) for group in targets if len(group)]
    while stack:
        start, ahead, points, width = stack.pop()
        branch = _branch(rng, start, ahead, points, width, habit)
        out.append(branch)
        if len(points) > 1:
            tip = branch.path[-1]
            onward = branch.path[-1] - branch.path[-2]
            onward = onward / (np.linalg.norm(onward) + 1e-9)
            stack += [(tip, onward, half, float(branch.radius[-1])) for half in _halves(rng, points)]
    return out


def _halves(rng: np.random.Generator, points: Points) -> list[Points]:
    """Two uneven halves along a jittered principal axis."""
    centred = points - points.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, 2] + rng.normal(0, 0.3, 3)
    order = np.argsort(centred @ axis)
    cut = round(len(points) * rng.uniform(0.3, 0.7))
    cut = min(max(cut, 1), len(points) - 1)
    return [points[order[:cut]], points[order[cut:]]]


def _branch(
    rng: np.random.Generator, start: Points, ahead: Points, points: Points, width: float, habit: Habit
) -> Branch:
    """From `start`, first along `ahead`, then bending towards the middle of `points`."""
    goal = points.mean(axis=0) - start
    far = float(np.linalg.norm(goal)) + 1e-6
    stride = 1.0 if len(points) == 1 else habit.stride * rng.uniform(0.8, 1.2)
    end = start + goal * stride
    reach = far * stride
    knee = start + ahead * reach * 0.28 + goal / far * reach * 0.2 + rng.normal(0, 0.04, 3) * reach
    t = np.linspace(0, 1, int(np.clip(reach / 4, 2, 6)) + 1)[:, None]
    path = (1 - t) ** 2 * start + 2 * t * (1 - t) * knee + t**2 * end
    own = habit.radius(len(points))
    first = min(width, own * 1.15)
    last = own if len(points) > 1 else 0.7 * own
    return Branch(path, first + (last - first) * t[:, 0], len(points))


def spread(rng: np.random.Generator, places: Points, count: int) -> Points:
    """`count` of `places` (n, 3), random but evenly apart: every point lies nearest to its own share."""
    from scipy.spatial import cKDTree  # heavy, and only pictures need it

    pool = places[rng.permutation(len(places))[: count * 8]]
    chosen = pool[:count].copy()
    for _ in range(2):  # two rounds of Lloyd's relaxation
        owner = cKDTree(chosen).query(pool)[1]
        size = np.bincount(owner, minlength=count)
        for axis in range(3):
            total = np.bincount(owner, weights=pool[:, axis], minlength=count)
            chosen[:, axis] = np.where(size > 0, total / np.maximum(size, 1), chosen[:, axis])
    return chosen + rng.normal(0, 1.5, chosen.shape)


def paint_tubes(
    cover: NDArray[np.uint8], lattice: Lattice, branches: Iterable[Branch], grow_mm: float = 0.0
) -> None:
    """Cover (0 to 255, partial volume) of the tubes on the lattice; `grow_mm` widens them (walls)."""
    axes = [lattice.axis(n) for n in range(3)]
    edge = np.float32(sum(lattice.step) / 3)
    for branch in branches:
        for a, b, ra, rb in zip(
            branch.path[:-1], branch.path[1:], branch.radius[:-1], branch.radius[1:], strict=True
        ):
            _paint_cone(cover, lattice, axes, edge, (a, b, ra + grow_mm, rb + grow_mm))


def _paint_cone(
    cover: NDArray[np.uint8],
    lattice: Lattice,
    axes: list[NDArray[np.float32]],
    edge: np.float32,
    cone: tuple[Points, Points, float, float],
) -> None:
    a, b, ra, rb = cone
    reach = max(ra, rb) + float(edge)
    box = []
    for n in range(3):
        ends = (float(a[n]) - lattice.start[n], float(b[n]) - lattice.start[n])
        low, high = (min(ends) - reach) / lattice.step[n], (max(ends) + reach) / lattice.step[n]
        first, last = max(int(np.ceil(low)), 0), min(int(np.floor(high)) + 1, lattice.shape[n])
        if first >= last:
            return
        box.append(slice(first, last))
    line = (b - a).astype(np.float32)
    z, y, x = (axes[n][box[n]] - np.float32(a[n]) for n in range(3))
    z, y, x = z[:, None, None], y[None, :, None], x[None, None, :]
    t = np.clip((z * line[0] + y * line[1] + x * line[2]) / np.float32(max(float(line @ line), 1e-6)), 0, 1)
    far = np.sqrt((z - t * line[0]) ** 2 + (y - t * line[1]) ** 2 + (x - t * line[2]) ** 2)
    share = np.clip(0.5 - (far - np.float32(ra) - t * np.float32(rb - ra)) / edge, 0, 1) * 255
    part = cover[box[0], box[1], box[2]]
    np.maximum(part, share.astype(np.uint8), out=part)
