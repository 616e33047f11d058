"""What a model says of a whole series: by slice, and as an answer by label that can be judged."""

import json

import msgspec
import numpy as np
import pytest

from inference.bundle import NOT_CALIBRATED
from inference.protocol import ArrayRef, Candidate, Patch, Score
from tests.app.second_read.studies import Volumes, display_set, stack_of, study
from tests.inference.worker.jobs import bundle
from viewer.app.second_read.findings_json import StudyResult, findings_document, validate
from viewer.app.second_read.study_read import read_study
from viewer.app.second_read.whole import of_slices, whole_answers, whole_finding

HEAT = Patch(array=ArrayRef(path="h.npy", dtype="float32", shape=(1, 1, 1)), start=(0, 0, 0))


def by_slice(shape=(24, 64, 64), dense=(10, 11)):
    hu = np.full(shape, -1000, np.int16)
    hu[dense[0], :16] = 40
    hu[dense[1], :10] = 40
    return hu


@pytest.fixture
def read(warm_pool, tmp_path, home):
    images = display_set()
    volumes = Volumes(s1=stack_of(images, by_slice()))
    models = [bundle(tmp_path / "by_slice")]
    return images, read_study(study(images), volumes, models, warm_pool, out=tmp_path / "reads")


def test_an_answer_about_a_series_is_a_finding_on_its_most_probable_slice(read):
    images, said = read
    (model,) = said.reads
    (finding,) = model.findings
    assert (finding.name, finding.label, finding.whole, finding.of_series) == ("M1", "dense", True, True)
    assert finding.probability == pytest.approx(1.0)
    (place,) = finding.places
    assert place.sop_instance_uid == images.instances[10].sop_instance_uid
    assert finding.above_operating_point
    assert not finding.in_breast


def test_slices_are_named_as_images_of_the_study_with_their_operating_point(read):
    images, said = read
    stated = [s for s in said.reads[0].stated if s.level == "image"]
    assert [s.sop_instance_uid for s in stated] == [i.sop_instance_uid for i in images.instances]
    assert [k for k, s in enumerate(stated) if s.flagged] == [10, 11]
    assert all(s.threshold == 0.5 and s.calibrated for s in stated)


def test_programs_find_it_among_the_scores_and_not_among_the_marks(read):
    _, said = read
    document = findings_document([StudyResult(said)], [])
    validate(json.loads(json.dumps(document)))
    (model,) = document["studies"][0]["reads"]
    assert model["findings"] == []
    assert [s["probability"] for s in model["scores"] if s["level"] == "study"] == [pytest.approx(1.0)]
    assert sum(s["level"] == "image" and s["probability"] > 0.5 for s in model["scores"]) == 2


def test_a_slice_that_is_missing_has_no_score():
    images = display_set(missing=(3,))
    said = of_slices([Score("image", "dense", 0.1 * k, frame=k) for k in range(5)], images)
    assert [s.sop_instance_uid for s in said] == [f"1.2.9.1.{k}" for k in (0, 1, 2, 4)]


def test_without_slices_it_begins_in_the_middle_and_does_not_claim_a_place(tmp_path):
    _, made = bundle(tmp_path / "plain")
    made = msgspec.structs.replace(made, calibration=NOT_CALIBRATED)
    images = display_set()
    (answer,) = whole_answers([Score("series", "dense", 0.7)], [], {"dense": 0.5})
    finding = whole_finding(answer, "M1", "1.2", images, (), made)
    (place,) = finding.places
    assert (place.sop_instance_uid, place.box) == (images.instances[12].sop_instance_uid, None)
    assert (finding.probability, finding.certainty) == (None, 0.7)


def test_the_study_is_believed_before_the_series_and_each_label_is_said_once():
    scores = [Score("series", "a", 0.2), Score("study", "b", 0.3), Score("study", "a", 0.9)]
    said = whole_answers(scores, [], {"a": 0.5, "b": 0.5})
    assert [(c.label, c.probability, c.above_operating_point) for c in said] == [
        ("a", 0.9, True),
        ("b", 0.3, False),
    ]


def test_its_heat_map_is_that_of_the_most_probable_place_of_the_same_label():
    def place(n, label, probability, heat):
        return Candidate(
            id=n, label=label, probability=probability, score=1.0, above_operating_point=True, heat=heat
        )

    other = msgspec.structs.replace(HEAT, start=(9, 9, 9))
    places = [place("1", "a", 0.3, other), place("2", "a", 0.8, HEAT), place("3", "b", 0.9, other)]
    said = whole_answers([Score("study", "a", 0.9), Score("study", "c", 0.1)], places, {"a": 0.5, "c": 0.5})
    assert [c.heat for c in said] == [HEAT, None]
