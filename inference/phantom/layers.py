"""A layer of tissue: a field with its HU, and how it is painted into a slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.fields import Field, Reader


@dataclass(frozen=True, slots=True)
class Layer:
    """Paint `hu` (+ `amount` x `texture`) where `field` < 0; edges soften over one voxel.

    half     makes a sheet of it: where |field| < half (mm); thin ones stay crisp on the coarse grid
    within   only where this field is negative, too
    """

    field: Field
    hu: float
    texture: Field | None = None
    amount: float = 0.0
    half: float | None = None
    within: Field | None = None


def paint(reader: Reader, layer: Layer, k: int, plane: NDArray[np.float32], edge: float) -> None:
    """One layer into slice `k` of a picture; `edge` is the width of a soft edge in mm."""
    box = reader.reach(layer.field if layer.within is None else layer.within, k, edge)
    if box is None:
        return
    share = _share(reader, layer, k, box, np.float32(edge))
    value: Field | np.float32 = np.float32(layer.hu)
    if layer.texture is not None:
        value = value + np.float32(layer.amount) * reader.plane(layer.texture, k, box)
    part = plane[box]
    part += share * (value - part)


def _share(
    reader: Reader, layer: Layer, k: int, box: tuple[slice, slice], edge: np.float32
) -> NDArray[np.float32]:
    """How much of each pixel the layer fills, 0 to 1."""
    depth = reader.plane(layer.field, k, box)
    if layer.half is not None:
        # a sheet thinner than the edge fills less than the whole pixel
        fill = np.float32(min(2 * layer.half / float(edge), 1))
        depth = np.abs(depth) - np.maximum(np.float32(layer.half), edge / 2)
        share = np.clip(0.5 - depth / edge, 0, 1) * fill
    else:
        share = np.clip(0.5 - depth / edge, 0, 1)
    if layer.within is not None:
        share = share * np.clip(0.5 - reader.plane(layer.within, k, box) / edge, 0, 1)
    return np.asarray(share, np.float32)
