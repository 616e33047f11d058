"""The trunk of a phantom: its random build, rib cage, chest wall, diaphragm and what lies under it.

Frame: mm; z = 0 at the lowest lung recess and rises to the head, y = 0 in the middle of the cage and
grows to the back, x = 0 in the midline and grows to the patient's left. Lengths are those of adults.
"""

from dataclasses import dataclass

import numpy as np

from inference.phantom.fields import PITCH_MM, Field, Lattice, both, noise, superellipsoid, union

PI = float(np.pi)


@dataclass(frozen=True, slots=True)
class Build:
    """What differs between patients. Millimetres and HU.

    width, depth   inner half axes of the rib cage at its widest
    height         lowest recess to apex of the lungs
    fat            subcutaneous fat at its usual place
    muscle, heart  scale factors
    dome           the right diaphragm above the lowest recess
    blood          HU; above 100 after contrast medium
    lung           HU of the parenchyma in the middle of the lung
    """

    width: float
    depth: float
    height: float
    fat: float
    muscle: float
    heart: float
    dome: float
    blood: float
    lung: float

    @staticmethod
    def random(rng: np.random.Generator) -> "Build":
        """An adult; one in four with contrast medium."""
        blood = rng.uniform(140, 260) if rng.random() < 0.25 else rng.uniform(36, 50)
        return Build(
            width=rng.uniform(118, 138), depth=rng.uniform(78, 94), height=rng.uniform(210, 250),
            fat=rng.uniform(6, 30), muscle=rng.uniform(0.75, 1.25), heart=rng.uniform(0.86, 1.1),
            dome=rng.uniform(52, 78), blood=float(blood), lung=rng.uniform(-880, -825),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Torso:
    """Fields of the trunk (mm, negative inside) and two coordinates along the chest wall.

    sheath   zero on the fat plane between the muscles of the ribs and those over them
    seam     the like between the outer muscles, where there are two
    below    the space under the diaphragm
    cage     the space inside ribs and spine; its positive values are depths in the chest wall
    angle    0 at the sternum, pi at the spine, both sides alike
    spine_y  y of the centres of the vertebral bodies, shape (z, 1, 1)
    """

    mesh: tuple[Field, Field, Field]
    cage: Field
    angle: Field
    spine_y: Field
    body: Field
    muscle: Field
    sheath: Field
    seam: Field
    below: Field


def _step(t: Field) -> Field:
    """Smoothly from 0 (at 0) to 1 (at 1)."""
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _bump(t: Field, centre: float, width: float) -> Field:
    return np.asarray(np.exp(-0.5 * ((t - centre) / width) ** 2))


def torso(rng: np.random.Generator, build: Build, lattice: Lattice) -> Torso:
    """The trunk on a coarse lattice."""
    mesh = lattice.mesh()
    z = mesh[0]
    wobble = noise(rng, lattice, 60)
    fine = noise(rng, lattice, 22)
    spine_y = _spine_line(build, z)
    cage, angle = _cage(build, mesh, spine_y)
    cage = cage + wobble * np.float32(1.8)
    body = _body(build, mesh) + wobble * np.float32(1.5)
    muscle = _muscle(build, mesh, cage, angle, body, spine_y) + fine * np.float32(1.6)
    depth = 9.5 + 2 * fine + 9 * _step((z - 0.35 * build.height) / (0.5 * build.height))
    seam = cage - depth - 8 - 3 * noise(rng, lattice, 40)
    below = _below(build, mesh) + fine * np.float32(1.2)
    return Torso(mesh, cage, angle, spine_y, body, muscle, cage - depth, seam, below)


def _spine_line(build: Build, z: Field) -> Field:
    """Bent forward at both ends (kyphosis)."""
    bend = ((z - 0.5 * build.height) / build.height) ** 2
    out: Field = build.depth - 26 - 34 * bend
    return out


def _cage(build: Build, mesh: tuple[Field, Field, Field], spine_y: Field) -> tuple[Field, Field]:
    """The space in the ribs, which the spine juts into; and the angle round it."""
    z, y, x = mesh
    h = build.height
    rise = np.clip((z - 0.3 * h) / (0.72 * h), 0, 1.2)
    scale = np.sqrt(np.maximum(1 - rise**2.3, 0.02))
    low = np.clip((0.3 * h - z) / (0.5 * h), 0, 1.5)
    a = build.width * scale * (1 - 0.04 * low**2)
    b = build.depth * scale**0.75
    yc = y - 8 * rise**2
    u, v = np.abs(x) / a, np.abs(yc) / b
    ring = _superellipse(u, v, a, b, 2.35)
    column = np.hypot(x / 1.15, y - spine_y - 6) - 23
    angle = np.arctan2(u, -yc / b)
    return both(ring, -column, 14).astype(np.float32), angle.astype(np.float32)


def _superellipse(u: Field, v: Field, a: Field, b: Field, power: float) -> Field:
    """First-order distance (mm) to u^p + v^p = 1; u and v are coordinates over the half axes a and b."""
    norm = np.maximum((u**power + v**power) ** (1 / power), 1e-2)
    slope = np.hypot((u / norm) ** (power - 1) / a, (v / norm) ** (power - 1) / b)
    return np.asarray((norm - 1) / np.maximum(slope, 1e-4), np.float32)


def _body(build: Build, mesh: tuple[Field, Field, Field]) -> Field:
    """The skin: broader at the shoulders, flatter in front of them."""
    z, y, x = mesh
    top = _step((z - 0.6 * build.height) / (0.42 * build.height))
    a = build.width + 27 * build.muscle + build.fat * 0.9 + 12 * top
    front = build.depth + 19 + build.fat * 0.8 - 34 * top**2
    back = build.depth + 26 + build.fat * 0.7
    b = np.where(y < 0, front, back)
    groove = 5 * np.exp(-((x / 13) ** 2)) * (y > 0)  # over the spine
    return np.asarray(_superellipse(np.abs(x) / a, np.abs(y) / b, a, b, 2.55) + groove, np.float32)


def _muscle(
    build: Build, mesh: tuple[Field, Field, Field], cage: Field, angle: Field, body: Field, spine_y: Field
) -> Field:
    z, y, x = mesh
    h = build.height
    upper = _step((z - 0.42 * h) / (0.3 * h))
    thick = 12.5 + build.muscle * (
        (4 + 16 * upper) * _bump(angle, 0.28 * PI, 0.12 * PI)  # pectorals
        + (6 + 20 * upper) * _bump(angle, 0.68 * PI, 0.15 * PI)  # latissimus, subscapularis
        + 15 * _bump(angle, 0.93 * PI, 0.1 * PI)  # trapezius
    )
    wall = cage - thick
    back = superellipsoid(
        (z * 0, y - spine_y - 37, np.abs(x) - 27), (0, 0, 0), (1, 17, 22 * build.muscle), 2.4
    )
    shoulder = both(body + build.fat + 5, 0.86 * h - z, 10)
    return both(union(union(wall, back, 10), shoulder, 12), body + 4).astype(np.float32)


def _below(build: Build, mesh: tuple[Field, Field, Field]) -> Field:
    """Under the diaphragm: two domes that fall to the recesses at the sides and the back."""
    z, y, x = mesh
    side = np.abs(x) - np.where(x < 0, 58, 56)
    far = (side / np.where(side > 0, 70, 120)) ** 2 + ((y + 8) / np.where(y > -8, 92, 118)) ** 2
    peak = build.dome - 11 * _step((x + 25) / 50)
    top = peak - 58 * far
    slope = np.hypot(*np.gradient(top, PITCH_MM, axis=(1, 2)))
    return np.asarray((z - top) / np.sqrt(1 + slope**2), np.float32)
