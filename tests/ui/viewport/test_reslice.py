"""Cuts against a straightforward interpolation, for straight, oblique and tilted volumes."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from tests.ui.viewport.scenes import noise
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.planes import cut_geometry
from viewer.ui.viewport.reslice import Cutter

SHAPE = (9, 20, 24)
TILT = np.deg2rad(20)
TILTED = ((0.0, np.cos(TILT), -np.sin(TILT)), (0.0, 0.0, -1.0))


def volume_at(
    rows=(0.0, 1.0, 0.0), slices=(0.0, 0.0, -1.0), columns=(1.0, 0.0, 0.0), spacing=(3.0, 0.8, 0.8)
):
    return Geometry((-9.0, 4.0, 50.0), slices, rows, columns, spacing, SHAPE, "1.2.3")


def turned():
    a, b = np.deg2rad(25), np.deg2rad(-40)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    columns, rows, slices = (tuple(axis) for axis in (about_z @ about_x).T)
    return volume_at(rows, slices, columns)


VOLUMES = {
    "straight": volume_at(),
    "feet first, prone": volume_at((0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
    "acquired sagittal": volume_at((0.0, 0.0, -1.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "tilted gantry": volume_at(*TILTED),
    "oblique": turned(),
}


def expected(codes, volume, view, cut):
    """(values, inside): each pixel's place in the patient looked up in the volume."""
    rows, columns = np.mgrid[: view.shape[1], : view.shape[2]]
    at = np.stack([np.full(rows.shape, cut), rows, columns], axis=-1)
    index = volume.patient_to_index(view.index_to_patient(at))
    inside = ((index >= -0.5 - 1e-6) & (index <= np.array(volume.shape) - 0.5 + 1e-6)).all(axis=-1)
    index = np.clip(index, 0, np.array(volume.shape) - 1)
    values = map_coordinates(codes.astype(float), np.moveaxis(index, -1, 0), order=1)
    return values, inside


@pytest.mark.parametrize("name", VOLUMES)
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_cut_shows_what_lies_there_in_the_patient(name, plane):
    volume, codes = VOLUMES[name], noise(*SHAPE)
    view = cut_geometry(volume, plane)
    cutter = Cutter(codes, volume)
    for cut in (0, view.shape[0] // 2, view.shape[0] - 1):
        picture = cutter.cut(view, cut)
        values, inside = expected(codes, volume, view, cut)
        holes = picture.holes()
        shown = np.ones(inside.shape, bool) if holes is None else ~holes
        edge = shown != inside
        assert edge.mean() < 0.01  # rounding at the very edge of the volume
        both = shown & inside
        assert np.abs(picture.pixels()[both] - values[both]).max(initial=0) <= 1.0


def test_a_straight_cut_is_exact_on_voxels():
    codes, volume = noise(*SHAPE), volume_at(spacing=(0.8, 0.8, 0.8))
    coronal = Cutter(codes, volume).cut(cut_geometry(volume, "coronal"), 7)
    assert (coronal.pixels() == codes[:, 7, :]).all()
    assert coronal.holes() is None
    sagittal = Cutter(codes, volume).cut(cut_geometry(volume, "sagittal"), 5)
    assert (sagittal.pixels() == codes[:, :, 5]).all()


def test_a_tilted_gantry_is_cut_true():
    """A line along the table goes through sheared slices; the cut shows it upright."""
    volume = volume_at(*TILTED, spacing=(1.0, 1.0, 1.0))
    codes = np.zeros(SHAPE, np.uint16)
    start = volume.index_to_patient((0, 10, 12))
    for k in range(SHAPE[0]):
        _, row, column = np.rint(volume.patient_to_index(start + k * np.array((0, 0, -1.0)))).astype(int)
        codes[k, row, column] = 60000
    view = cut_geometry(volume, "sagittal")
    cut = round(view.patient_to_index(start)[0])
    picture = Cutter(codes, volume).cut(view, cut)
    columns = np.nonzero(picture.pixels().max(axis=0) > 20000)[0]
    assert np.ptp(columns) <= 2


def test_nothing_is_interpolated_from_an_absent_slice():
    volume = volume_at(spacing=(4.0, 1.0, 1.0))
    codes = np.full(SHAPE, 30000, np.uint16)
    absent = np.zeros(SHAPE[0], bool)
    absent[4] = True
    codes[4] = 0
    view = cut_geometry(volume, "coronal")
    picture = Cutter(codes, volume).cut(view, 10, absent)
    holes = picture.holes()
    z = volume.patient_to_index(view.index_to_patient([(10, r, 0) for r in range(view.shape[1])]))[:, 0]
    assert holes[(z > 3 + 1e-6) & (z < 5 - 1e-6)].all()
    assert not holes[(z < 3) | (z > 5)].any()
    assert (picture.pixels()[~holes] == 30000).all()


def test_the_volume_is_read_in_place():
    volume, codes = volume_at(), np.zeros(SHAPE, np.uint16)
    cutter, view = Cutter(codes, volume), cut_geometry(volume, "axial")
    assert cutter.cut(view, 3).pixels().max() == 0
    codes[3] = 777
    cutter.changed()
    assert (cutter.cut(view, 3).pixels() == 777).any()


def test_the_window_does_not_load_vtk_for_the_first_image():
    program = """
import sys
import viewer.ui.viewport.cpu, viewer.ui.viewport.thumbnail, viewer.ui.viewport.choose
from viewer.ui.viewport import reslice
heavy = ("vtkmodules", "vtk", "scipy", "highdicom", "skimage", "pyqtgraph", "jinja2", "torch", "qtawesome")
print(sorted(name for name in heavy if name in sys.modules), reslice.ready())
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[] False"
