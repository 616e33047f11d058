"""Small bodies with lungs and a nodule, on any grid, for tests."""

import numpy as np

from inference.cases import Case, Grid

AXIAL = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
NODULE_MM = (-38.0, 6.0, 30.0)
CENTRE_MM = (0.0, 0.0, 30.0)


def body(position):
    """HU at patient positions (..., 3): air, a body of 200 x 140 mm, lungs, a 10 mm nodule on the right."""
    x, y, z = np.moveaxis(np.asarray(position), -1, 0)
    hu = np.where((x / 100) ** 2 + (y / 70) ** 2 < 1, 40.0, -1000.0)
    for side in (-40, 40):
        hu = np.where(((x - side) / 32) ** 2 + (y / 50) ** 2 < 1, -850.0, hu)
    far = np.sqrt((x - NODULE_MM[0]) ** 2 + (y - NODULE_MM[1]) ** 2 + (z - NODULE_MM[2]) ** 2)
    return np.where(far < 5, 30.0, hu)


def case(axes=AXIAL, spacing=(2.0, 1.5, 1.5), shape=(32, 140, 140), missing=(), **meta):
    """The body on a grid whose middle lies at `CENTRE_MM`."""
    middle = (np.array(shape) - 1) / 2 * spacing
    origin = np.array(CENTRE_MM) - middle @ np.array(axes)
    grid = Grid(tuple(origin.tolist()), axes, spacing, shape)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    hu = body(grid.index_to_patient(index)).astype(np.int16)
    hu[list(missing)] = -1024
    return Case(hu, grid, "test", tuple(missing), meta={"Modality": "CT", **meta})
