"""A layer of tissue: a field with its HU, and how it is painted into a slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.fields import Field, Reader


@dataclass(frozen=True, slots=True)
class Layer:
    """Paint `hu` (+ `amount` x `texture`) where `field` < 0; edges soften over one voxel."""

    field: Field
    hu: float
    texture: Field | None = None
    amount: float = 0.0


def paint(reader: Reader, layer: Layer, k: int, plane: NDArray[np.float32], edge: float) -> None:
    """One layer into slice `k` of a picture; `edge` is the width of a soft edge in mm."""
    box = reader.reach(layer.field, k, edge)
    if box is None:
        return
    share = np.clip(0.5 - reader.plane(layer.field, k, box) / np.float32(edge), 0, 1)
    value: Field | np.float32 = np.float32(layer.hu)
    if layer.texture is not None:
        value = value + np.float32(layer.amount) * reader.plane(layer.texture, k, box)
    part = plane[box]
    part += share * (value - part)
