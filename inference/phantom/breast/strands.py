"""Ducts that run from the nipple into the gland, and vessels under the skin."""

import numpy as np

from inference.phantom.breast.build import Build, Points
from inference.phantom.breast.tissue import Tissue, gland
from inference.phantom.breast.view import View
from inference.phantom.fields import smooth_path
from inference.phantom.trees import Branch, Habit, grow, spread


def strands(rng: np.random.Generator, of: Tissue) -> tuple[Branch, ...]:
    """Tubes in the frame of the breast, mm."""
    return (*_ducts(rng, of), *_vessels(rng, of.build))


def seen(tubes: tuple[Branch, ...], view: View) -> list[Branch]:
    """The tubes in the frame of a view."""
    return [Branch(view.to_view(tube.path), tube.radius, tube.leaves) for tube in tubes]


def _ducts(rng: np.random.Generator, of: Tissue) -> list[Branch]:
    """A dozen trees that share the nipple; their tips lie where there is gland."""
    build = of.build
    low = np.array([0.12 * build.depth, -0.6 * build.reach, -0.5 * build.reach])
    high = np.array([0.9 * build.depth, 0.7 * build.reach, 0.6 * build.reach])
    places = rng.uniform(low, high, (12_000, 3))
    dense = gland(of, places.T.astype(np.float32)[:, :, None, None])[:, 0, 0]
    tips = spread(rng, places[dense > 0.3], 150)
    angle = np.arctan2(tips[:, 1], tips[:, 2])
    lobes = [tips[part] for part in np.array_split(np.argsort(angle), 12)]
    nipple = np.array([build.depth - 4, 0.0, 0.0])
    return grow(rng, nipple, np.array([-1.0, 0.0, 0.0]), lobes, Habit(tip=0.26, limit=0.42))


def _vessels(rng: np.random.Generator, build: Build) -> list[Branch]:
    """Winding veins from the rim of the breast towards the nipple, some with a branch."""
    out = []
    for _ in range(int(rng.integers(4, 7))):
        side = rng.uniform(0, 2 * np.pi)
        out.append(
            _vessel(rng, build, side, (rng.uniform(-6, 6), rng.uniform(0.55, 0.82)), rng.uniform(0.7, 1.15))
        )
        if rng.random() < 0.7:
            part = out[-1]
            start = int(len(part.path) * rng.uniform(0.3, 0.6))
            turned = _vessel(rng, build, side + rng.choice([-1, 1]) * rng.uniform(0.5, 0.9), (0, 0.75), 0.6)
            path = turned.path[start:] + (part.path[start] - turned.path[start])
            out.append(Branch(path, turned.radius[start:] * 0.9, 1))
    return out


def _vessel(
    rng: np.random.Generator, build: Build, side: float, span: tuple[float, float], radius: float
) -> Branch:
    """One that comes in at the angle `side` round the axis of the breast, at depths `span` (mm, share)."""
    t = np.linspace(0, 1, 12)
    depth = span[0] + t * (span[1] * build.depth - span[0])
    # under the skin, which is nearer to the axis the further out the vessel comes
    off = 0.86 * build.reach * np.sqrt(np.clip(1 - (depth / (build.depth * 1.02)) ** 2, 0.02, 1))
    turn = side + np.cumsum(rng.normal(0, 0.055, len(t))) + rng.normal(0, 0.25) * t
    points: Points = np.stack([depth, off * np.sin(turn), 0.62 * off * np.cos(turn)], axis=1)
    path = smooth_path(points + rng.normal(0, 0.9, points.shape), 6)
    return Branch(path, np.linspace(radius, 0.55 * radius, len(path)), 1)
