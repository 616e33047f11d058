"""Midline shifts of patients: where none bleeds there is none, and a brain is pushed by a known length."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.bundle import Figure
from inference.evidence.bootstrap import interval
from inference.pipelines.head import Head
from inference.pipelines.midline import midline_shift
from inference.training.evaluation import figure
from inference.training.head.calibrate import as_head
from inference.training.head.patients import Patient

PIXEL_MM = 1.5
"""Of the crops, about: pixels of the training pictures have no published size."""
PUSHED_MM = (-10.0, -5.0, 5.0, 10.0)
DEEP = 20.0
"""What lies so many pixels inside the skull is pushed by the whole length, what lies at it not at all."""
Floats = NDArray[np.float64]


def midline_figures(patients: Sequence[Patient], repeats: int) -> Iterator[Figure]:
    """How far off the shift is where none bleeds, as they are and pushed; and how often it is measured."""
    clear = [p for p in patients if not p.bleeds]
    heads = {str(p.patient): as_head(p) for p in clear}
    found = {name: midline_shift(head, PIXEL_MM).shift_mm for name, head in heads.items()}
    known = {name: shift for name, shift in found.items() if shift is not None}
    yield _share("patients without bleeding, midline shift measured", len(known), len(clear))
    bleeding = [p for p in patients if p.bleeds]
    shifts = [midline_shift(as_head(p), PIXEL_MM).shift_mm for p in bleeding]
    yield _share(
        "patients who bleed, midline shift measured", sum(s is not None for s in shifts), len(shifts)
    )
    yield _far("midline shift where none bleeds", list(known), np.abs(list(known.values())), repeats)
    off = []
    for name, shift in known.items():
        for push in PUSHED_MM:
            again = midline_shift(pushed(heads[name], push), PIXEL_MM).shift_mm
            off.append((name, np.nan if again is None else abs(again - shift - push)))
    errors = np.array([error for _, error in off])
    told = ~np.isnan(errors)
    yield _share("brains pushed by 5 or 10 mm, midline shift measured", int(told.sum()), len(told))
    names = [name for (name, _), there in zip(off, told, strict=True) if there]
    yield _far("error of the midline shift of brains pushed by 5 or 10 mm", names, errors[told], repeats)


def pushed(head: Head, shift_mm: float) -> Head:
    """The same head whose brain is pushed to its left, less and less towards the skull."""
    rows, columns = np.indices(head.brain.shape[1:]).astype(np.float64)
    depth = np.stack([ndimage.distance_transform_edt(ndimage.binary_fill_holes(b)) for b in head.brain])
    move = shift_mm / PIXEL_MM * np.minimum(depth / DEEP, 1)
    grey = [
        ndimage.map_coordinates(picture, [rows, columns - by], order=1, mode="nearest")
        for picture, by in zip(head.grey, move, strict=True)
    ]
    return replace(head, grey=np.stack(grey).astype(np.float32))


def _share(name: str, count: int, of: int) -> Figure:
    return Figure(name=name, value=100 * count / of, unit="%", n=of)


def _far(name: str, units: Sequence[str], distances: Floats, repeats: int) -> Figure:
    """The 95th percentile."""
    at = interval(units, partial(_high, distances), repeats=repeats)
    return figure(f"{name}, 95 % lie within", at, len(distances), "mm")


def _high(distances: Floats, rows: NDArray[np.intp]) -> float:
    return float(np.percentile(distances[rows], 95))
