"""Small heads made by code, with or without a bleed, on any grid (tilted gantry too), for tests."""

import numpy as np
from scipy import ndimage

from inference.cases import Case, Grid

BLEED_MM = (30.0, -5.0, 25.0)
BLEED_RADIUS_MM = 13.0
FLUID_HU = (-15, 24)


def head(position, *, bleed=True):
    """HU at patient positions (..., 3), LPS: skull, brain, fluid in two ventricles, a face below."""
    x, y, z = np.moveaxis(np.asarray(position, np.float64), -1, 0)
    outer = (x / 72) ** 2 + (y / 90) ** 2 + (z / 85) ** 2
    inner = (x / 65) ** 2 + (y / 83) ** 2 + (z / 78) ** 2
    hu = np.where(outer < 1.15, 30.0, -1000.0)
    hu = np.where(outer < 1, 900.0, hu)
    hu = np.where(inner < 1, np.where(inner > 0.85, 40.0, 33.0), hu)
    for side in (-12, 12):
        hu = np.where(((x - side) / 7) ** 2 + (y / 30) ** 2 + ((z - 10) / 16) ** 2 < 1, 6.0, hu)
    far = np.sqrt(sum((a - b) ** 2 for a, b in zip((x, y, z), BLEED_MM, strict=True)))
    return np.where((far < BLEED_RADIUS_MM) & (inner < 1), 65.0, hu) if bleed else hu


def case(*, bleed=True, tilt_deg=0.0, slice_mm=5.0, pixel_mm=0.9, extent_mm=150.0, flipped=False, **meta):
    """The head from 60 mm below its middle to beyond its top; slices of a tilted gantry are stacked askew."""
    tilt = np.deg2rad(tilt_deg)
    rows, columns = (0.0, float(np.cos(tilt)), float(-np.sin(tilt))), (1.0, 0.0, 0.0)
    along = (0.0, 0.0, -1.0 if flipped else 1.0)
    count, side = round(extent_mm / slice_mm), round(200 / pixel_mm)
    start = np.array([-100.0, 0.0, -60.0]) - 100 * np.array(rows)
    if flipped:
        start = start + (count - 1) * slice_mm * np.array([0, 0, 1.0])
    grid = Grid(
        tuple(start.tolist()), (along, rows, columns), (slice_mm, pixel_mm, pixel_mm), (count, side, side)
    )
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    hu = head(grid.index_to_patient(index), bleed=bleed)
    noise = np.random.default_rng(1).normal(0, 4, hu.shape)
    hu = ndimage.gaussian_filter(hu, (0, 0.6, 0.6)) + ndimage.gaussian_filter(noise, (0, 0.6, 0.6))
    return Case(hu.astype(np.int16), grid, "test", meta={"Modality": "CT", **meta})


def places(grid):
    """Patient positions (x, y, z) of all voxels."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return np.moveaxis(grid.index_to_patient(index), -1, 0)


def ventricles_mm(volume):
    """Where the ventricles of a phantom lie, left of the skull's midline: the mean of their fluid."""
    x, y, z = places(volume.grid)
    inside = (x / 65) ** 2 + (y / 83) ** 2 + (z / 78) ** 2 < 0.5
    fluid = inside & (volume.hu > FLUID_HU[0]) & (volume.hu < FLUID_HU[1]) & (z > -5) & (z < 25)
    return float(x[fluid].mean())


def shifted(case_, shift_mm):
    """The same head whose brain is pushed to the left at the ventricles, less and less towards the skull."""
    hu, grid = case_.hu, case_.grid
    x, y, _ = places(grid)
    inside = np.clip(1 - (x / 65) ** 2 - (y / 83) ** 2, 0, 1)
    moved = np.indices(grid.shape).astype(np.float64)
    moved[2] -= shift_mm * inside / grid.spacing_mm[2]
    out = ndimage.map_coordinates(hu.astype(np.float32), moved, order=1, mode="nearest")
    return Case(out.astype(np.int16), grid, case_.patient, meta=case_.meta)
