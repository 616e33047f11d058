"""What a phantom's lungs hold beside nodules, and what no one must mark: holes, bands, plaques."""

import numpy as np

from inference.phantom.fields import Field, Lattice, both, noise, superellipsoid, union
from inference.phantom.layers import Layer

Lungs = tuple[Field, Field]


def disease(rng: np.random.Generator, lungs: Lungs, coarse: Lattice) -> list[Layer]:
    """None to a few of each, drawn at random."""
    whole = union(*lungs)
    out = _holes(rng, whole, coarse) if rng.random() < 0.35 else []
    out += [_band(rng, whole, coarse) for _ in range(rng.poisson(1.2))]
    out += [_plaque(rng, whole, coarse) for _ in range(rng.poisson(0.7))]
    return out


def _holes(rng: np.random.Generator, whole: Field, coarse: Lattice) -> list[Layer]:
    """Centrilobular emphysema, most of it above."""
    z = coarse.mesh()[0]
    share = rng.uniform(0.9, 1.9) - z / 190 + 0.5
    holes = (share - noise(rng, coarse, rng.uniform(6, 10))) * 3
    return [Layer(both(holes.astype(np.float32), whole + 3), float(rng.uniform(-970, -930)))]


def _place(rng: np.random.Generator, whole: Field, coarse: Lattice, depth: float) -> tuple[float, ...]:
    """A random point of the lungs about `depth` mm under their surface (below the apex)."""
    near = np.flatnonzero(np.abs(whole + depth).ravel() < 1.5)
    index = np.unravel_index(near[rng.integers(len(near))], coarse.shape)
    return tuple(float(coarse.axis(n)[i]) for n, i in enumerate(index))


def _band(rng: np.random.Generator, whole: Field, coarse: Lattice) -> Layer:
    """A scar or plate-like atelectasis that leans on the pleura."""
    centre = _place(rng, whole, coarse, float(rng.uniform(2, 12)))
    z, y, x = (m - np.float32(c) for m, c in zip(coarse.mesh(), centre, strict=True))
    normal = rng.normal(0, 1, 3) * np.array([1.5, 1, 1])
    normal /= np.linalg.norm(normal)
    across = z * normal[0] + y * normal[1] + x * normal[2] + noise(rng, coarse, 20) * 1.2
    far = np.sqrt(z**2 + y**2 + x**2)
    sheet = both(np.abs(across) - rng.uniform(0.4, 1.3), far - rng.uniform(8, 24))
    return Layer(both(sheet, whole).astype(np.float32), float(rng.uniform(-350, 20)))


def _plaque(rng: np.random.Generator, whole: Field, coarse: Lattice) -> Layer:
    """A flat thickening of the pleura, now and then with calcium."""
    centre = _place(rng, whole, coarse, 0.0)
    size = float(rng.uniform(8, 22))
    area = superellipsoid(coarse.mesh(), (centre[0], centre[1], centre[2]), (size, size, size))
    crust = both(both(whole, -(whole + rng.uniform(2, 5)), 2), area, 4)
    return Layer(crust, float(rng.uniform(150, 500) if rng.random() < 0.25 else rng.uniform(20, 90)))
