"""Jobs for the tiny worker."""

import itertools

import numpy as np

from inference.cases import Grid
from inference.protocol import Analyse, ArrayRef, Input

numbers = itertools.count(1)
AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def volume(shape=(4, 5, 6), peak=(2, 3, 4)):
    hu = np.full(shape, -800, np.int16)
    hu[peak] = 50
    return hu


def job(folder, *, hu=None, name=None, priority=0, shape=None, dtype=None, grid=None, **meta):
    """An `Analyse` on a small volume; keywords bend it out of shape."""
    number = next(numbers)
    hu = volume() if hu is None else hu
    path, out = folder / f"hu{number}.npy", folder / f"out{number}"
    np.save(path, hu)
    out.mkdir()
    shape = tuple(hu.shape) if shape is None else shape
    place = Grid((-10.0, -20.0, 30.0), AXES, (2.0, 1.0, 1.0), (*shape, 1, 1, 1)[:3], "1.2.3")
    return Analyse(
        job=name or f"job{number}",
        bundle=str(folder),
        bundle_sha256="0" * 64,
        inputs=(
            Input(
                series_instance_uid="1.2.3.4",
                array=ArrayRef(path=str(path), dtype=dtype or str(hu.dtype), shape=shape),
                grid=grid or place,
                meta={key: str(value) for key, value in meta.items()},
            ),
        ),
        out=str(out),
        priority=priority,
    )
