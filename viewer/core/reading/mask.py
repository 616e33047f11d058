"""The mask that a mark of the reader was measured on, packed small enough for the event log."""

import base64
import binascii
import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Geometry, Vector

_MOST_VOXELS = 2**27
_OFF_GRID = 0.05
"""How far, in voxels, the corners may lie off the grid that the mask is put on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedMask:
    """A mask of 0 and 1 in a box of voxels, (slice, row, column).

    first_lps_mm, last_lps_mm   centres of the first and the last voxel of the box: slices that arrive later
                                move indices, never these
    shape   of the box
    bits    one bit a voxel, deflated, base64
    """

    first_lps_mm: Vector
    last_lps_mm: Vector
    shape: tuple[int, int, int]
    bits: str


def pack(voxels: NDArray[np.uint8], start: tuple[int, int, int], geometry: Geometry) -> PackedMask:
    """A mask (slice, row, column) whose first voxel lies at index `start` of the grid `geometry`."""
    last = np.add(start, voxels.shape) - 1
    packed = zlib.compress(np.packbits(voxels != 0).tobytes(), 9)
    k, i, j = voxels.shape
    return PackedMask(
        first_lps_mm=_vector(geometry.index_to_patient(start)),
        last_lps_mm=_vector(geometry.index_to_patient(last)),
        shape=(k, i, j),
        bits=base64.b64encode(packed).decode("ascii"),
    )


def unpack(mask: PackedMask, geometry: Geometry) -> tuple[NDArray[np.uint8], tuple[int, int, int]] | None:
    """The mask and the index of its first voxel on `geometry`; None where it does not lie on that grid."""
    ends = geometry.patient_to_index(np.array([mask.first_lps_mm, mask.last_lps_mm]))
    start, last = np.rint(ends).astype(int)
    fits = np.abs(ends - np.rint(ends)).max() <= _OFF_GRID
    if not fits or tuple(last - start + 1) != mask.shape:
        return None
    voxels = _voxels(mask)
    k, i, j = start.tolist()
    return None if voxels is None else (voxels, (k, i, j))


def _voxels(mask: PackedMask) -> NDArray[np.uint8] | None:
    """(slice, row, column) 0/1; None for bits that do not fill the box."""
    count = math.prod(mask.shape)
    if min(mask.shape) < 1 or count > _MOST_VOXELS:
        return None
    try:
        packed = zlib.decompressobj().decompress(base64.b64decode(mask.bits), (count + 7) // 8)
    except (zlib.error, binascii.Error, ValueError):
        return None
    if len(packed) != (count + 7) // 8:
        return None
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count).reshape(mask.shape)


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
