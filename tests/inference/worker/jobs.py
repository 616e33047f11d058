"""Jobs for the tiny worker, and the bundle that it stands for."""

import itertools

import numpy as np

from inference.bundle import WEIGHTS, Bundle, Calibration, TrainingDomain, save_bundle
from inference.cases import Grid
from inference.input_contract import InputContract
from inference.protocol import Analyse, ArrayRef, Input, OperatingPoint

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


def bundle(folder, **contract):
    """A bundle on disk with its folder; its weights are a word, which the tiny worker never reads."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(b"weights")
    made = Bundle(
        format=1,
        id="tiny",
        version="1.0.0",
        title="Tiny",
        task="tiny",
        sha256="",
        input=InputContract(modality="CT", **contract),
        labels=("lung nodule",),
        operating_points=(OperatingPoint("balanced", 0.5, 1.0, "false marks per litre"),),
        default_operating_point="balanced",
        calibration=Calibration(method="linear", scores=(0.0, 1.0), probabilities=(0.0, 1.0)),
        domain=TrainingDomain(),
        architecture={},
    )
    return folder, save_bundle(made, folder, card="# Tiny\nMeasured on nothing.\n")
