"""What another program outlined on mammograms in a segmentation alone is a mark, as those of its reports."""

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from tests.app.test_cad_marks import FOUND, cad, saved
from tests.core.hanging.files import exam, write
from viewer.app.scan import scan
from viewer.app.second_read.others import reads_of_others
from viewer.core.cad.segments import read_segments
from viewer.core.cad.tree import BadTree
from viewer.core.report.document import MAKER

EMPTY_THERE = (
    "AccessionNumber",
    "StudyID",
    "StudyTime",
    "ReferringPhysicianName",
    "PatientSex",
    "PatientBirthDate",
)
TRACKED = "2.25.42"


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "exam", *exam())


def image(folder, uid):
    found = next(d for path in sorted(folder.rglob("*.dcm")) if (d := dcmread(path)).SOPInstanceUID == uid)
    for keyword in EMPTY_THERE:
        if keyword not in found:
            setattr(found, keyword, "")
    return found


def outline(folder, mask, *, maker="Other", **more):
    """A segmentation of one segment on the R CC; `mask` (rows, columns)."""
    said = {
        "segmented_property_category": codes.SCT.MorphologicallyAbnormalStructure,
        "segmented_property_type": codes.SCT.Mass,
        "algorithm_type": "AUTOMATIC",
    } | more
    if said["algorithm_type"] != "MANUAL":
        kind = codes.DCM.ArtificialIntelligence
        said["algorithm_identification"] = hd.AlgorithmIdentificationSequence("Mass finder", kind, "2")
    segment = hd.seg.SegmentDescription(1, "mass", tracking_uid=TRACKED, tracking_id="1", **said)
    of = image(folder, "1.2.7.1.1.1")
    made = hd.seg.Segmentation(
        [of],
        mask[None],
        "BINARY",
        [segment],
        generate_uid(),
        9,
        generate_uid(),
        1,
        maker,
        "Second Look",
        "7",
        "1",
    )
    made.save_as(folder / f"{generate_uid()}.dcm", enforce_file_format=True)
    return made


def mask_with(*boxes):
    out = np.zeros((80, 50), bool)
    for top, bottom, left, right in boxes:
        out[top:bottom, left:right] = True
    return out


def reads(folder):
    return reads_of_others(scan([folder]).studies[0])


def test_one_region_is_one_mark_with_its_box_side_and_tracking_uid(folder):
    outline(folder, mask_with((10, 21, 30, 37)))
    (read,) = reads(folder)
    (mark,) = read.findings
    assert (read.status, mark.name, mark.label, mark.by, mark.laterality) == (
        "done", "C1", "mass", "Mass finder", "R",
    )  # fmt: skip
    (place,) = mark.places
    assert (place.sop_instance_uid, place.column, place.row) == ("1.2.7.1.1.1", 33.0, 15.0)
    assert place.box == (29.5, 9.5, 36.5, 20.5)
    assert mark.tracking_uid == TRACKED
    assert mark.probability is None and mark.certainty is None  # a segmentation states none


def test_two_regions_of_a_segment_are_two_marks(folder):
    outline(folder, mask_with((10, 20, 30, 36), (40, 60, 10, 30)))
    (read,) = reads(folder)
    assert [f.places[0].row for f in read.findings] == [49.5, 14.5]  # the larger one first
    assert len({f.tracking_uid for f in read.findings}) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"algorithm_type": "MANUAL"},
        {
            "segmented_property_category": codes.SCT.AnatomicalStructure,
            "segmented_property_type": codes.SCT.Breast,
        },
        {"maker": MAKER},
    ],
    ids=["a reader's", "an organ", "our own"],
)
def test_what_a_reader_outlined_an_organ_and_our_own_are_no_marks(folder, more):
    outline(folder, mask_with((10, 20, 30, 36)), **more)
    assert reads(folder) == ()


def test_a_program_that_also_wrote_a_report_is_read_from_that(folder):
    saved(cad(*FOUND), folder / "sr")
    (report,) = reads(folder)
    maker, _, _ = report.model_id.partition(" ")
    outline(folder, mask_with((10, 20, 30, 36)), maker=maker)
    assert [r.document for r in reads(folder)] == [report.document]


def test_an_outline_with_another_matrix_than_its_image_is_told_and_pixels_that_lack_are_refused(folder):
    made = outline(folder, mask_with((10, 20, 30, 36)))
    report = read_segments(made, {"1.2.7.1.1.1": (160, 100)})
    assert report.marks == ()
    assert report.refused == ("An outline 'mass' of Mass finder has not the matrix of its image.",)
    made.PixelData = made.PixelData[:10]
    with pytest.raises(BadTree, match="frame 1 of 80 x 50 pixels with 1 bits is not all there"):
        read_segments(made, {"1.2.7.1.1.1": (80, 50)})
