from dataclasses import replace

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from tests.core.report import made
from viewer.core.report.second_read import NoduleMask
from viewer.core.report.segmentation import nodule_seg, reader_seg, segment_numbers
from viewer.core.report.source import source


def read_back(seg):
    data = DicomBytesIO()
    seg.save_as(data, enforce_file_format=True)
    data.seek(0)
    return hd.seg.Segmentation.from_dataset(dcmread(data))


def volume(seg, number, where):
    """(slices, rows, columns) bool: a segment put back on the grid of its series by its own positions."""
    grid = where.geometry
    out = np.zeros(grid.shape, bool)
    for frame, group in zip(
        np.atleast_3d(seg.pixel_array.reshape(-1, *grid.shape[1:])),
        seg.PerFrameFunctionalGroupsSequence,
        strict=True,
    ):
        shared = seg.SharedFunctionalGroupsSequence[0].get("SegmentIdentificationSequence")
        segment = (group.get("SegmentIdentificationSequence") or shared)[0].ReferencedSegmentNumber
        if segment == number:
            k = grid.patient_to_index(group.PlanePositionSequence[0].ImagePositionPatient)[0]
            out[round(float(k))] = frame.astype(bool)
    return out


def whole(mask, where):
    out = np.zeros(where.geometry.shape, bool)
    (k, i, j), (a, b, c) = mask.start, mask.voxels.shape
    out[k : k + a, i : i + b, j : j + c] = mask.voxels
    return out


def make(where, findings=(made.M1, made.M3), **changes):
    read = made.second_read(where, **changes)
    return nodule_seg(source(where), findings, read.masks, read, "Nodules"), read


def test_every_voxel_comes_back_where_it_was():
    where = made.display_set()
    seg, read = make(where)
    back = read_back(seg)
    assert segment_numbers(back) == {made.M1.tracking_uid: 1, made.M3.tracking_uid: 2}
    for number, finding in enumerate((made.M1, made.M3), 1):
        assert (volume(back, number, where) == whole(read.masks[finding.tracking_uid], where)).all()
    assert back.SegmentSequence[0].TrackingID == "M1"


def test_only_slices_with_content_are_written_and_missing_ones_skipped():
    where = made.display_set(missing=(5,))  # M1 lies on slices 4, 5 and 6
    seg, read = make(where, (made.M1,))
    filled = set(np.flatnonzero(whole(read.masks[made.M1.tracking_uid], where).any(axis=(1, 2)))) - {5}
    back = read_back(seg)
    written = set(np.flatnonzero(volume(back, 1, where).any(axis=(1, 2))))
    assert written == filled
    assert back.NumberOfFrames == len(filled)
    referenced = {
        i.ReferencedSOPInstanceUID
        for s in back.ReferencedSeriesSequence
        for i in s.ReferencedInstanceSequence
    }
    assert referenced == {where.instance_at(k).sop_instance_uid for k in filled}


def test_findings_that_overlap_keep_all_their_voxels():
    where = made.display_set()
    near = replace(made.M3, center_lps_mm=(2.0, 0.0, 10.0))
    masks = {f.tracking_uid: made.ball(where, f.center_lps_mm, 4.0) for f in (made.M1, near)}
    seg, _ = make(where, (made.M1, near), masks=masks)
    back = read_back(seg)
    for number, finding in enumerate((made.M1, near), 1):
        assert (volume(back, number, where) == whole(masks[finding.tracking_uid], where)).all()


def test_frames_of_one_multi_frame_object():
    single = made.display_set()
    frames = tuple(
        replace(
            i, sop_class_uid="1.2.840.10008.5.1.4.1.1.2.1", sop_instance_uid="1.2.3.7", frames=12, frame=k
        )
        for k, i in enumerate(single.instances)
    )
    where = replace(single, instances=frames)
    seg, read = make(where, (made.M1,))
    back = read_back(seg)
    assert (volume(back, 1, where) == whole(read.masks[made.M1.tracking_uid], where)).all()
    assert len(source(where).images) == 1


@pytest.mark.parametrize(
    "masks", [{}, {made.M1.tracking_uid: NoduleMask(np.zeros((2, 3, 3), np.uint8), (4, 9, 9))}]
)
def test_without_a_mask_there_is_no_segmentation(masks):
    seg, _ = make(made.display_set(), (made.M1,), masks=masks)
    assert seg is None


def test_segments_of_the_reader_are_semiautomatic_and_carry_the_marks_tracking_uid():
    where = made.display_set()
    mask = made.ball(where, made.R2.center_lps_mm, 4.0)
    seg = read_back(
        reader_seg(source(where), [made.R1, made.R2], {made.R2.tracking_uid: mask}, "Marked by the reader")
    )
    (segment,) = seg.SegmentSequence
    assert segment.SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert segment.SegmentAlgorithmName == "Tandem nodule outline"
    assert segment_numbers(seg) == {made.R2.tracking_uid: 1}
    assert np.array_equal(volume(seg, 1, where), whole(mask, where))
