"""Shadows of tubes on the plane of a projection: how many mm of each the beam meets."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.build import Points
from inference.phantom.fields import Lattice
from inference.phantom.trees import Branch

Array = NDArray[np.float32]
Range = tuple[float, float]
EVERYWHERE: Range = (-np.inf, np.inf)


def cast(
    plane: Array, lattice: Lattice, tubes: Iterable[Branch], slab: Range = EVERYWHERE, weight: float = 1.0
) -> None:
    """Add `weight` x mm of `tubes` to `plane` (rows, columns of `lattice`); paths are (beam, y, x), mm.

    Of a tube that leaves the `slab` (along the beam) only those pieces count whose middle lies in it. Where
    the pieces of one tube meet, the thicker one counts, so that joints do not bead.
    """
    for tube in tubes:
        middles = (tube.path[:-1, 0] + tube.path[1:, 0]) / 2
        within = (middles >= slab[0]) & (middles < slab[1])
        if not within.any():
            continue
        box = _box(lattice, tube.path, float(tube.radius.max()))
        if box is None:
            continue
        here = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.float32)
        y, x = lattice.axis(1)[box[0]][:, None], lattice.axis(2)[box[1]][None, :]
        edge = np.float32(lattice.step[1])
        for n in np.flatnonzero(within):
            cone = tube.path[n], tube.path[n + 1], float(tube.radius[n]), float(tube.radius[n + 1])
            np.maximum(here, _cone(y, x, cone, edge, flat=not within.all()), out=here)
        plane[box] += np.float32(weight) * here


def _box(lattice: Lattice, path: Points, reach: float) -> tuple[slice, slice] | None:
    """Rows and columns that the shadow can reach; None where it misses the plane."""
    spans = []
    for n in (1, 2):
        low = (path[:, n].min() - reach - lattice.start[n]) / lattice.step[n] - 1
        high = (path[:, n].max() + reach - lattice.start[n]) / lattice.step[n] + 1
        first, last = max(int(np.floor(low)), 0), min(int(np.ceil(high)) + 1, lattice.shape[n])
        if first >= last:
            return None
        spans.append(slice(first, last))
    return spans[0], spans[1]


def _cone(
    y: Array, x: Array, cone: tuple[Points, Points, float, float], edge: np.float32, *, flat: bool
) -> Array:
    """Mm through a round cone that lies across the beam; thinner than a pixel, it fills its share of it."""
    a, b, ra, rb = cone
    dy, dx = np.float32(b[1] - a[1]), np.float32(b[2] - a[2])
    ay, ax = y - np.float32(a[1]), x - np.float32(a[2])
    along = (ay * dy + ax * dx) / max(dy * dy + dx * dx, np.float32(1e-6))
    t = np.clip(along, 0, 1)
    far2 = (ay - t * dy) ** 2 + (ax - t * dx) ** 2
    radius = np.float32(ra) + t * np.float32(rb - ra)
    wide2 = radius**2 + edge**2 / 4
    share = radius**2 / wide2
    if flat:  # the next piece goes on in another slab: round ends would meet there twice
        share = share * (along == t)
    return np.asarray(2 * radius * np.sqrt(np.clip(1 - far2 / wide2, 0, None)) * share, np.float32)
