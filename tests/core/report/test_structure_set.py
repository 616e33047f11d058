"""Outlines leave as an RT Structure Set and come back as the voxels that they were drawn round."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from skimage.draw import polygon

from tests.core.report import made
from tests.validators import dciodvfy_errors, needs
from viewer.core.report.second_read import NoduleMask
from viewer.core.report.source import ReportError, source
from viewer.core.report.structure_set import structure_set


def read_back(rt):
    data = DicomBytesIO()
    rt.save_as(data, enforce_file_format=True)
    data.seek(0)
    return dcmread(data)


def filled(rt, number, geometry):
    """(slices, rows, columns): the voxels whose centres lie in a region, contours joined by exclusive or."""
    out = np.zeros(geometry.shape, bool)
    (region,) = [r for r in rt.ROIContourSequence if r.ReferencedROINumber == number]
    for contour in region.ContourSequence:
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert contour.NumberOfContourPoints == len(points)
        index = geometry.patient_to_index(points)
        (k,) = set(np.rint(index[:, 0]).astype(int))
        assert np.allclose(index[:, 0], k, atol=1e-2)
        rows, columns = polygon(index[:, 1], index[:, 2], geometry.shape[1:])
        out[k, rows, columns] ^= True
    return out


def whole(mask, where):
    out = np.zeros(where.geometry.shape, bool)
    (k, i, j), (a, b, c) = mask.start, mask.voxels.shape
    out[k : k + a, i : i + b, j : j + c] = mask.voxels
    return out


def make(where, masks=None):
    read = made.second_read(where)
    return structure_set(source(where), (made.M1, made.M3), masks or read.masks, read, "Organs"), read


def test_every_voxel_comes_back_where_it_was():
    where = made.display_set()
    rt, read = make(where)
    back = read_back(rt)
    assert back.Modality == "RTSTRUCT"
    assert [r.ROIName for r in back.StructureSetROISequence] == [made.M1.label, made.M3.label]
    for number, finding in enumerate((made.M1, made.M3), 1):
        assert (filled(back, number, where.geometry) == whole(read.masks[finding.tracking_uid], where)).all()


def test_a_hole_stays_a_hole():
    where = made.display_set()
    voxels = np.ones((1, 9, 9), np.uint8)
    voxels[0, 3:6, 3:6] = 0
    mask = NoduleMask(voxels, (2, 4, 5))
    back = read_back(make(where, {made.M1.tracking_uid: mask})[0])
    assert back.ROIContourSequence[0].ContourSequence[0].ContourGeometricType == "CLOSEDPLANAR_XOR"
    assert (filled(back, 1, where.geometry) == whole(mask, where)).all()


def test_contours_name_the_image_that_they_lie_on_and_missing_slices_have_none():
    where = made.display_set(missing=(5,))
    voxels = np.ones((3, 4, 4), np.uint8)
    back = read_back(make(where, {made.M1.tracking_uid: NoduleMask(voxels, (4, 4, 4))})[0])
    drawn = back.ROIContourSequence[0].ContourSequence
    named = [c.ContourImageSequence[0].ReferencedSOPInstanceUID for c in drawn]
    assert named == [where.instance_at(k).sop_instance_uid for k in (4, 6)]
    (frame,) = back.ReferencedFrameOfReferenceSequence
    listed = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].ContourImageSequence
    assert [i.ReferencedSOPInstanceUID for i in listed] == named


def test_it_says_that_it_is_no_approved_plan():
    rt, _ = make(made.display_set())
    assert rt.ApprovalStatus == "UNAPPROVED"
    assert "Research software" in rt.StructureSetDescription
    assert {r.ROIGenerationAlgorithm for r in rt.StructureSetROISequence} == {"AUTOMATIC"}


def test_nothing_outlined_is_no_object():
    where = made.display_set()
    assert structure_set(source(where), (made.M1,), {}, made.second_read(where), "Organs") is None


def test_without_a_frame_of_reference_there_are_no_contours():
    where = made.display_set()
    there = source(where)
    for image in there.images:
        del image.FrameOfReferenceUID
    read = made.second_read(where)
    with pytest.raises(ReportError, match="no frame of reference"):
        structure_set(replace(there), (made.M1,), read.masks, read, "Organs")


def test_dciodvfy_finds_no_error(tmp_path):
    needs("dciodvfy")
    rt, _ = make(made.display_set())
    rt.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    assert dciodvfy_errors(tmp_path / "rt.dcm") == []
