"""`findings.json` as other programs find it."""

import json
from dataclasses import replace

import jsonschema
import msgspec
import pytest

from inference.protocol import Candidate, Characteristic, Domain, Measurement, NearCase, OperatingPoint, Score
from viewer.app.second_read.findings import to_finding
from viewer.app.second_read.findings_json import (
    FILE,
    Segment,
    StudyResult,
    WrittenObject,
    validate,
    write_findings_json,
)
from viewer.app.second_read.model_read import ModelRead, SeriesInput, StudyRead, StudyWarning
from viewer.core.dicom.problem import Problem
from viewer.core.reading.finding import Author, Finding, ImagePlace

CANDIDATE = Candidate(
    id="c1",
    label="lung nodule",
    probability=0.8712345678901234,
    score=2.31,
    above_operating_point=True,
    center_lps_mm=(12.0, -30.123456789012345, 101.2),
    diameter_mm=9.1,
    long_axis_mm=10.0,
    short_axis_mm=8.2,
    long_axis_ends=((0.0, 0.0, 0.0), (10.0, 0.0, 0.0)),
    short_axis_ends=((0.0, 0.0, 0.0), (0.0, 8.2, 0.0)),
    volume_mm3=390.0,
    malignancy=0.4,
    characteristics={"texture": Characteristic("solid", 0.93)},
)
READ = ModelRead(
    model_id="ct_lung_nodule",
    model_version="1.0.0",
    model_sha256="ab" * 32,
    status="done",
    device="cpu",
    seconds=12.3,
    operating_point=OperatingPoint("balanced", 0.62, 1.0, "false marks per litre"),
    domain=Domain("in", 0.12),
    inputs=(SeriesInput("1.2.3", "read"), SeriesInput("1.2.4", "skipped", "a localizer")),
    scores=(Score("study", "any", 0.91),),
    findings=(to_finding(CANDIDATE, "M1", "1.2.5", "1.2.3", "1.2.6"),),
    candidates={"1.2.5": CANDIDATE},
    laterality={"1.2.5": "L"},
)
NOT_LOADED = Problem("a/b.dcm", "(0028,0010)", "0", "1..65535", "The image has no rows.")


def result(*reads, **more):
    warnings = (StudyWarning("1.2.3", "missing_slices", "Slice 4 is missing."),)
    read = StudyRead(study_instance_uid="1.2", patient_id="X", warnings=warnings, reads=reads)
    return StudyResult(read, **more)


def written(tmp_path, *results, not_loaded=()):
    path = write_findings_json(results, not_loaded, tmp_path)
    assert path == tmp_path / FILE
    assert [p.name for p in tmp_path.iterdir()] == [FILE]
    return json.loads(path.read_text(encoding="utf-8"))


def test_everything_of_the_format_is_there(tmp_path):
    objects = (WrittenObject("objects/model_sr.dcm", "SR", "1.2.7"),)
    segments = {"1.2.5": Segment("objects/seg_1.dcm", 1)}
    document = written(tmp_path, result(READ, objects=objects, segments=segments), not_loaded=(NOT_LOADED,))
    assert document["schema_version"] == 1
    assert document["software"]["name"] == "tandem"
    assert document["not_loaded"] == [
        {
            "file": "a/b.dcm",
            "tag": "(0028,0010)",
            "found": "0",
            "allowed": "1..65535",
            "message": "The image has no rows.",
        }
    ]
    (study,) = document["studies"]
    assert (study["study_instance_uid"], study["patient_id"]) == ("1.2", "X")
    assert study["warnings"][0]["kind"] == "missing_slices"
    assert study["objects"][0]["path"] == "objects/model_sr.dcm"
    (read,) = study["reads"]
    assert read["model"] == {"id": "ct_lung_nodule", "version": "1.0.0", "sha256": "ab" * 32}
    assert read["operating_point"]["threshold"] == 0.62
    assert read["domain"] == {"verdict": "in", "score": 0.12, "reasons": []}
    assert read["inputs"][1] == {
        "series_instance_uid": "1.2.4",
        "sop_instance_uid": None,
        "frame": None,
        "laterality": None,
        "view": None,
        "status": "skipped",
        "reason": "a localizer",
    }
    (finding,) = read["findings"]
    assert finding["places"][0]["frame_of_reference_uid"] == "1.2.6"
    assert finding["laterality"] == "L"
    assert finding["category"] == {
        "scheme": "Lung-RADS v2022",
        "value": "4A",
        "rule": "solid, baseline, 8 to < 15 mm",
    }
    assert finding["characteristics"] == {"texture": {"value": "solid", "probability": 0.93}}
    assert finding["segment"] == {"path": "objects/seg_1.dcm", "number": 1}


def test_training_findings_like_it_stand_there_where_the_model_brought_some(tmp_path):
    like = NearCase(number=7, distance=0.61, size_mm=7.2, outcome=True, words="solid, rated 4 of 5")
    near = msgspec.structs.replace(CANDIDATE, nearest=(like,))
    read = replace(READ, candidates={"1.2.5": near})
    finding = written(tmp_path, result(read))["studies"][0]["reads"][0]["findings"][0]
    assert finding["nearest"] == [
        {"number": 7, "distance": 0.61, "size_mm": 7.2, "outcome": True, "words": "solid, rated 4 of 5"}
    ]
    assert "nearest" not in written(tmp_path, result(READ))["studies"][0]["reads"][0]["findings"][0]


def test_what_was_measured_of_the_study_stands_there_and_so_does_why_it_was_not(tmp_path):
    said = (
        Measurement("midline shift", 6.75, 2.25, "R"),
        Measurement("midline shift", reason="the ventricles are not seen"),
    )
    reads = [replace(READ, measurements=(one,)) for one in said]
    shifted, silent = written(tmp_path, result(*reads))["studies"][0]["reads"]
    assert shifted["measurements"] == [
        {"name": "midline shift", "value_mm": 6.75, "within_mm": 2.25, "towards": "R", "reason": ""}
    ]
    assert silent["measurements"][0]["value_mm"] is None
    assert silent["measurements"][0]["reason"] == "the ventricles are not seen"


def test_figures_are_not_rounded(tmp_path):
    finding = written(tmp_path, result(READ))["studies"][0]["reads"][0]["findings"][0]
    assert finding["probability"] == CANDIDATE.probability
    assert finding["places"][0]["center_lps_mm"] == list(CANDIDATE.center_lps_mm)


def test_nothing_found_not_run_and_failed_are_three_answers(tmp_path):
    empty = replace(READ, findings=(), candidates={}, scores=())
    silent = replace(empty, operating_point=None, domain=None, device="", seconds=0.0)
    reads = (
        empty,
        replace(silent, status="not_run", reason="no CT in this study"),
        replace(silent, status="failed", reason="the second reader was ended by signal 9; tried twice"),
    )
    found = written(tmp_path, result(*reads))["studies"][0]["reads"]
    assert [(r["status"], r["findings"]) for r in found] == [("done", []), ("not_run", []), ("failed", [])]
    assert found[0]["reason"] is None


BAD = {
    "no reason": replace(READ, status="not_run", findings=(), candidates={}, scores=()),
    "no operating point": replace(READ, operating_point=None),
    "no such status": replace(READ, status="maybe"),
    "no such verdict": replace(READ, domain=Domain("elsewhere", 0.1)),
    "no hash": replace(READ, model_sha256="?"),
    "probability of 2": replace(READ, scores=(Score("study", "any", 2.0),)),
    "skipped without reason": replace(READ, inputs=(SeriesInput("1.2", "skipped"),)),
}


@pytest.mark.parametrize("fault", BAD)
def test_what_does_not_follow_the_schema_is_not_written(tmp_path, fault):
    with pytest.raises(jsonschema.ValidationError):
        write_findings_json([result(BAD[fault])], (), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.dcm", "objects\\x.dcm", ""])
def test_paths_stay_inside_the_folder(tmp_path, path):
    with pytest.raises(jsonschema.ValidationError):
        write_findings_json([result(READ, objects=(WrittenObject(path, "SR", "1.2"),))], (), tmp_path)


def test_a_number_that_is_none_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_findings_json([result(replace(READ, seconds=float("nan")))], (), tmp_path)
    assert not (tmp_path / FILE).exists()


def test_the_example_of_the_format_follows_the_schema():
    """The example in the format's document, shortened."""
    place = {"sop_instance_uid": "1.2", "frame": None, "column": 812.0, "row": 1033.5, "box": [1, 2, 3, 4]}
    document = json.loads(json.dumps(_example(place)))
    validate(document)


def _example(place):
    finding = {
        "id": "f1",
        "tracking_uid": "1.2",
        "label": "mass",
        "probability": 0.87,
        "score": 2.31,
        "calibrated": True,
        "above_operating_point": True,
        "malignancy": None,
        "places": [place],
        "diameter_mm": None,
        "long_axis_mm": None,
        "short_axis_mm": None,
        "volume_mm3": None,
        "laterality": "L",
        "category": None,
        "characteristics": {},
        "segment": None,
    }
    read = {
        "model": {"id": "mg", "version": "1.0.0", "sha256": "0" * 64},
        "status": "done",
        "reason": None,
        "device": "cpu",
        "seconds": 1,
        "operating_point": {
            "name": "balanced",
            "threshold": 0.5,
            "rate": 0.2,
            "unit": "false marks per image",
        },
        "domain": {"verdict": "near", "score": 0.5, "reasons": ["another vendor"]},
        "inputs": [
            {
                "series_instance_uid": "1.2",
                "sop_instance_uid": "1.3",
                "frame": None,
                "laterality": "L",
                "view": "MLO",
                "status": "read",
                "reason": None,
            }
        ],
        "scores": [],
        "findings": [finding],
    }
    study = {
        "study_instance_uid": "1.2",
        "patient_id": "",
        "warnings": [],
        "reads": [read],
        "objects": [],
    }
    return {
        "schema_version": 1,
        "software": {"name": "tandem", "version": "0.1.0"},
        "created": "2026-11-22T08:00:00Z",
        "not_loaded": [],
        "studies": [study],
        "a key of later": 1,
    }


def test_a_finding_on_images_has_one_place_a_view_and_its_side(tmp_path):
    places = tuple(
        ImagePlace(
            sop_instance_uid=uid, series_instance_uid="1.2.3", column=4.0, row=5.5, box=box, frame=frame
        )
        for uid, box, frame in (
            ("1.2.3.1", (-0.5, 1.0, 8.5, 10.0), None),
            ("1.2.3.2", (0.0, 0.0, 8.0, 8.0), 3),
        )
    )
    flat = Finding(name="M1", tracking_uid="1.2.5", author=Author.MODEL, label="mass", places=places,
                   laterality="R", probability=0.5, score=0.1)  # fmt: skip
    document = written(tmp_path, result(replace(READ, findings=(flat,), laterality={})))
    (found,) = document["studies"][0]["reads"][0]["findings"]
    assert found["laterality"] == "R"
    first, second = found["places"]
    assert (first["column"], first["row"], first["box"]) == (4.0, 5.5, [-0.5, 1.0, 8.5, 10.0])
    assert (first["frame"], second["frame"]) == (None, 3)
    assert first["sop_instance_uid"] == "1.2.3.1"
