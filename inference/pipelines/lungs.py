"""The lungs of a CT volume on a 1 mm grid: aerated lung, and the closed mask with vessels and wall nodules.

Works on a 2 mm grid. Copes with slabs cut open at their ends and with a lung that the field of view cuts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

AIR_HU = -350.0
PITCH = 2
SMALLEST_ML = 60.0
SMALLEST_SHARE = 0.05
CLOSE_MM = 10.0
ROOM_AIR_HU = -955.0
CUT_EROSION_MM = 6.0
_SLAB = 32

Tick = Callable[[float], None]
"""Called with the share done; what it raises passes through."""


@dataclass(frozen=True, slots=True)
class Lungs:
    """Masks at 1 mm. `air`: aerated tissue; `closed`: with what lies inside it and dents of its wall."""

    air: Mask
    closed: Mask

    @property
    def litres(self) -> float:
        """Volume of the closed mask."""
        return float(self.closed.sum()) / 1e6


def find_lungs(hu: NDArray[np.float32], known: Mask | None = None, tick: Tick = lambda _: None) -> Lungs:
    """Lungs of `hu` (z, y, x), 1 mm, z to the head. Empty masks where there are none."""
    small = _shrink(hu)
    tick(0.1)
    inner = _inner_air(small < AIR_HU, small, tick)
    tick(0.5)
    closed = _closed(inner, tick)
    air_full = _grow(inner, hu.shape) & (hu < AIR_HU)
    closed_full = _grow(closed, hu.shape)
    if known is not None:
        air_full &= known
        closed_full &= known
    return Lungs(air_full, closed_full)


def _shrink(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over 2 x 2 x 2 voxels; an odd last plane is dropped unless it is the only one."""
    z, y, x = (max(n - n % PITCH, 1) for n in hu.shape)
    cut = hu[:z, :y, :x]
    blocks = [n // min(PITCH, n) for n in cut.shape]
    sizes = [n // b for n, b in zip(cut.shape, blocks, strict=True)]
    shape = (blocks[0], sizes[0], blocks[1], sizes[1], blocks[2], sizes[2])
    out: NDArray[np.float32] = cut.reshape(shape).mean(axis=(1, 3, 5))
    return out


def _grow(mask: Mask, shape: tuple[int, ...]) -> Mask:
    out = mask
    for axis, n in enumerate(shape):
        index = np.minimum(np.arange(n) // PITCH, mask.shape[axis] - 1)
        out = np.take(out, index, axis=axis)
    return out


def _inner_air(air: Mask, hu: NDArray[np.float32], tick: Tick) -> Mask:
    """Air in the body: what is not connected with the outside in its slice, in parts large enough for lung.

    A lung that runs into the edge of the picture would count as outside: `_cut_lung` gives it back.
    """
    if air.all():
        return np.zeros_like(air)  # no body, no lung
    outside = _outside(air)
    tick(0.2)
    inside = _without_airless(air & ~outside, hu)
    tick(0.3)
    lung = _large(inside)
    tick(0.4)
    slices = _one_sided(lung)
    if slices.any():
        given_back = np.zeros_like(lung)
        given_back[slices] = _cut_lung(outside[slices], hu[slices])
        lung = _large(lung | given_back)
    return lung


def _outside(air: Mask) -> Mask:
    """Air connected with the edge of the picture, slice by slice."""
    plane = np.zeros((3, 3, 3), bool)
    plane[1] = ndimage.generate_binary_structure(2, 1)
    labels, _ = ndimage.label(air, plane)
    edge = np.concatenate(
        [labels[:, 0].ravel(), labels[:, -1].ravel(), labels[:, :, 0].ravel(), labels[:, :, -1].ravel()]
    )
    outer = np.zeros(labels.max() + 1, bool)
    outer[edge] = True
    outer[0] = False
    out: Mask = outer[labels]
    return out


def _without_airless(mask: Mask, hu: NDArray[np.float32]) -> Mask:
    """Drop parts that are nearly pure air: trachea, bowel, the gap above the table."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    means = ndimage.mean(hu, labels, np.arange(1, count + 1))
    keep = np.concatenate([[False], np.asarray(means) > ROOM_AIR_HU])
    out: Mask = keep[labels]
    return out


def _large(mask: Mask) -> Mask:
    """Parts of at least 60 ml and of 5 % of the largest."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    size = np.bincount(labels.ravel())
    size[0] = 0
    least = max(SMALLEST_ML * 1000 / PITCH**3, SMALLEST_SHARE * size.max())
    out: Mask = (size >= least)[labels]
    return out


def _one_sided(lung: Mask) -> Mask:
    """Slices with no lung, or with all but a tenth of it on one side of the middle of the picture."""
    half = lung.shape[2] // 2
    left, right = lung[:, :, :half].sum(axis=(1, 2)), lung[:, :, half:].sum(axis=(1, 2))
    out: Mask = np.minimum(left, right) <= 0.1 * np.maximum(left, right)
    return out


def _cut_lung(outside: Mask, hu: NDArray[np.float32]) -> Mask:
    """Lung that touches the edge of the field of view and so counts as outside.

    Eroded by 6 mm in plane, lung and room air fall apart at the chest wall; each part is told by its mean HU,
    and what the erosion took goes to the nearest part.
    """
    plane = np.zeros((3, 3, 3), bool)
    plane[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(_eroded_in_plane(outside), plane)
    if count == 0:
        return np.zeros_like(outside)
    means = ndimage.mean(hu, labels, np.arange(1, count + 1))
    is_lung = np.concatenate([[False], np.asarray(means) > ROOM_AIR_HU])
    return np.stack([_nearest(flat, is_lung) for flat in labels]) & outside


def _eroded_in_plane(mask: Mask) -> Mask:
    """Slice by slice, without loss at the picture's edge."""
    reach = int(CUT_EROSION_MM / PITCH)
    padded = np.pad(mask, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    distance = np.stack([ndimage.distance_transform_edt(flat) for flat in padded])
    out: Mask = distance[:, reach:-reach, reach:-reach] > reach
    return out


def _nearest(labels: NDArray[np.int32], is_lung: Mask) -> Mask:
    """Where the nearest labelled pixel of a slice is lung."""
    if not labels.any():
        return np.zeros(labels.shape, bool)
    row, column = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    out: Mask = is_lung[labels[row, column]]
    return out


def _closed(lung: Mask, tick: Tick) -> Mask:
    """Morphological closing with a ball, within the volume's ends as if the lung went on beyond them."""
    if not lung.any():
        return lung
    reach = int(np.ceil(CLOSE_MM / PITCH))
    padded = np.pad(lung, reach, mode="edge")
    box = ndimage.find_objects(padded.astype(np.uint8))[0]
    box = tuple(slice(max(s.start - reach, 0), s.stop + reach) for s in box)
    part = padded[box]
    grown = _within(part, reach, lambda done: tick(0.5 + 0.2 * done))
    out = np.zeros_like(padded)
    out[box] = ~_within(~grown, reach, lambda done: tick(0.7 + 0.2 * done)) | part
    inner: Mask = out[reach:-reach, reach:-reach, reach:-reach]
    return inner


def _within(mask: Mask, reach: int, tick: Tick) -> Mask:
    """Voxels at most `reach` away from the mask, slab by slab so that no step takes long."""
    out = np.zeros_like(mask)
    for first in range(0, mask.shape[0], _SLAB):
        low = max(first - reach, 0)
        slab = mask[low : first + _SLAB + reach]
        if slab.any():
            near = ndimage.distance_transform_edt(~slab) <= reach
            out[first : first + _SLAB] = near[first - low : first - low + _SLAB]
        tick(min(first + _SLAB, mask.shape[0]) / mask.shape[0])
    return out
