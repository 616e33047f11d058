"""From the maps of stage 1 to candidates, and the crops that stage 2 looks at. All on the 1 mm grid."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.pipelines.tiles import Maps, scaled

CROP = 32
MASK_AT = 0.5
REACH = 30
"""A lesion's mask is looked for within this many mm of its peak."""


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate on the 1 mm grid (z, y, x).

    centre   centroid of the mask, or the peak where the mask is empty (fractional voxels)
    peak     p1, the height of the centre map
    start, mask   bool patch, its first voxel; empty masks have shape (0, 0, 0)
    """

    centre: tuple[float, float, float]
    peak: float
    start: tuple[int, int, int]
    mask: NDArray[np.bool_]

    @property
    def box(self) -> tuple[slice, ...]:
        """Where the patch lies in the volume; slices of no length where the mask is empty."""
        return tuple(slice(s, s + n) for s, n in zip(self.start, self.mask.shape, strict=True))

    @property
    def radius_mm(self) -> float:
        """Of the sphere with the mask's volume; at least 2."""
        return max(float((3 * self.mask.sum() / (4 * np.pi)) ** (1 / 3)), 2.0)


def candidates(
    maps: Maps,
    where: NDArray[np.bool_],
    above: float,
    most: int,
    tick: Callable[[float], None] = lambda _: None,
) -> list[Found]:
    """Peaks (5 x 5 x 5 maximum) of the centre map over `above` within `where`: the `most` highest.

    A peak beside `where` counts too if its mask reaches into it: the middle of a nodule at the wall or the
    hilum may lie outside the lung. Of two candidates whose centres lie within the larger radius (3 mm at
    least), the higher peak stays.
    """
    top = ndimage.maximum_filter(maps.centre, 5)
    z, y, x = np.nonzero((maps.centre == top) & (maps.centre > above))
    inside = _dilated_at(where, z, y, x)
    kept: list[Found] = []
    spheres = np.zeros((most, 4))  # centre and radius of those that are kept
    for k in np.argsort(-maps.centre[z, y, x], kind="stable"):
        tick(len(kept) / most)
        found = _found(maps, (int(z[k]), int(y[k]), int(x[k])))
        reaches = inside[k] or (found.mask & where[found.box]).any()
        sphere = np.array([*found.centre, found.radius_mm])
        if reaches and not _same(sphere, spheres[: len(kept)]).any():
            spheres[len(kept)] = sphere
            kept.append(found)
        if len(kept) == most:
            break
    return kept


def _dilated_at(
    where: NDArray[np.bool_], z: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether any voxel of the 2 mm cell lies in `where`."""
    out = np.zeros(len(z), bool)
    for dz, dy, dx in np.ndindex(2, 2, 2):
        at = [
            np.minimum(2 * a + d, n - 1) for a, d, n in zip((z, y, x), (dz, dy, dx), where.shape, strict=True)
        ]
        out |= where[at[0], at[1], at[2]]
    return out


def _found(maps: Maps, cell: tuple[int, int, int]) -> Found:
    voxel = [min(2 * c, n - 1) for c, n in zip(cell, maps.mask.shape, strict=True)]
    start = [max(v - REACH, 0) for v in voxel]
    box = tuple(slice(s, v + REACH + 1) for s, v in zip(start, voxel, strict=True))
    labels, _ = ndimage.label(maps.mask[box] > MASK_AT)
    own = [v - s for v, s in zip(voxel, start, strict=True)]
    cell_labels = labels[own[0] : own[0] + 2, own[1] : own[1] + 2, own[2] : own[2] + 2]
    number = int(cell_labels.max())
    peak = float(maps.centre[cell])
    if number == 0:
        centre = (2.0 * cell[0] + 0.5, 2.0 * cell[1] + 0.5, 2.0 * cell[2] + 0.5)
        return Found(centre, peak, (voxel[0], voxel[1], voxel[2]), np.zeros((0, 0, 0), bool))
    part = ndimage.find_objects(labels)[number - 1]
    mask = ndimage.binary_fill_holes(labels[part] == number)
    first = [s + p.start for s, p in zip(start, part, strict=True)]
    middle = np.argwhere(mask).mean(axis=0) + first
    return Found(
        (float(middle[0]), float(middle[1]), float(middle[2])), peak, (first[0], first[1], first[2]), mask
    )


def _same(sphere: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) of `others` (n, 4) those whose centre lies within the larger of both radii, or 3 mm."""
    near = np.maximum(np.maximum(sphere[3], others[:, 3]), 3.0)
    out: NDArray[np.bool_] = ((others[:, :3] - sphere[:3]) ** 2).sum(axis=1) < near**2
    return out


def crops(
    hu: NDArray[np.float32],
    maps: Maps,
    lung: NDArray[np.bool_],
    found: list[Found],
    clip: tuple[float, float],
) -> NDArray[np.float32]:
    """(n, 3, 32, 32, 32): scaled HU, mask probability, lung mask round each candidate's centre."""
    out = np.empty((len(found), 3, CROP, CROP, CROP), np.float32)
    for k, item in enumerate(found):
        first = [round(c) - CROP // 2 for c in item.centre]
        index = np.ix_(
            *(np.clip(np.arange(f, f + CROP), 0, n - 1) for f, n in zip(first, hu.shape, strict=True))
        )
        out[k, 0] = scaled(hu[index], clip)
        out[k, 1] = maps.mask[index]
        out[k, 2] = lung[index]
    return out
