"""How an earlier CT lies beside a later one: one shift in the patient, found from the outline of the body.

How much lung, soft tissue and bone a slice holds tells its height. That is enough to scroll two examinations
together; it is no registration to measure with.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Geometry, Vector

STEP = 8
"""Every so many rows and columns are looked at: 5 to 8 mm."""
_HEIGHT_MM = 1.0
"""Distance of the heights that are compared."""
_SHORTEST_MM, _SHORTEST = 60.0, 0.5
"""Least overlap of both, mm and as a share of the shorter one."""
_ALIKE = 0.8
"""Least correlation of two outlines that belong together: of chests of one person it is over 0.9."""
_UPRIGHT = 0.9
"""Least cosine between the normal of the slices and the patient's height."""
_TISSUES = ((-980, -600), (-200, 200), (250, 3000))
"""HU of lung, soft tissue and bone; table and clothes are too thin to count at this step."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What each slice of a CT holds.

    heights   (slices,) mm, LPS z
    shares    (slices, 3) of each slice: lung, soft tissue, bone, mm2
    middles   (slices, 2) middle of the body, LPS x and y in mm; nan where there is none
    """

    heights: NDArray[np.float64]
    shares: NDArray[np.float64]
    middles: NDArray[np.float64]


def is_upright(geometry: Geometry) -> bool:
    """True for slices across the patient, which can be compared by height."""
    return abs(geometry.normal[2]) >= _UPRIGHT


def look_at(hu: NDArray[np.int16]) -> NDArray[np.float64]:
    """(5,) of one slice: pixels of lung, soft tissue and bone, and the middle row and column of the body.

    hu  (rows, columns), every `STEP`-th pixel of the slice
    """
    shares = [float(np.count_nonzero((hu > low) & (hu < high))) for low, high in _TISSUES]
    rows, columns = np.nonzero(hu > -200)
    middle = (rows.mean() * STEP, columns.mean() * STEP) if rows.size else (np.nan, np.nan)
    return np.array([*shares, *middle])


def outline(looks: NDArray[np.float64], geometry: Geometry) -> Outline:
    """The outline of a CT from what `look_at` saw in its slices, (slices, 5)."""
    slices = np.arange(len(looks))
    middles = geometry.index_to_patient(np.column_stack([slices, looks[:, 3], looks[:, 4]]))
    area = geometry.spacing_mm[1] * geometry.spacing_mm[2] * STEP * STEP
    return Outline(
        _heights(geometry, slices),
        looks[:, :3] * area,
        np.where(np.isnan(looks[:, 3:]), np.nan, middles[:, :2]),
    )


def _heights(geometry: Geometry, slices: NDArray[np.int64]) -> NDArray[np.float64]:
    middle = np.array([(n - 1) / 2 for n in geometry.shape[1:]])
    index = np.column_stack([slices, np.tile(middle, (len(slices), 1))])
    return geometry.index_to_patient(index)[:, 2]


def shift_between(now: Outline, before: Outline) -> Vector | None:
    """What to add to a point of the later CT to find it in the earlier one, LPS mm; None if not sure."""
    (low, one), (start, other) = _even(now), _even(before)
    shortest = max(_SHORTEST_MM / _HEIGHT_MM, _SHORTEST * min(len(one), len(other)))
    best, lag = max(
        ((_alike(one, other, k, shortest), k) for k in range(-len(one), len(other) + 1)),
        default=(-1.0, 0),
    )
    if best < _ALIKE:
        return None
    up = start + lag * _HEIGHT_MM - low
    across, back = _sideways(now, before, up)
    return (across, back, up)


def _even(seen: Outline) -> tuple[float, NDArray[np.float64]]:
    """(lowest height, shares at heights one step apart from there on)."""
    order = np.argsort(seen.heights)
    heights = seen.heights[order]
    wanted = np.arange(heights[0], heights[-1] + 1e-6, _HEIGHT_MM)
    return float(heights[0]), np.stack(
        [np.interp(wanted, heights, column[order]) for column in seen.shares.T], axis=1
    )


def _alike(one: NDArray[np.float64], other: NDArray[np.float64], lag: int, shortest: float) -> float:
    """Correlation of two outlines, the first begun `lag` steps above the second; -1 for a short overlap."""
    first, last = max(0, -lag), min(len(one), len(other) - lag)
    if last - first < shortest:
        return -1.0
    here, there = one[first:last], other[first + lag : last + lag]
    here, there = here - here.mean(axis=0), there - there.mean(axis=0)
    spread = np.sqrt((here**2).sum(axis=0) * (there**2).sum(axis=0))
    known = spread > 0
    return float(((here * there).sum(axis=0)[known] / spread[known]).mean()) if known.any() else -1.0


def _sideways(now: Outline, before: Outline, up: float) -> tuple[float, float]:
    """How much further left and back the body lies in the earlier CT, mm: the median over their heights."""
    order = np.argsort(before.heights)
    nearest = np.clip(np.searchsorted(before.heights[order], now.heights + up), 0, len(before.heights) - 1)
    away = before.middles[order][nearest] - now.middles
    inside = (now.heights + up >= before.heights.min()) & (now.heights + up <= before.heights.max())
    known = inside & ~np.isnan(away).any(axis=1)
    if not known.any():
        return 0.0, 0.0
    x, y = np.median(away[known], axis=0)
    return float(x), float(y)
