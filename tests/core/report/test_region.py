import numpy as np
import pytest

from tests.core.report import made
from viewer.core.dicom.geometry import Geometry
from viewer.core.report.region import circle, outline
from viewer.core.report.second_read import NoduleMask

TILTED = Geometry(
    (5.0, -3.0, 40.0),
    (0.0, -0.28, 0.96),
    (0.0, 0.96, 0.28),
    (1.0, 0.0, 0.0),
    (2.0, 0.5, 0.5),
    (8, 40, 40),
    "1.2",
)


def area(ring):
    """Area of a planar polygon in space, mm²."""
    return np.linalg.norm(np.cross(ring[:-1], ring[1:]).sum(axis=0)) / 2


def test_a_circle_has_its_diameter_and_lies_in_the_plane_of_the_images():
    ring = circle((1.0, 2.0, 3.0), 9.0, TILTED.along_rows, TILTED.along_columns)
    assert np.linalg.norm(ring - (1, 2, 3), axis=1) == pytest.approx(4.5)
    assert (ring - (1, 2, 3)) @ TILTED.normal == pytest.approx(0)
    assert (ring[0] == ring[-1]).all()


def test_a_finding_that_was_not_measured_gets_a_small_circle():
    ring = circle((0, 0, 0), None, (0, 1, 0), (1, 0, 0))
    assert np.linalg.norm(ring, axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("grid", [TILTED, made.display_set().geometry])
def test_the_outline_encloses_the_area_of_the_largest_slice(grid):
    voxels = np.zeros((3, 12, 14), np.uint8)
    voxels[0, 4:6, 4:6] = 1
    voxels[1, 2:10, 3:11] = 1
    ring = outline(NoduleMask(voxels, (2, 6, 7)), grid)
    pixel = grid.spacing_mm[1] * grid.spacing_mm[2]
    assert area(ring - ring[0]) == pytest.approx(64 * pixel, rel=0.02)  # the corners are cut
    index = grid.patient_to_index(ring)
    assert index[:, 0] == pytest.approx(3.0)
    assert index[:, 1].mean() == pytest.approx(6 + 5.5, abs=0.2)
    assert index[:, 2].mean() == pytest.approx(7 + 6.5, abs=0.2)


def test_of_several_parts_the_largest_is_outlined_and_of_nothing_nothing():
    voxels = np.zeros((1, 20, 20), np.uint8)
    voxels[0, 2:4, 2:4] = 1
    voxels[0, 8:18, 8:18] = 1
    ring = outline(NoduleMask(voxels, (0, 0, 0)), TILTED)
    assert TILTED.patient_to_index(ring)[:, 1:].min() > 7
    assert outline(NoduleMask(np.zeros((2, 3, 3), np.uint8), (0, 0, 0)), TILTED) is None
