"""Bones of a phantom: ribs, costal cartilage, sternum, scapulae, clavicles and vertebrae as fields."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.fields import Field, both, tube, union
from inference.phantom.torso import PI, Build, Torso

VERTEBRA_MM = 24.0
RIB_MM = 25.0


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Fields in mm, negative inside."""

    bone: Field
    cartilage: Field
    disc: Field
    canal: Field


def skeleton(build: Build, torso: Torso) -> Skeleton:
    """All bones of the chest on the torso's lattice."""
    ribs, cartilage = _ribs(build, torso)
    vertebrae, disc, canal = _vertebrae(torso)
    bone = union(ribs, vertebrae)
    for part in (_sternum(build, torso), _scapulae(build, torso), _clavicles(build, torso)):
        bone = union(bone, part)
    return Skeleton(bone, cartilage, disc, canal)


def _ellipse(u: Field, v: Field, ru: float, rv: float) -> Field:
    """First-order distance to an ellipse."""
    norm = np.sqrt((u / ru) ** 2 + (v / rv) ** 2) + np.float32(1e-3)
    slope = np.sqrt((u / ru**2) ** 2 + (v / rv**2) ** 2) / norm
    out: Field = ((norm - 1) / np.maximum(slope, 1 / max(ru, rv))).astype(np.float32)
    return out


def _ribs(build: Build, torso: Torso) -> tuple[Field, Field]:
    """Ribs run forward and down in the chest wall: one periodic field gives all of them."""
    z, y, x = torso.mesh
    fall = np.clip((0.93 * PI - torso.angle) / (0.74 * PI), 0, 1)
    fall = fall * fall * (3 - 2 * fall)
    drop = 55 + 40 * np.clip((build.height - z) / (0.6 * build.height), 0, 1)
    height = z + drop * fall - 6
    across = (height / RIB_MM - np.floor(height / RIB_MM) - 0.5) * np.float32(RIB_MM * 0.93)
    ring = _ellipse(torso.cage - 5.6, across, 3.7, 6.0)
    top = z - build.height - 4
    # they end at the side of the spine
    spine = np.where((np.abs(x) < 36) & (y > 0), torso.spine_y + 4 - y, np.float32(-50))
    ribs = both(both(ring, 0.235 * PI * 90 - torso.angle * 90), np.maximum(top, spine))
    front = both(both(ring, torso.angle * 90 - 0.235 * PI * 90), 0.32 * build.height - z)
    return ribs, both(front, top)


def _sternum(build: Build, torso: Torso) -> Field:
    z, _, x = torso.mesh
    h = build.height
    half = 15 + 12 * np.clip((z - 0.68 * h) / (0.12 * h), 0, 1)
    plate = _ellipse(torso.cage - 7.5, x * (15 / half), 5.2, 15)
    plate = both(plate, torso.angle * 90 - 0.5 * PI * 90)
    out: Field = both(plate, np.maximum(0.24 * h - z, z - 0.9 * h) + 0 * x, 4)
    return out


def _scapulae(build: Build, torso: Torso) -> Field:
    z = torso.mesh[0]
    h = build.height
    t = np.clip((z - 0.42 * h) / (0.5 * h), 0, 1)
    along = (torso.angle - 0.7 * PI) * 105 - 6
    half = 6 + 42 * t
    thick = 2.2 + 1.6 * np.exp(-(((along + half - 4) / 6) ** 2))
    depth = torso.cage - 20 - 5 * (along / 50) ** 2 - 4 * t
    ends = np.maximum(0.42 * h - z, z - 0.95 * h)
    plate = np.maximum(np.maximum(np.abs(depth) - thick, np.abs(along) - half), ends)
    ridge = np.maximum(np.abs(z - 0.8 * h + 0.45 * along) - 2.5, np.abs(depth - 6) - 7)
    ridge = np.maximum(ridge, np.abs(along + 8) - 32)
    out: Field = union(plate.astype(np.float32), ridge.astype(np.float32), 3)
    return out


def _clavicles(build: Build, torso: Torso) -> Field:
    z, y, x = torso.mesh
    h, d = build.height, build.depth
    path = np.array([[0.88 * h, -0.62 * d, 20], [0.94 * h, -0.72 * d, 55], [1.03 * h, -0.45 * d, 105],
                     [1.08 * h, -0.2 * d, 150]])  # fmt: skip
    return tube((z, y, np.abs(x)), path, np.array([9.0, 6.0, 6.0, 7.0]))


def _vertebrae(torso: Torso) -> tuple[Field, Field, Field]:
    z, y, x = torso.mesh
    back = y - torso.spine_y
    phase = (z / VERTEBRA_MM - np.floor(z / VERTEBRA_MM) - 0.5) * np.float32(VERTEBRA_MM)
    waist = 1.2 * (1 - (phase / 12) ** 2)
    column = _ellipse(back, x, 13.5, 17.0) + waist
    front = np.maximum(column, np.abs(phase) - 10.0)
    tunnel = np.hypot(x, back - 21) - 8.0
    arch = np.maximum(np.abs(tunnel - 3.2) - 3.2, np.abs(phase - 1) - 8.5)
    lean = z + 0.75 * (back - 24)
    lower = (lean / VERTEBRA_MM - np.floor(lean / VERTEBRA_MM) - 0.5) * np.float32(VERTEBRA_MM)
    spinous = np.maximum(_ellipse(x + 0 * back, lower * 0.8, 3.4, 6.5), np.abs(back - 42) - 14)
    wing = _ellipse(back - 19 - 0.3 * np.abs(x), phase - 2, 4.6, 6.0)
    wing = np.maximum(wing, np.abs(np.abs(x) - 20) - 13)
    bone = union(union(np.maximum(front, -tunnel), arch), union(spinous, wing, 3), 2)
    disc = np.maximum(column, 10.0 - np.abs(phase))
    return both(bone, -tunnel).astype(np.float32), disc.astype(np.float32), tunnel.astype(np.float32)
