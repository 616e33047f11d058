"""Every way that slices may be stacked ends on the same patient grid, at the same place."""

import numpy as np
import pytest

from inference.cases import Case, Grid
from inference.pipelines.working_grid import patient_grid, resample
from tests.inference.pipelines.bodies import AXIAL, NODULE_MM, body, case

TILTED = (0.0, float(np.cos(np.deg2rad(20))), float(np.sin(np.deg2rad(20))))
STACKS = {
    "axial": (AXIAL, (2.0, 1.5, 1.5), (32, 140, 140)),
    "feet first, mirrored": (((0, 0, -1), (0, 1, 0), (-1, 0, 0)), (2.0, 1.5, 1.5), (32, 140, 140)),
    "coronal": (((0, 1, 0), (0, 0, -1), (1, 0, 0)), (2.0, 1.5, 1.5), (90, 44, 140)),
    "sagittal": (((1, 0, 0), (0, 0, -1), (0, 1, 0)), (2.0, 1.5, 1.5), (110, 44, 110)),
    "tilted gantry": (((0, 0, 1), TILTED, (1, 0, 0)), (2.0, 1.5, 1.5), (40, 140, 140)),
}


@pytest.mark.parametrize("name", STACKS)
def test_a_nodule_stays_where_it_is_in_the_patient(name):
    axes, spacing, shape = STACKS[name]
    volume = resample(case(axes, spacing, shape), 1.0)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in volume.hu.shape), indexing="ij"), axis=-1)
    position = volume.grid.index_to_patient(index)
    near = np.linalg.norm(position - NODULE_MM, axis=-1) < 9
    dense = near & (volume.hu > -400)
    assert position[dense].mean(axis=0) == pytest.approx(NODULE_MM, abs=0.5)
    assert dense.sum() == pytest.approx(4 / 3 * np.pi * 125, rel=0.2)  # thick slices blur its edge
    inside = volume.known & (np.abs(position[..., 2] - 30) < 20)
    assert np.abs(volume.hu - body(position))[inside].mean() < 25


def test_missing_slices_are_filled_but_not_known():
    whole, gap = resample(case(), 1.0), resample(case(missing=(15, 16)), 1.0)
    assert np.flatnonzero(~gap.known.any(axis=(1, 2))).tolist() == [29, 30, 31, 32, 33]
    assert np.abs(whole.hu - gap.hu)[29:34].max() < 1100
    assert gap.hu[31].max() > 0
    assert np.array_equal(whole.hu[:29], gap.hu[:29])


def test_values_that_no_scanner_gives_are_tamed():
    hu = np.full((8, 20, 20), np.nan, np.float32)
    hu[0], hu[1] = np.inf, -32768
    grid = Grid((0.0, 0.0, 0.0), AXIAL, (3.0, 2.0, 2.0), hu.shape)
    volume = resample(Case(hu, grid), 1.0)  # type: ignore[arg-type]
    assert np.isfinite(volume.hu).all()
    assert volume.hu.min() >= -1024
    assert volume.hu.max() <= 3071


def test_broken_geometry_is_refused_before_memory_runs_out():
    grid = Grid((0.0, 0.0, 0.0), AXIAL, (50.0, 50.0, 50.0), (20, 64, 64))
    assert patient_grid(grid, 1.0).shape == (951, 3151, 3151)
    with pytest.raises(ValueError, match="more than a trunk"):
        resample(Case(np.zeros((20, 64, 64), np.int16), grid), 1.0)
