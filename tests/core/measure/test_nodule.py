"""Measuring under a mark: balls of known size, then what makes it hard, then real lesions."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from inference.phantom.chest import chest
from tests.conftest import shared_data
from tests.core.measure.phantoms import ball, ellipsoid, grid, middle, tube, volume, wall
from tests.core.measure.series import read_series
from viewer.core.dicom.geometry import Geometry
from viewer.core.measure.nodule import AT_THE_WALL, CUT_OFF, GAP, measure_nodule, slices_needed
from viewer.core.reading.finding import Texture

THIN, NLST, THICK = (1.25, 0.7, 0.7), (2.0, 0.54, 0.54), (5.0, 0.84, 0.84)
COARSE = (1.5, 1.0, 1.0)


def long_mm(measure):
    return float(np.linalg.norm(np.subtract(*measure.long_axis)))


def short_mm(measure):
    return float(np.linalg.norm(np.subtract(*measure.short_axis)))


@given(
    diameter=st.floats(4, 16),
    spacing=st.sampled_from([THIN, NLST]),
    shear=st.sampled_from([0.0, 0.25, -0.3]),
    off=st.tuples(*[st.floats(0, 1)] * 3),
    seed_off=st.tuples(*[st.floats(-0.25, 0.25)] * 3),
)
@settings(max_examples=25, deadline=None)
def test_a_ball_is_measured_to_less_than_a_pixel(diameter, spacing, shear, off, seed_off):
    geometry = grid(spacing, shear=shear)
    centre = middle(geometry, off)
    hu = volume(geometry, (30.0, ball(centre, diameter)))
    found = measure_nodule(hu, geometry, tuple(np.add(centre, np.multiply(seed_off, diameter))))
    assert long_mm(found) == pytest.approx(diameter, abs=spacing[1] + 0.05)
    assert short_mm(found) == pytest.approx(diameter, abs=spacing[1] + 0.05)
    assert np.linalg.norm(np.subtract(found.center_lps_mm, centre)) < 0.7
    assert (6 * found.volume_mm3 / np.pi) ** (1 / 3) == pytest.approx(diameter, abs=spacing[1])


@given(st.tuples(*[st.floats(7, 14)] * 3), st.sampled_from([0.0, 0.3]))
@settings(max_examples=10, deadline=None)
def test_axes_are_at_right_angles_in_one_slice_and_the_mask_agrees(diameters, shear):
    geometry = grid(shear=shear)
    centre = middle(geometry)
    found = measure_nodule(volume(geometry, (30.0, ellipsoid(centre, diameters))), geometry, centre)
    ends = geometry.patient_to_index([*found.long_axis, *found.short_axis])
    assert np.allclose(ends[:, 0], found.slice_index, atol=1e-6)
    assert abs(np.dot(np.subtract(*found.long_axis), np.subtract(*found.short_axis))) < 1e-6
    assert long_mm(found) >= short_mm(found)
    assert long_mm(found) == pytest.approx(max(diameters[:2]), rel=0.07, abs=0.4)
    assert short_mm(found) == pytest.approx(min(diameters[:2]), rel=0.07, abs=0.4)
    voxel = abs(np.linalg.det(geometry.matrix()[:3, :3]))
    assert found.mask.sum() * voxel == pytest.approx(found.volume_mm3, rel=0.06)
    inside = np.argwhere(found.mask) + found.start
    assert np.allclose(geometry.index_to_patient(inside.mean(axis=0)), found.center_lps_mm, atol=0.5)


def test_thick_slices_and_large_nodules():
    geometry = grid(THICK, mm=70)
    centre = middle(geometry)
    for diameter in (8.0, 30.0, 38.0):
        found = measure_nodule(volume(geometry, (30.0, ball(centre, diameter))), geometry, centre)
        assert long_mm(found) == pytest.approx(diameter, abs=0.84)


@pytest.mark.parametrize("texture", [Texture.NON_SOLID, Texture.PART_SOLID])
def test_ground_glass_is_measured_to_its_own_edge(texture):
    geometry = grid()
    centre = middle(geometry)
    shapes = [(-600.0, ball(centre, 14))] + [(0.0, ball(centre, 7))] * (texture is Texture.PART_SOLID)
    hu = volume(geometry, *shapes)
    assert long_mm(measure_nodule(hu, geometry, centre, texture=texture)) == pytest.approx(14, abs=1)
    if texture is Texture.PART_SOLID:  # taken as solid, the core is measured
        assert long_mm(measure_nodule(hu, geometry, centre)) == pytest.approx(7, abs=1.2)


@pytest.mark.parametrize(("diameter", "vessel"), [(8, 3), (15, 5)])
def test_a_vessel_through_the_nodule_is_not_part_of_it(diameter, vessel):
    geometry = grid(mm=52)
    centre = middle(geometry)
    shapes = ((30.0, ball(centre, diameter)), (30.0, tube(centre, (1.0, 0.3, 0.2), vessel)))
    found = measure_nodule(volume(geometry, *shapes), geometry, centre)
    assert short_mm(found) == pytest.approx(diameter, abs=0.7)
    assert diameter - 0.5 < long_mm(found) < 1.35 * diameter
    assert found.volume_mm3 == pytest.approx(np.pi / 6 * diameter**3, rel=0.2)


@pytest.mark.parametrize(("diameter", "depth"), [(10, 0.25), (10, 0.0), (15, 0.25), (15, 0.0), (25, 0.25)])
def test_a_nodule_on_the_chest_wall_ends_there_and_says_so(diameter, depth):
    """`depth`: distance of the ball's centre from the wall, in diameters."""
    geometry = grid(COARSE, mm=76)
    centre = middle(geometry)
    plane = np.add(centre, (depth * diameter, 0, 0))
    hu = volume(geometry, (30.0, ball(centre, diameter)), (40.0, wall(plane, (1, 0, 0))))
    found = measure_nodule(hu, geometry, tuple(np.subtract(centre, (0.1 * diameter, 0, 0))))
    assert found.note == AT_THE_WALL
    assert long_mm(found) == pytest.approx(diameter, abs=1.5)
    assert short_mm(found) == pytest.approx((0.5 + depth) * diameter, abs=1.5)


@pytest.mark.parametrize("x_mm", [-3, -1.5, 0, 1, 2, 4, 12])
def test_bare_wall_is_not_measured(x_mm):
    geometry = grid(COARSE, mm=76)
    centre = middle(geometry)
    hu = volume(geometry, (30.0, wall(centre, (1, 0, 0))))
    found = measure_nodule(hu, geometry, (centre[0] + x_mm, *centre[1:]))
    assert not found.measured and found.reason


@pytest.mark.parametrize(
    ("shapes", "seed", "reason"),
    [
        ([], (0, 0, 0), "Nothing denser"),
        ([(-800.0, ball((0, 0, 0), 9))], (0, 0, 0), "Nothing denser"),
        ([(30.0, ball((0, 0, 0), 9))], (500, 0, 0), "outside the images"),
        ([(30.0, ball((0, 0, 0), 9))], (9, 0, 0), "Nothing denser"),
        ([(30.0, ball((0, 0, 0), 200))], (0, 0, 0), "no lung"),
        ([(30.0, ball((0, 0, 0), 46))], (0, 0, 0), ""),
    ],
)
def test_what_cannot_be_measured_says_why_and_leaves_the_mark_where_it_is(shapes, seed, reason):
    geometry = grid(COARSE, mm=60, origin=(-30.0, -30.0, -30.0))
    found = measure_nodule(volume(geometry, *shapes), geometry, seed)
    assert (found.measured, found.long_axis, found.volume_mm3, found.mask.size) == (False, None, None, 0)
    assert found.reason.startswith(reason) or reason in found.reason
    assert found.center_lps_mm == seed and found.radius_mm == 2.5


def test_missing_slices_are_not_read_as_air_and_cost_the_volume():
    geometry = grid()
    centre = middle(geometry)
    hu = volume(geometry, (30.0, ball(centre, 12)))
    k = round(float(geometry.patient_to_index(centre)[0]))
    hu[k : k + 2] = -1024
    found = measure_nodule(hu, geometry, centre, missing=(k, k + 1))
    assert (found.note, found.volume_mm3) == (GAP, None)
    assert found.slice_index not in (k, k + 1) and long_mm(found) == pytest.approx(12, abs=0.8)


def test_a_nodule_that_the_series_cuts_off_has_no_volume():
    geometry = grid()
    centre = tuple(geometry.index_to_patient([1, 31, 31]).tolist())
    found = measure_nodule(volume(geometry, (30.0, ball(centre, 12))), geometry, centre)
    assert (found.note, found.volume_mm3) == (CUT_OFF, None)


def test_the_slices_that_are_named_are_enough():
    geometry = grid(COARSE, mm=90)
    centre = middle(geometry)
    hu = volume(geometry, (30.0, ball(centre, 10)))
    needed = slices_needed(geometry, centre)
    part = measure_nodule(hu[needed.start : needed.stop], geometry, centre, first_slice=needed.start)
    whole = measure_nodule(hu, geometry, centre)
    assert len(needed) < geometry.shape[0]
    assert (part.long_axis, part.start, part.slice_index) == (whole.long_axis, whole.start, whole.slice_index)


# --- real lesions (neither tuned on)


def test_the_screening_nodule_at_the_apex():
    hu, geometry = read_series(shared_data("ct_chest", "dicom", "nlst_101287_jls"))
    found = measure_nodule(hu, geometry, (4.2, 2.9, 1180.0))
    assert long_mm(found) == pytest.approx(15.0, abs=3)
    assert np.linalg.norm(np.subtract(found.center_lps_mm, (4.2, 2.9, 1180.0))) < 2


def test_the_metastases_of_the_lung_bases():
    folder = shared_data("ct_chest", "dicom", "rider_pilot_0117_slab_j2k")
    truth = json.loads((folder.parent / "rider_pilot_0117_slab.truth.json").read_text())
    hu, geometry = read_series(folder)
    sure = [f for f in truth["findings"] if f["certainty"] == "sure" and 5 <= f["diameter_mm"] <= 30]
    started = time.process_time()
    found = [measure_nodule(hu, geometry, tuple(f["center_lps_mm"])) for f in sure]
    print(f"{(time.process_time() - started) / len(sure) * 1000:.0f} ms each")
    errors = [long_mm(m) - f["diameter_mm"] for m, f in zip(found, sure, strict=True) if m.measured]
    assert len(errors) == len(sure)
    assert np.median(np.abs(errors)) < 0.8 and np.max(np.abs(errors)) < 3


# --- in lung or not


@pytest.mark.parametrize("diameter", [4, 8, 20])
@pytest.mark.parametrize("depth", [1.5, 0.5, 0.25, 0.0])
def test_a_nodule_in_lung_or_on_the_wall_is_in_lung(diameter, depth):
    geometry = grid(COARSE, mm=76)
    centre = middle(geometry)
    plane = np.add(centre, (depth * diameter, 0, 0))
    hu = volume(geometry, (30.0, ball(centre, diameter)), (40.0, wall(plane, (1, 0, 0))))
    assert measure_nodule(hu, geometry, tuple(np.subtract(centre, (0.1 * diameter, 0, 0)))).in_lung


@pytest.mark.parametrize("behind_mm", [5, 10, 20])
def test_a_mark_in_the_wall_is_not(behind_mm):
    geometry = grid(COARSE, mm=76)
    centre = middle(geometry)
    hu = volume(geometry, (30.0, wall(np.subtract(centre, (behind_mm, 0, 0)), (1, 0, 0))))
    assert not measure_nodule(hu, geometry, centre).in_lung


def test_a_chest_wall_between_lung_and_the_air_outside_is_not_lung():
    geometry = grid(COARSE, mm=76)
    x, y, z = centre = middle(geometry)
    air = (-1000.0, wall((x + 7, y, z), (1, 0, 0)))
    hu = volume(geometry, (30.0, wall((x - 7, y, z), (1, 0, 0))), air)
    assert not measure_nodule(hu, geometry, centre).in_lung


def test_a_mark_that_no_image_shows_is_not_judged_by_its_place():
    geometry = grid(COARSE, mm=60, origin=(-30.0, -30.0, -30.0))
    assert measure_nodule(volume(geometry), geometry, (500.0, 0.0, 0.0)).in_lung


def test_of_a_phantom_nodules_are_in_lung_and_mediastinum_and_chest_wall_are_not():
    case = chest(
        96001, nodules=6, sizes_mm=(5.0, 16.0), spacing_mm=(2.5, 1.2, 1.2), shape=(48, 260, 300), workers=1
    )
    grid_ = case.grid
    geometry = Geometry(grid_.origin_mm, *grid_.axes, grid_.spacing_mm, case.hu.shape, "1.9")
    assert all(measure_nodule(case.hu, geometry, lesion.center_lps_mm).in_lung for lesion in case.lesions)
    k = case.hu.shape[0] // 2
    body = np.argwhere(case.hu[k] > -300)
    air = distance_transform_edt(case.hu[k] > -300)
    mediastinum = np.unravel_index(np.argmax(air), air.shape)
    front = min(body, key=lambda at: (abs(at[1] - mediastinum[1]), at[0]))  # the skin before it
    for row, column in (mediastinum, (front[0] + 10, front[1])):
        at = tuple(geometry.index_to_patient((k, row, column)).tolist())
        assert not measure_nodule(case.hu, geometry, at).in_lung


@pytest.mark.parametrize("name", ["nlst_101287_jls", "rider_pilot_0117_slab_j2k"])
def test_real_nodules_are_in_lung(name):
    folder = shared_data("ct_chest", "dicom", name)
    truth = json.loads((folder.parent / f"{name.rsplit('_', 1)[0]}.truth.json").read_text())
    hu, geometry = read_series(folder)
    places = [tuple(f["center_lps_mm"]) for f in truth["findings"]]
    assert all(measure_nodule(hu, geometry, at).in_lung for at in places)
