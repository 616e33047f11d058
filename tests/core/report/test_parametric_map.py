"""Heat maps as DICOM Parametric Maps: every value comes back at its place, on its own images."""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from tests.core.report import made
from viewer.core.report.parametric_map import heat_map_object
from viewer.core.report.second_read import HeatPatch
from viewer.core.report.source import source

PATCH = np.random.default_rng(1).uniform(0.2, 1, (3, 5, 6)).astype(np.float32)


def read_back(made_object):
    data = DicomBytesIO()
    made_object.save_as(data, enforce_file_format=True)
    data.seek(0)
    return dcmread(data)


def on_series(missing=()):
    where = made.display_set(missing=missing)
    read = made.second_read(where)
    return where, read_back(heat_map_object(source(where), made.M1, HeatPatch(PATCH, (2, 7, 9)), read))


def values(back):
    mapping = back.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    return np.asarray(back.pixel_array) * mapping.RealWorldValueSlope


def test_every_value_comes_back_where_it_was_on_the_slices_that_it_refers_to():
    where, back = on_series()
    found = values(back)
    assert found.shape == (3, *where.geometry.shape[1:])
    seen = set()
    for frame, group in zip(found, back.PerFrameFunctionalGroupsSequence, strict=True):
        at = where.geometry.patient_to_index(group.PlanePositionSequence[0].ImagePositionPatient)
        n = round(float(at[0])) - 2
        seen.add(n)
        assert at == pytest.approx((2 + n, 0, 0), abs=1e-3)
        assert frame[7:12, 9:15] == pytest.approx(PATCH[n], abs=1e-4)
        assert frame.sum() == pytest.approx(PATCH[n].sum(), abs=1e-2)
        image = group.DerivationImageSequence[0].SourceImageSequence[0]
        assert image.ReferencedSOPInstanceUID == where.instances[2 + n].sop_instance_uid
    assert seen == {0, 1, 2}
    assert back.FrameOfReferenceUID == where.geometry.frame_of_reference_uid


def test_it_says_what_it_is_and_of_which_weights():
    where, back = on_series()
    mapping = back.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    item = back.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    assert made.second_read(where).sha256 in item.DerivationDescription
    assert mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeValue == "130404"
    assert "Not an outline" in back.ContentDescription
    assert back.ContentQualification == "RESEARCH"


def test_a_missing_slice_gets_no_frame_and_a_map_beside_the_series_no_object():
    where, back = on_series(missing=(3,))
    assert int(back.NumberOfFrames) == 2
    far = HeatPatch(PATCH, (500, 0, 0))
    assert heat_map_object(source(where), made.M1, far, made.second_read(where)) is None
