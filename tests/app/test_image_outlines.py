"""Outlines on single pictures: a segment on the picture itself, and no breast where there is none."""

import highdicom as hd
import numpy as np
import pydicom
import pytest

from inference.protocol import ArrayRef, Candidate, ImageHeat, OperatingPoint, Place
from tests.app.second_read.test_models_of_others import chest
from tests.validators import dciodvfy_errors, needs
from viewer.app.reporting import write_model_read
from viewer.app.scan import scan
from viewer.app.second_read.model_read import ModelRead, SeriesInput, StudyRead
from viewer.core.reading.finding import Author, Finding, ImagePlace

BOX = (9.5, 19.5, 39.5, 29.5)
"""left, top, right, bottom: 30 columns from 10, 10 rows from 20."""


LIES = {"sop_instance_uid": "1.2.77.1", "series_instance_uid": "1.2.77.3"}


@pytest.fixture
def written(tmp_path, home):
    (study,) = scan([chest(tmp_path / "dx", bright=True)]).studies
    p = np.full((10, 30), 0.8, np.float32)
    p[:, :5] = 0
    np.save(tmp_path / "p.npy", p)
    array = ArrayRef(path=str(tmp_path / "p.npy"), dtype="float32", shape=p.shape)
    place = Place(
        sop_instance_uid="1.2.77.1", column=24.5, row=24.5, box=BOX, heat=ImageHeat(array=array, box=BOX)
    )
    candidate = Candidate(
        id="c1", label="vessel", probability=0.8, score=0.8, above_operating_point=True, places=(place,)
    )
    finding = Finding(
        name="M1",
        tracking_uid="2.25.7",
        author=Author.MODEL,
        label="vessel",
        places=(
            ImagePlace(
                sop_instance_uid="1.2.77.1", series_instance_uid="1.2.77.3", column=24.5, row=24.5, box=BOX
            ),
        ),
        certainty=0.8,
        in_breast=False,
    )

    def write(**changes):
        read = ModelRead(
            model_id="vessels",
            model_version="1",
            model_sha256="ab" * 32,
            status="done",
            operating_point=OperatingPoint("as given", 0.5, 0.0, ""),
            inputs=(SeriesInput("1.2.77.3", "read"),),
            findings=(finding,),
            candidates={"2.25.7": candidate},
            **changes,
        )
        said = StudyRead(study_instance_uid=study.study_instance_uid, patient_id="P", reads=(read,))
        made = write_model_read(tmp_path / "out", study, said, {})
        return {w.role: w.path for w in made}

    return write


def test_an_outline_is_a_segment_on_its_picture(written):
    needs("dciodvfy")
    files = written(outlines=True)
    assert dciodvfy_errors(files["seg"]) == []
    made = hd.seg.segread(files["seg"])
    (plane,) = made.pixel_array.reshape(-1, 64, 64)
    assert (np.argwhere(plane)[0].tolist(), int(plane.sum())) == ([20, 15], 250)
    assert made.SegmentSequence[0].TrackingUID == "2.25.7"


def test_where_a_detector_looked_is_no_segment(written):
    assert "seg" not in written(outlines=False)


def test_a_radiograph_names_no_breast(written):
    needs("dciodvfy")
    report = written(outlines=True)["model_sr"]
    assert dciodvfy_errors(report) == []
    assert "breast" not in str(pydicom.dcmread(report)).lower()
