"""Whether what was marked lies in lung or on its border, told by what surrounds it."""

import numpy as np

from viewer.core.measure import rays
from viewer.core.measure.patch import Array, Patch
from viewer.core.measure.wall import OUTSIDE_HU

AERATED_BELOW_HU = -500.0
AROUND_MM = 4.0
"""How far beyond its edge the surroundings are looked at: past the blur, before the next structure."""
SHARE = 1 / 3
"""Half of what surrounds a nodule flat on the wall is lung; the rest of that half leaves room for vessels."""


def in_lung(patch: Patch, centre_mm: Array, radius_mm: Array) -> bool:
    """True where at least a third of the surroundings is aerated lung.

    centre_mm  (3,) patient mm, LPS; radius_mm: (n,) to the edge along each of `rays.directions()`
    """
    around = centre_mm + rays.directions() * (radius_mm + AROUND_MM)[:, None]
    hu = patch.sample(around)
    return bool(np.mean((hu > OUTSIDE_HU) & (hu < AERATED_BELOW_HU)) >= SHARE)
