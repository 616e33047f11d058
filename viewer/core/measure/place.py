"""Where in the lungs a finding lies, in words: side and third. No lobes: those need their fissures."""

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Geometry

PITCH_MM = 4.0
"""The lungs' height is looked for on a grid of about this pitch."""
PARENCHYMA_HU = (-960, -600)
"""Aerated lung; air in the bowel and outside the body is thinner."""
LUNG_CM2 = 5.0
"""A slice shows lung where at least this area of it does."""
TIP = 0.1
"""A first or last slice with more than this share of the largest area cuts the lungs off."""


def lung_span(hu: NDArray[np.int16], geometry: Geometry) -> tuple[float, float] | None:
    """(lowest, highest) z of the lungs, patient mm; None where the series does not hold them whole.

    hu: (slices, rows, columns) of a series whose slices follow one another along the body.
    """
    if abs(geometry.normal[2]) < 0.9:
        return None
    k, r, c = (max(1, round(PITCH_MM / spacing)) for spacing in geometry.spacing_mm)
    coarse = hu[::k, ::r, ::c]
    pixel_cm2 = r * c * geometry.spacing_mm[1] * geometry.spacing_mm[2] / 100
    area = _lung(coarse).sum(axis=(1, 2)) * pixel_cm2
    first, last = _run(area >= LUNG_CM2, int(np.argmax(area)))
    cut_off = max(area[0], area[-1]) > TIP * area.max()
    if area.max() < LUNG_CM2 or cut_off:
        return None
    middle = (geometry.shape[1] / 2, geometry.shape[2] / 2)
    ends = geometry.index_to_patient([(first * k, *middle), (last * k, *middle)])[:, 2]
    return float(ends.min()), float(ends.max())


def place_text(side: str | None, z_mm: float, span_mm: tuple[float, float] | None) -> str:
    """Such as "Left lung, upper third"; less where less is known, "" where nothing is.

    side     "L", "R" or None
    z_mm     height of the finding; span_mm: what `lung_span` gave
    """
    lung = {"L": "Left lung", "R": "Right lung"}.get(side or "", "")
    third = "" if span_mm is None else _third(z_mm, *span_mm)
    return f"{lung}, {third}" if lung and third else lung or third.capitalize()


def _third(z_mm: float, low_mm: float, high_mm: float) -> str:
    height = (z_mm - low_mm) / (high_mm - low_mm)
    return "lower third" if height < 1 / 3 else "middle third" if height < 2 / 3 else "upper third"


def _lung(hu: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Aerated voxels that have body on all four sides in their slice."""
    body = hu > PARENCHYMA_HU[1]
    enclosed = (hu > PARENCHYMA_HU[0]) & ~body
    for axis in (1, 2):
        enclosed &= np.logical_or.accumulate(body, axis=axis)
        enclosed &= np.flip(np.logical_or.accumulate(np.flip(body, axis), axis=axis), axis)
    return enclosed


def _run(there: NDArray[np.bool_], start: int) -> tuple[int, int]:
    """First and last index of the unbroken run round `start`."""
    gaps = np.flatnonzero(~there)
    before, after = gaps[gaps < start], gaps[gaps > start]
    return (int(before[-1]) + 1 if len(before) else 0), (int(after[0]) - 1 if len(after) else len(there) - 1)
