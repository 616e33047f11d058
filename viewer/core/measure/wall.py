"""Where the lung ends: the chest wall, diaphragm and mediastinum as the border that nodules bulge through.

The lung is closed with a ball: notches narrower than the ball (nodules, vessels) are filled, the wall is not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.core.measure.patch import Array, Patch

PITCH_MM = 2.0
BALL_MM = 15.0
"""Radius of the ball: a notch up to 30 mm wide is filled, a third of the way for the widest."""
SAG_MM = 1.0
"""The ball sinks about this far into the notch of a nodule on the wall (0.9 mm for one of 10 mm)."""
OUTSIDE_HU = -960.0
"""A pool of air thinner than this is outside the body, not lung."""


@dataclass(frozen=True, slots=True)
class Border:
    """Depth inside the closed lung on a lattice along the patient's axes.

    depth_mm  (n, n, n) > 0 inside the lung or what it encloses, < 0 in the wall; in order x, y, z
    first_mm  its first point
    """

    depth_mm: NDArray[np.float64]
    first_mm: Array

    def depth(self, points_mm: Array) -> Array:
        """(..., 3) patient mm to (...) depth in mm, linear."""
        from scipy.ndimage import map_coordinates  # heavy, and never needed for the first image

        index = (points_mm - self.first_mm) / PITCH_MM
        flat = map_coordinates(self.depth_mm, index.reshape(-1, 3).T, order=1, mode="nearest")
        out: Array = flat.reshape(index.shape[:-1])
        return out


def border(patch: Patch, centre_mm: Array, half_mm: float, lung_below_hu: float) -> Border:
    """The border within `half_mm` of a point; everywhere inside where no wall is near."""
    from scipy.ndimage import distance_transform_edt  # heavy, and never needed for the first image

    steps = np.arange(-half_mm, half_mm + PITCH_MM / 2, PITCH_MM)
    lattice = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1) + centre_mm
    lung = _lung(patch.sample(lattice), lung_below_hu)
    if not lung.any():
        return Border(np.full(lung.shape, -1.0), lattice[0, 0, 0])
    deep = distance_transform_edt(~lung, PITCH_MM) > BALL_MM
    reached = ~deep | _inside_mass(deep, np.linalg.norm(lattice - centre_mm, axis=-1))
    if reached.all():
        return Border(np.full(lung.shape, BALL_MM), lattice[0, 0, 0])
    return Border(distance_transform_edt(reached, PITCH_MM) - BALL_MM + SAG_MM, lattice[0, 0, 0])


def _inside_mass(deep: NDArray[np.bool_], from_centre_mm: Array) -> NDArray[np.bool_]:
    """Pieces of deep tissue that are the inside of a large mass under the mark: near, closed all round."""
    from scipy.ndimage import label  # heavy, and never needed for the first image

    pieces, _ = label(deep)
    shell = np.ones(deep.shape, bool)
    shell[1:-1, 1:-1, 1:-1] = False
    near = np.setdiff1d(pieces[deep & (from_centre_mm < BALL_MM / 2)], pieces[deep & shell])
    out: NDArray[np.bool_] = np.isin(pieces, near)
    return out


def _lung(hu: Array, lung_below_hu: float) -> NDArray[np.bool_]:
    """Air that is not outside the body."""
    from scipy.ndimage import label, mean  # heavy, and never needed for the first image

    pools, count = label(hu < lung_below_hu)
    kept = [i for i in range(1, count + 1) if mean(hu, pools, i) > OUTSIDE_HU]
    out: NDArray[np.bool_] = np.isin(pools, kept)
    return out
