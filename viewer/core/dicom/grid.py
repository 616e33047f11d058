"""Does a list of slice positions make a regular grid? Positions only: knows no image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Vector

SAME_PLACE_MM = 1e-3
"""Slices nearer than this lie at one position."""
_MISPLACED_MM = 0.1
_MISPLACED_STEP = 0.1
"""A slice may lie this far from its place on the grid: 0.1 mm and a tenth of the step (positions are often
written with one decimal). Beyond that the stack is not drawn as a volume."""
_FILLED = 0.5
"""At least this fraction of the grid must be there."""
_SHORTEST_RUN = 3


@dataclass(frozen=True, slots=True)
class Grid:
    """Places of slices on a regular grid.

    origin_mm  place of slot 0; along: unit vector of growing slot; step_mm between slots along it
    slots      slot of each position, rising
    """

    origin_mm: Vector
    along: Vector
    step_mm: float
    slots: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of slots from the first to the last slice."""
        return self.slots[-1] + 1

    @property
    def missing(self) -> tuple[int, ...]:
        """Slots without a slice."""
        return tuple(sorted(set(range(self.count)).difference(self.slots)))


def fit_grid(positions_mm: NDArray[np.float64], normal: Vector) -> Grid | None:
    """The grid on which `positions_mm` (n >= 2, 3), sorted along `normal`, lie; None where there is none.

    The step is the median step, or the smallest one where that leaves slices without a place; line and step
    are a least-squares fit, so that rounded positions do not add up to a wrong length.
    """
    steps = np.diff(positions_mm @ np.asarray(normal))
    if steps.size == 0 or steps.min() < SAME_PLACE_MM:
        return None
    for step in (float(np.median(steps)), float(steps.min())):
        counts = np.rint(steps / step).astype(np.int64)
        if counts.min() >= 1 and counts.sum() + 1 <= len(positions_mm) / _FILLED:
            grid = _fit(positions_mm, np.concatenate(([0], np.cumsum(counts))))
            if grid is not None:
                return grid
    return None


def seam(positions_mm: NDArray[np.float64], normal: Vector) -> int | None:
    """Where the step changes once for all: the first index of the second block, or None.

    Both blocks must be regular, without a gap, and at least three slices long.
    """
    steps = np.diff(positions_mm @ np.asarray(normal))
    changes = np.flatnonzero(np.abs(np.diff(steps)) > _MISPLACED_STEP * steps[:-1]) + 1
    for k in changes[:4]:  # the step between two blocks may be a third value: the seam is near its ends
        first, second = positions_mm[: k + 1], positions_mm[k + 1 :]
        if min(len(first), len(second)) < _SHORTEST_RUN:
            continue
        a, b = fit_grid(first, normal), fit_grid(second, normal)
        if a is None or b is None or a.missing or b.missing:
            continue
        if abs(a.step_mm - b.step_mm) > _MISPLACED_STEP * a.step_mm:
            return int(k) + 1
    return None


def _fit(positions: NDArray[np.float64], slots: NDArray[np.int64]) -> Grid | None:
    centred = slots - slots.mean()
    mean = positions.mean(axis=0)
    vector = centred @ (positions - mean) / (centred @ centred)
    origin = mean - vector * slots.mean()
    step = float(np.linalg.norm(vector))
    off = np.linalg.norm(positions - (origin + slots[:, None] * vector), axis=1).max()
    if off > min(_MISPLACED_MM, _MISPLACED_STEP * step):
        return None
    x, y, z = origin.tolist()
    i, j, k = (vector / step).tolist()
    return Grid((x, y, z), (i, j, k), step, tuple(slots.tolist()))
