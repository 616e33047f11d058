"""Heart, great vessels, gullet, windpipe and main bronchi of a phantom."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.fields import Field, Lattice, Point, noise, smooth_path, superellipsoid, tube, union
from inference.phantom.torso import Build, Torso

Rows = list[tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class Mediastinum:
    """Fields in mm, negative inside.

    sac         the part of `hull` in which the pericardium shows, below the roof of the heart
    grooves     hold fat on the heart's surface, with the coronaries in it
    airway      windpipe and main bronchi with their walls; `lumen` without
    hull        all that keeps the lungs apart, fat included
    hila        per side (right, left) where bronchi and vessels enter the lung, (z, y, x) mm
    """

    heart: Field
    chambers: Field
    grooves: Field
    coronaries: Field
    sac: Field
    vessels: Field
    gullet: Field
    airway: Field
    lumen: Field
    hull: Field
    hila: tuple[Point, Point]


Mesh = tuple[Field, Field, Field]
CORONARY_MM = 2.3
"""Drawn radius; the coarse grid takes about a millimetre of it."""


def _chain(mesh: Mesh, *courses: Rows) -> Field:
    """Smooth tubes, each through its rows of (z, y, x, radius)."""
    out: Field | None = None
    for rows in courses:
        points = smooth_path(np.array(rows, np.float64), 4)
        part = tube(mesh, points[:, :3], points[:, 3])
        out = part if out is None else np.minimum(out, part)
    assert out is not None
    return out


def mediastinum(rng: np.random.Generator, build: Build, torso: Torso, lattice: Lattice) -> Mediastinum:
    """The middle of the chest. Places are shares of the lung's height, varied by a few mm."""
    mesh, h = torso.mesh, build.height
    back = float(np.interp(0.55 * h, mesh[0].ravel(), torso.spine_y.ravel())) - 14
    off = rng.normal(0, 2.0, 9).tolist()
    carina = 0.62 * h + off[0]
    hila = ((carina - 30, 16 + off[1], -44 + off[2]), (carina - 30, 20 + off[3], 46 + off[4]))
    heart, chambers = _heart(build, mesh, off[5:8])
    grooves, coronaries = _grooves(build, mesh)
    vessels = _great_vessels(h, back, carina, mesh)
    gullet = _gullet(h, back, off[8], mesh)
    lumen = _airway(h, back, carina, hila, mesh, float(rng.uniform(7.6, 9.4)))
    loose = noise(rng, lattice, 30)
    hull = union(heart - 4 - 2 * loose, union(union(vessels, gullet), lumen) - 3.5, 10)
    hull = union(hull, _septum(h, back, mesh, loose), 14)
    sac = np.maximum(hull + 1.5, mesh[0] - (build.dome - 14 + 50 * build.heart))
    return Mediastinum(
        heart, chambers, grooves, coronaries, sac, vessels, gullet, lumen - 1.6, lumen, hull, hila
    )


def _septum(h: float, back: float, mesh: Mesh, loose: Field) -> Field:
    """The fat between both lungs from breastbone to spine, wider above."""
    z, y, x = mesh
    half = 8 + 2.5 * loose + 12 * np.clip((z - 0.68 * h) / (0.3 * h), 0, 1)
    return np.asarray(np.maximum(np.abs(x - 2) - half, y - back - 10), np.float32)


def _gullet(h: float, back: float, off: float, mesh: Mesh) -> Field:
    rows: Rows = [
        (h + 60, back - 4, 3, 6), (0.8 * h, back - 8, 4, 6.5), (0.5 * h, back - 8, 1 + off, 7),
        (0.3 * h, back - 8, 7, 7), (0.12 * h, back - 24, 20, 7), (-10, back - 40, 36, 8),
    ]  # fmt: skip
    return _chain(mesh, rows)


def _heart(build: Build, mesh: Mesh, off: list[float]) -> tuple[Field, Field]:
    """Its surface, and the blood in the four chambers."""
    k = build.heart
    low = build.dome - 14  # what the heart rests on
    parts = (  # centre (z, y, x), radii, wall
        ((low + 30 * k, -16, 37 + off[0]), (36 * k, 40 * k, 35 * k), 10.0),  # left ventricle
        ((low + 30 * k, -44, 8 + off[1]), (35 * k, 24 * k, 38 * k), 4.0),  # right ventricle
        ((low + 38 * k, -10, -27 + off[2]), (35 * k, 30 * k, 24 * k), 2.5),  # right atrium
        ((low + 58 * k, 14, 4), (24 * k, 20 * k, 34 * k), 2.5),  # left atrium
    )
    outer: Field | None = None
    inner: Field | None = None
    for centre, radii, wall in parts:
        part = superellipsoid(mesh, centre, radii, 2.2, -0.45)
        outer = part if outer is None else union(outer, part, 16)
        inner = part + np.float32(wall) if inner is None else np.minimum(inner, part + np.float32(wall))
    assert outer is not None and inner is not None
    return outer, inner


def _grooves(build: Build, mesh: Mesh) -> tuple[Field, Field]:
    """Fat in the furrows between the chambers, and the coronary arteries in it."""
    k, low = build.heart, build.dome - 14
    courses: list[Rows] = [
        # between the right chambers, between the ventricles in front, between the left chambers
        [(low + 64 * k, -34, -6, 5), (low + 45 * k, -40, -27, 5.5), (low + 24 * k, -32, -37, 5.5),
         (low + 6, -12, -30, 5)],
        [(low + 66 * k, -36, 26, 5), (low + 48 * k, -56, 37, 5), (low + 26 * k, -60, 47, 5),
         (low + 4, -44, 54, 4)],
        [(low + 66 * k, -26, 38, 5), (low + 52 * k, 6, 48, 5), (low + 36 * k, 22, 42, 4.5)],
    ]  # fmt: skip
    arteries: list[Rows] = [[(z, y, x, CORONARY_MM) for z, y, x, _ in rows] for rows in courses]
    return _chain(mesh, *courses), _chain(mesh, *arteries)


def _great_vessels(h: float, back: float, c: float, mesh: Mesh) -> Field:
    """Arteries and veins down to the hila; `c` is the height of the carina, `back` the front of the spine."""
    paths: list[Rows] = [
        # aorta: root, ascending, arch, descending
        [(c - 42, -10, 2, 15), (c - 15, -14, -14, 16), (c + 18, -8, -18, 15.5), (c + 36, 6, -6, 14.5),
         (c + 36, back - 26, 12, 14), (c + 18, back - 8, 23, 13), (c - 30, back - 3, 26, 12.5),
         (0.28 * h, back + 1, 20, 12), (0.0, back - 3, 8, 11.5), (-90, back - 6, 4, 11)],
        # pulmonary trunk with the left and the right artery
        [(c - 48, -34, 14, 14), (c - 24, -24, 22, 14), (c - 8, -6, 26, 12), (c - 8, 10, 36, 10.5),
         (c - 22, 20, 44, 8)],
        [(c - 16, -14, 20, 11), (c - 20, 2, 4, 10.5), (c - 22, 8, -18, 10), (c - 27, 13, -42, 8)],
        # superior vena cava, brachiocephalic veins, inferior vena cava
        [(c + 34, -10, -25, 8.5), (c, -6, -29, 9), (c - 40, -6, -30, 10)],
        [(c + 66, -26, 38, 6), (c + 48, -24, 4, 6.5), (c + 34, -12, -22, 7.5)],
        [(h + 40, -4, -48, 6), (c + 60, -10, -30, 7), (c + 34, -10, -25, 8.5)],
        [(-90, 16, -20, 12), (0.1 * h, 10, -22, 12), (0.25 * h, 2, -26, 12)],
        # branches of the arch
        [(c + 42, 4, -7, 7), (c + 66, 2, -16, 6.5), (h + 40, 4, -40, 5)],
        [(c + 44, 12, 6, 4.5), (c + 70, 8, 14, 4), (h + 40, 2, 26, 4)],
        [(c + 42, back - 26, 13, 5.5), (c + 66, back - 28, 24, 5), (h + 10, 10, 55, 4.5)],
        # azygos vein
        [(-60, back + 2, -6, 3.5), (c - 20, back + 1, -8, 4), (c + 8, back - 8, -14, 4.5),
         (c + 12, 6, -24, 5)],
    ]  # fmt: skip
    return _chain(mesh, *paths)


def _airway(h: float, back: float, c: float, hila: tuple[Point, Point], mesh: Mesh, radius: float) -> Field:
    """The lumen of windpipe and main bronchi."""
    deep = min(back - 20, 24)
    out = _chain(mesh, [(h + 60, 0, 0, radius), (0.85 * h, deep - 14, 0, radius), (c + 5, deep, -3, radius)])
    for side, (z, y, x) in enumerate(hila):
        end = radius * (0.78 if side == 0 else 0.7)
        middle = (c - 13, (deep + y) / 2 + 1, x * 0.42, radius * 0.82)
        out = union(out, _chain(mesh, [(c + 2, deep, -3, radius * 0.9), middle, (z, y, x, end)]), 3)
    return out
