"""Triage: the list is read beside the window; a flagged study goes on top and says why."""

import pytest

from inference.protocol import Score
from tests.app.desks import write_chest
from tests.app.second_read.studies import display_set
from tests.app.test_whole_answers import ANSWERS, SAID, by_slice, whole
from viewer.app import settings
from viewer.app.second_read.model_read import ModelRead, StudyRead
from viewer.app.second_read.sealed import SealedRead, StillSealed
from viewer.app.second_read.triage import triage_of
from viewer.core.reading.reading import Paradigm, Stage

QUIET = {
    "scores": (Score("study", "haemorrhage", 0.04), *by_slice("haemorrhage", {})),
    "thresholds": {"haemorrhage": 0.5},
    "candidates": {},
}
NOT_RUN = {"status": "not_run", "reason": "no series suits this model: not a head", "operating_point": None}
REASON = "haemorrhage likely 0.93, slices 17-19"


@pytest.fixture
def worklist(hand, tmp_path, second_reader, home):
    """Three studies, in this order: quiet, not read, flagged. Triage is the site's choice."""
    return open_list(hand, tmp_path, second_reader, home, "triage")


def open_list(hand, tmp_path, second_reader, home, paradigm):
    settings.save(home, settings.Settings(reader="R", paradigm=paradigm))
    hand.desk.settings, _ = settings.load(home)
    second_reader.of = {"1.2.11": ((), QUIET), "1.2.12": ((), NOT_RUN), "1.2.9": (ANSWERS, SAID)}
    folders = []
    for name, uid, patient in (("a", "1.2.11", "A"), ("b", "1.2.12", "B"), ("c", "1.2.9", "C")):
        more = {"PatientName": f"{patient}^Jane"}
        folders.append(write_chest(tmp_path / "list" / name, study=uid, patient=patient, **more))
    hand.open(folders[0])
    hand.open(folders[1])
    hand.open(folders[2])
    hand.press("F2")
    return hand


def rows(hand):
    return [(row.patient_id, row.reader_state) for row in hand.state.studies.rows]


def all_read(hand):
    hand.turn(lambda: len(hand.desk.listing.triaged) == 3)
    hand.rest()


def test_a_flagged_study_goes_on_top_with_its_reason(worklist):
    all_read(worklist)
    assert rows(worklist) == [
        ("C", ("flagged", REASON)),
        ("A", ("clear", "No findings, not flagged")),
        ("B", ("not_run", "Not run: no series suits this model: not a head (CT lung nodule 1.0.0)")),
    ]
    assert worklist.state.studies.foot == "3 studies, 1 flagged."
    assert "stands on top, the most probable first" in worklist.state.studies.order


def test_the_order_can_be_switched_off_and_stays_off(worklist, home):
    all_read(worklist)
    worklist.press("T")
    assert [row[0] for row in rows(worklist)] == ["A", "B", "C"]
    assert rows(worklist)[2][1] == ("flagged", REASON)
    assert worklist.state.studies.order.startswith("By arrival.")
    assert settings.load(home)[0].flagged_first is False
    worklist.press("T")
    assert [row[0] for row in rows(worklist)] == ["C", "A", "B"]


def test_an_opened_study_shows_its_findings_at_once(worklist):
    all_read(worklist)
    worklist.press("Up", "Up", "Up", "Enter")
    worklist.turn(lambda: worklist.desk.revealed)
    assert worklist.desk.study.patient.id == "C"
    assert worklist.desk.reading.paradigm is Paradigm.TRIAGE
    assert worklist.desk.reading.committed_at == ""
    assert worklist.state.panel.scores[0][2]
    worklist.press("N")
    worklist.look()
    worklist.press("Enter", "Ctrl+Shift+Enter")
    assert worklist.desk.stage is Stage.SIGNED


def test_the_study_on_the_desk_says_that_its_findings_come_at_once(hand, tmp_path, second_reader, home):
    second_reader.waiting = True
    settings.save(home, settings.Settings(reader="R", paradigm="triage"))
    hand.desk.settings, _ = settings.load(home)
    hand.open(write_chest(tmp_path / "one"))
    assert "as soon as it is done" in hand.state.panel.second_reader[2]
    second_reader.waiting = False
    hand.turn(lambda: hand.desk.revealed)
    assert "nothing to commit" in hand.desk.command_for("Shift+Enter").refusal(hand.desk)


def test_in_the_second_readers_paradigm_the_list_says_nothing_and_keeps_its_order(
    hand, tmp_path, second_reader, home
):
    listed = open_list(hand, tmp_path, second_reader, home, "second reader")
    listed.turn(lambda: listed.desk.second.kind == "ready")
    assert [row[0] for row in rows(listed)] == ["A", "B", "C"]
    assert "haemorrhage" not in repr(listed.state)
    assert listed.desk.listing.triaged == {}
    assert "No score orders this list." in listed.state.studies.foot
    listed.press("T")
    assert "only the triage paradigm orders the list" in listed.state.status


def test_a_reading_that_began_sealed_stays_sealed_in_the_list(hand, tmp_path, second_reader, home):
    listed = open_list(hand, tmp_path, second_reader, home, "second reader")
    listed.press("Down", "Down", "Enter")
    listed.turn(lambda: listed.desk.reading is not None and listed.desk.study.patient.id == "C")
    listed.press("F2")
    settings.save(home, settings.Settings(reader="R", paradigm="triage"))
    listed.desk.settings, _ = settings.load(home)
    listed.press("Ctrl+W")
    listed.rest()
    assert "haemorrhage" not in repr(listed.state)
    assert all(state[0] != "flagged" for _, state in rows(listed))


# --- what the list says of a read


def model(**more):
    values = {
        "model_id": "head",
        "model_version": "1",
        "model_sha256": "ab",
        "title": "Head",
        "status": "done",
    }
    return ModelRead(**(values | more))


def said(*reads):
    return triage_of(StudyRead(study_instance_uid="1.2.9", patient_id="P", reads=reads), [display_set()])


def test_marks_of_a_detector_flag_no_study():
    found = said(model(findings=(whole("M1", "nodule", 0.9, above=True),)))
    assert (found.kind, found.reason) == (
        "not_run",
        "no installed model answers for a whole study of this kind",
    )


def test_a_model_that_did_not_run_is_named_beside_one_that_did():
    scored = model(scores=(Score("study", "any", 0.81),), thresholds={"any": 0.5})
    silent = model(title="Chest", status="failed", reason="the worker broke")
    assert said(scored, silent).reason == "Head: any likely 0.81; Chest 1 failed: the worker broke"
    assert said(silent).kind == "failed"


def test_what_is_calibrated_ranks_before_what_is_not():
    sure = said(model(scores=(Score("study", "a", 0.6),), thresholds={"a": 0.5}))
    unsure = said(model(scores=(Score("study", "a", 0.99),), thresholds={"a": 0.5}, calibrated=False))
    assert sure.rank > unsure.rank
    assert "not calibrated" in unsure.reason


def test_a_sealed_read_tells_its_triage_in_that_paradigm_alone():
    read = StudyRead(study_instance_uid="1.2.9", patient_id="P", reads=(model(**SAID),))
    sealed = SealedRead(read)
    for paradigm in Paradigm:
        if paradigm is not Paradigm.TRIAGE:
            with pytest.raises(StillSealed):
                sealed.triage([], paradigm)
    assert sealed.triage([], Paradigm.TRIAGE).reason == "haemorrhage likely 0.93"
