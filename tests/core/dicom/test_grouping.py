"""From instances to studies, series and display sets."""

import io

import numpy as np
import pytest

from tests.conftest import shared_data
from tests.core.dicom.files import ROOT, ct
from viewer.app.scan import scan
from viewer.core.dicom.grouping import group
from viewer.core.dicom.header import parse
from viewer.core.dicom.instance import Location
from viewer.core.dicom.volume import plane_geometry


def instances(*datasets):
    out = []
    for number, dataset in enumerate(datasets):
        data = io.BytesIO()
        dataset.save_as(data, enforce_file_format=True)
        out.append(parse(data, Location("file", f"/made/{number}"), data.getbuffer().nbytes))
    return out


def sets(*datasets):
    return [s for study in group(instances(*datasets)) for s in study.display_sets]


def kinds(display_set):
    return {warning.kind for warning in display_set.warnings}


def test_a_plain_series():
    (display_set,) = sets(*(ct(k) for k in (3, 1, 5, 2, 4)))
    assert [i.instance_number for i in display_set.instances] == [5, 4, 3, 2, 1]  # the head comes first
    assert display_set.geometry.origin_mm == pytest.approx((-10, -10, 10))
    assert display_set.geometry.along_slices == pytest.approx((0, 0, -1))
    assert display_set.geometry.spacing_mm == pytest.approx((2, 0.5, 0.5))
    assert display_set.warnings == () and display_set.missing == ()
    assert display_set.has_hu and display_set.title == "Chest"


def test_the_order_of_arrival_changes_nothing():
    datasets = [ct(k, SliceThickness="2" if k < 4 else "4") for k in range(1, 9)]
    forwards, backwards = sets(*datasets), sets(*reversed(datasets))
    assert [s.id for s in forwards] == [s.id for s in backwards]
    assert [s.geometry for s in forwards] == [s.geometry for s in backwards]


def test_a_growing_series_keeps_its_identity():
    few, many = sets(*(ct(k) for k in (1, 2, 4))), sets(*(ct(k) for k in range(1, 6)))
    assert few[0].id == many[0].id
    assert few[0].generation < many[0].generation
    assert few[0].missing == (1,) and many[0].missing == ()


def test_a_change_of_step_gives_two_stacks():
    first, second = sets(*(ct(k, z=z) for k, z in enumerate((0, 1, 2, 3, 5, 7, 9), 1)))
    assert [first.geometry.spacing_mm[0], second.geometry.spacing_mm[0]] == pytest.approx([1, 2])
    assert "variable_spacing" in kinds(first) & kinds(second)


def test_phases_at_the_same_places_are_told_apart():
    two = sets(*(ct(k, z=2 * (k % 4), AcquisitionNumber=1 + k // 4) for k in range(8)))
    assert [s.count for s in two] == [4, 4]
    assert all(s.geometry is not None for s in two)


def test_gantry_tilt_is_in_the_geometry_and_said():
    radians = np.deg2rad(15)
    tilted = [1, 0, 0, 0, float(np.cos(radians)), float(-np.sin(radians))]
    (display_set,) = sets(
        *(ct(k, ImageOrientationPatient=tilted, GantryDetectorTilt="15") for k in range(1, 5))
    )
    geometry = display_set.geometry
    assert geometry.is_sheared
    assert "gantry_tilt" in kinds(display_set)
    for k in range(4):
        place = display_set.instances[k].position_mm
        assert geometry.index_to_patient((k, 0, 0)) == pytest.approx(place)


def test_the_real_tilted_head_is_two_blocks():
    path = shared_data("conformance", "geometry", "ge_headct_tilt18_two_thicknesses.zip")
    thin, thick = scan([path]).studies[0].display_sets
    assert (thin.count, thick.count) == (5, 6)
    for display_set in (thin, thick):
        assert {"two_thicknesses", "gantry_tilt"} <= kinds(display_set)
        for k, instance in enumerate(display_set.instances):
            place = display_set.geometry.index_to_patient((k, 0, 0))
            assert place == pytest.approx(instance.position_mm, abs=0.1)
    assert thin.title.endswith("4 mm") and thick.title.endswith("7 mm")


def test_a_localizer_stands_apart_quietly():
    side = ct(9, ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    both = sets(*(ct(k) for k in range(1, 4)), side)
    assert sorted(s.count for s in both) == [1, 3]
    assert all(w.severity == "info" for s in both for w in s.warnings if w.kind == "two_orientations")


def test_unknown_patients_are_never_joined():
    one = ct(1, PatientID="", PatientName="")
    other = ct(2, PatientID="", PatientName="", StudyInstanceUID=f"{ROOT}.2")
    studies = group(instances(one, other))
    assert len({study.patient.key for study in studies}) == 2
    assert all(study.warnings[0].kind == "unknown_patient" for study in studies)


def test_a_name_in_capitals_is_the_same_patient():
    other = ct(2, PatientName="DOE^JANE^", StudyInstanceUID=f"{ROOT}.2")
    studies = group(instances(ct(1), other))
    assert len({study.patient.key for study in studies}) == 1
    assert not any(study.warnings for study in studies)


def test_documents_are_listed_after_images():
    report = ct(
        7, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR", SeriesInstanceUID=f"{ROOT}.1.0"
    )
    listed = sets(report, ct(1), ct(2))
    assert [s.kind for s in listed] == ["image", "report"]


def test_enhanced_frames_lie_where_their_functional_groups_say():
    path = shared_data("conformance", "enhanced", "legacy_ct_and_seg.zip")
    images = [s for study in scan([path]).studies for s in study.display_sets if s.kind == "image"]
    by_origin = {tuple(np.round(s.geometry.origin_mm, 2)) for s in images if s.count == 3}
    assert len(by_origin) == 1 and sum(s.count == 3 for s in images) == 2


def test_one_image_has_a_plane():
    (instance,) = instances(ct(4))
    plane = plane_geometry(instance)
    assert plane.shape == (1, 8, 8)
    assert plane.index_to_patient((0, 2, 4)) == pytest.approx((-8, -9, 8))


def test_rescales_that_cannot_be_united_make_no_volume():
    (display_set,) = sets(*(ct(k, RescaleSlope=f"{1 + k / 7:.5f}") for k in range(1, 4)))
    assert display_set.geometry is None and "rescale_differs" in kinds(display_set)
    (display_set,) = sets(*(ct(k, RescaleIntercept=str(-1000 - k)) for k in range(1, 4)))
    assert display_set.geometry is not None
