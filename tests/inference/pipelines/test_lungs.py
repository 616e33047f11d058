"""The lung mask: whole chests, slabs, a lung cut by the picture's edge, and volumes without lung."""

import numpy as np
import pytest

from inference.pipelines.lungs import find_lungs
from inference.pipelines.working_grid import resample
from tests.inference.pipelines.bodies import NODULE_MM, case

LUNGS_ML = 2 * np.pi * 32 * 50 * 62 / 1000


def test_both_lungs_with_the_nodule_in_them_and_open_ends():
    volume = resample(case(), 1.0)
    lungs = find_lungs(volume.hu, volume.known)
    assert lungs.litres * 1000 == pytest.approx(LUNGS_ML, rel=0.12)  # closing rounds their edges
    z, y, x = np.rint(volume.grid.patient_to_index(NODULE_MM)).astype(int)
    assert lungs.closed[z, y, x]
    assert not lungs.air[z, y, x]
    assert lungs.closed[0].any()
    assert lungs.closed[-1].any()


def test_a_nodule_on_the_wall_is_inside():
    volume = resample(case(), 1.0)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in volume.hu.shape), indexing="ij"), axis=-1)
    wall = np.linalg.norm(volume.grid.index_to_patient(index) - (-70.0, 0.0, 30.0), axis=-1) < 6
    volume.hu[wall] = 30
    assert find_lungs(volume.hu).closed[wall].mean() > 0.55


def test_a_lung_that_the_field_of_view_cuts_is_kept():
    volume = resample(case(), 1.0)
    middle = volume.hu.shape[2] // 2
    cut = np.ascontiguousarray(volume.hu[:, :, middle - 66 : middle + 78])  # a small field of view
    lungs = find_lungs(cut)
    right, left = lungs.closed[:, :, :66].sum(), lungs.closed[:, :, 66:].sum()
    assert right > 0.8 * left


@pytest.mark.parametrize("value", [-1000.0, 40.0, -850.0])
def test_there_is_no_lung_in_a_constant_volume(value):
    assert not find_lungs(np.full((20, 64, 64), value, np.float32)).closed.any()


def test_tiny_volumes_do_not_break_it():
    for shape in ((1, 1, 1), (1, 40, 40), (3, 2, 5)):
        assert find_lungs(np.zeros(shape, np.float32)).closed.shape == shape


def test_slices_that_are_missing_are_not_read():
    volume = resample(case(missing=(15, 16)), 1.0)
    assert not find_lungs(volume.hu, volume.known).closed[29:34].any()
