"""Planes and letters: true for every orientation, checked against patient coordinates."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.planes import (
    LONGEST,
    cut_geometry,
    cut_spacing,
    distance_to_cut,
    edge_letters,
    index_map,
    letters,
    nearest_cut,
    part_of,
    window_of,
)

PLANES = ("axial", "coronal", "sagittal")
UNITS = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}


def rotations():
    """The 24 proper rotations: where column, row and slice index of an acquisition may point."""
    for columns, rows in itertools.permutations(UNITS, 2):
        if np.dot(UNITS[columns], UNITS[rows]) == 0:
            yield columns, rows


def geometry(
    columns=(1.0, 0.0, 0.0), rows=(0.0, 1.0, 0.0), slices=None, spacing=(2.0, 0.5, 0.5), shape=(4, 6, 8)
):
    slices = tuple(np.cross(columns, rows)) if slices is None else slices
    unit = np.asarray(slices, float) / np.linalg.norm(slices)
    return Geometry((-10.0, 20.0, 30.0), tuple(unit.tolist()), rows, columns, spacing, shape, "1.2.3")


@st.composite
def any_geometry(draw):
    """A rotated and sheared volume."""
    angle = st.floats(-3.1, 3.1)
    turn = np.eye(3)
    for axis in range(3):
        a, b = [i for i in range(3) if i != axis]
        step, theta = np.eye(3), draw(angle)
        step[a, a] = step[b, b] = np.cos(theta)
        step[a, b], step[b, a] = -np.sin(theta), np.sin(theta)
        turn = turn @ step
    lean = draw(st.floats(-0.5, 0.5))
    slices = turn[:, 2] + lean * turn[:, 1]
    spacing = tuple(draw(st.floats(0.3, 5.0)) for _ in range(3))
    shape = tuple(draw(st.integers(1, 9)) for _ in range(3))
    return geometry(tuple(turn[:, 0]), tuple(turn[:, 1]), slices, spacing, shape)


@pytest.mark.parametrize(("columns", "rows"), list(rotations()))
def test_the_edges_of_an_acquired_image_carry_the_right_letters(columns, rows):
    opposite = dict(zip("RLAPHF", "LRPAFH", strict=True))
    found = edge_letters(UNITS[rows], UNITS[columns])
    assert found == (opposite[columns], opposite[rows], columns, rows)


def test_there_are_24_orientations():
    assert len(list(rotations())) == 24


def test_an_oblique_direction_has_its_strongest_letter_first():
    assert letters((0.8, 0.6, 0.0)) == "LP"
    assert letters((0.1, -0.7, 0.7)) == "AH"
    assert letters((0.99, 0.1, 0.1)) == "L"
    assert letters((-0.577, 0.577, -0.577)) == "RPF"


@pytest.mark.parametrize(("columns", "rows"), list(rotations()))
@pytest.mark.parametrize(
    ("plane", "edges"),
    [("axial", ("R", "A", "L", "P")), ("coronal", ("R", "H", "L", "F")), ("sagittal", ("A", "H", "P", "F"))],
)
def test_cuts_are_radiological_however_the_volume_lies(columns, rows, plane, edges):
    view = cut_geometry(geometry(UNITS[columns], UNITS[rows]), plane)
    assert edge_letters(view.along_rows, view.along_columns) == edges


def test_cuts_along_the_patients_axes_fall_on_voxels():
    volume = geometry(spacing=(2.0, 0.5, 0.5), shape=(4, 6, 8))
    coronal = cut_geometry(volume, "coronal")
    assert coronal.shape == (6, 16, 8)  # rows of 0.5 mm over 4 slices of 2 mm
    assert coronal.spacing_mm == (0.5, 0.5, 0.5)
    where = volume.patient_to_index(coronal.index_to_patient((3, 0, 5)))
    np.testing.assert_allclose(where[1:], (3, 5), atol=1e-9)
    axial = cut_geometry(volume, "axial")
    assert axial.shape == (4, 6, 8)
    assert axial.spacing_mm[0] == 2.0
    np.testing.assert_allclose(
        volume.patient_to_index(axial.index_to_patient((0, 2, 3))), (3, 2, 3), atol=1e-9
    )


def test_the_stack_is_the_volume_as_acquired():
    volume = geometry()
    assert cut_geometry(volume, "stack") is volume


@given(any_geometry(), st.sampled_from(PLANES))
def test_every_voxel_lies_inside_the_grid_of_every_plane(volume, plane):
    view = cut_geometry(volume, plane)
    corners = np.array(list(itertools.product(*[(0, n - 1) for n in volume.shape])))
    where = view.patient_to_index(volume.index_to_patient(corners))
    assert (where >= -0.5 - 1e-6).all()
    assert (where <= np.array(view.shape) - 0.5 + 1e-6).all()


@given(any_geometry(), st.sampled_from(PLANES))
def test_pixels_of_a_cut_are_square(volume, plane):
    view = cut_geometry(volume, plane)
    assert view.spacing_mm[1] == view.spacing_mm[2] == pytest.approx(min(volume.spacing_mm))


@given(any_geometry(), st.sampled_from((*PLANES, "stack")), st.tuples(*[st.floats(-5, 15)] * 3))
def test_index_map_agrees_with_the_patient(volume, plane, at):
    view = cut_geometry(volume, plane)
    cut, row, column = at
    found = index_map(view, volume, cut) @ np.array([row, column, 1.0])
    np.testing.assert_allclose(found, volume.patient_to_index(view.index_to_patient(at)), atol=1e-6)


@given(any_geometry(), st.sampled_from((*PLANES, "stack")), st.floats(-3, 12))
def test_distance_to_a_cut_is_along_the_normal(volume, plane, off):
    view = cut_geometry(volume, plane)
    towards = np.array(view.normal) * np.sign(np.dot(view.normal, view.along_slices))
    point = view.index_to_patient((1, 2.5, 3.5)) + off * towards
    assert distance_to_cut(view, 1, tuple(point)) == pytest.approx(off, abs=1e-6)


@given(any_geometry(), st.integers(0, 8), st.floats(-0.49, 0.49))
def test_the_nearest_cut_is_the_nearest(volume, index, off):
    index = min(index, volume.shape[0] - 1)
    towards = np.array(volume.normal) * np.sign(np.dot(volume.normal, volume.along_slices))
    point = volume.index_to_patient((index, 1, 1)) + off * cut_spacing(volume) * towards
    assert nearest_cut(volume, tuple(point)) == index


@given(any_geometry())
def test_parts_of_a_grid_keep_their_place(volume):
    part = part_of(volume, (1, 2, 3), (1, 1, 1))
    np.testing.assert_allclose(part.index_to_patient((0, 0, 0)), volume.index_to_patient((1, 2, 3)))
    window = window_of(volume, (2, 4), (1, 6))
    assert window.shape == (volume.shape[0], 2, 5)
    np.testing.assert_allclose(window.index_to_patient((0, 1, 2)), volume.index_to_patient((0, 3, 3)))


def test_an_absurd_spacing_does_not_make_an_absurd_picture():
    view = cut_geometry(geometry(spacing=(1000.0, 0.001, 0.001), shape=(50, 6, 8)), "coronal")
    assert max(view.shape) <= LONGEST
