"""One reading by one reader: acts become events, events survive, and what may not happen does not."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.protocol import Domain
from tests.app.reads import STUDY, model_read, study_read, two_findings
from tests.core.reading.made import proposed
from viewer.app.session import ReadingSession, Refused
from viewer.app.store import EventLog
from viewer.core.reading.events import Kind
from viewer.core.reading.finding import Texture
from viewer.core.reading.fold import fold
from viewer.core.reading.reading import Paradigm, Reader, Stage, Verdict

READER = Reader("A. Example", "12 years of chest CT")


@pytest.fixture
def session(log):
    return ReadingSession.start(log, STUDY, READER, title="CT chest", sources=["/data/ct"])


def mark(session, x=0.0, mm=8.0, **more):
    half = mm / 2
    return session.mark(
        (x, 0.0, 0.0),
        series_instance_uid="1.5",
        frame_of_reference_uid="1.9",
        long_axis=((x - half, 0, 0), (x + half, 0, 0)),
        short_axis=((x, -half, 0), (x, half, 0)),
        **more,
    )


def revealed(session):
    mark(session)
    session.commit()
    session.reveal(two_findings())
    return {f.name: f.tracking_uid for f in session.reading.model}


# --- own findings


def test_marks_are_named_in_order_and_a_committed_name_is_never_given_again(session):
    assert [mark(session, x).name for x in (0, 20, 40)] == ["R1", "R2", "R3"]
    session.delete(session.reading.own[2].tracking_uid)
    assert mark(session, 60).name == "R3"
    session.commit()
    session.delete(session.reading.own[2].tracking_uid)
    assert mark(session, 80).name == "R4"
    assert len({f.tracking_uid for f in (*session.reading.own, *session.reading.unaided)}) == 4


def test_a_mark_is_corrected_field_by_field(session):
    first = mark(session, volume_mm3=268.0)
    changed = session.change(first.tracking_uid, label="scar", note="linear", texture=Texture.PART_SOLID)
    assert (changed.label, changed.note, changed.volume_mm3) == ("scar", "linear", 268.0)
    moved = session.change(first.tracking_uid, long_axis=((0, 0, 0), (9, 0, 0)))
    assert moved.long_axis_mm == 9 and moved.volume_mm3 is None  # it belonged to another outline


def test_a_change_that_changes_nothing_is_no_event(session, log):
    first = mark(session)
    session.set_impression("clear")
    before = len(log.events(session.reading.reading_id))
    session.change(first.tracking_uid, label=first.label)
    session.set_impression("clear")
    assert len(log.events(session.reading.reading_id)) == before


def test_the_category_follows_the_marks_until_the_reader_sets_it(session):
    assert session.reading.category.value == "1"
    mark(session, mm=7)
    assert session.reading.category.value == "3"
    session.set_category("4X")
    mark(session, 50, mm=20)
    assert session.reading.category.value == "4X" and session.reading.category.edited
    session.set_category(None)
    assert session.reading.category.value == "4B" and not session.reading.category.edited
    with pytest.raises(Refused, match="no category 7"):
        session.set_category("7")


def test_a_study_without_a_scheme_has_no_category(log):
    session = ReadingSession.start(log, STUDY, READER, scheme="")
    mark(session, mm=20)
    assert session.reading.category is None
    with pytest.raises(Refused, match="allowed: none"):
        session.set_category("2")
    session.commit()
    assert session.reading.unaided_category is None


def test_distances_are_kept_moved_and_deleted(session):
    drawn = session.draw_distance(((0, 0, 0), (3, 4, 0)), "1.5", text="5.0 mm")
    session.draw_distance(((0, 0, 0), (6, 8, 0)), "1.5", text="10.0 mm", key=drawn.key)
    assert [d.text for d in session.reading.distances] == ["10.0 mm"]
    session.delete_distance(drawn.key)
    assert session.reading.distances == ()
    assert session.undo() == "deletion of a distance" and len(session.reading.distances) == 1


# --- commit and reveal


def test_nothing_of_the_model_is_taken_in_before_the_commit(session):
    with pytest.raises(Refused, match=r"sealed until you commit your own read \(Shift\+Enter\)"):
        session.reveal(two_findings())
    assert session.reading.model == () and session.reading.stage is Stage.UNAIDED


def test_the_seal_is_the_hash_of_the_commit_on_disk(session, log):
    mark(session)
    seal = session.commit({"probability": 0.3, "recall": True})
    commit = log.events(session.reading.reading_id)[-1]
    assert (commit.kind, commit.hash) == (Kind.COMMIT, seal)
    assert session.reading.verdict == {"probability": 0.3, "recall": True}
    with pytest.raises(Refused, match="committed already"):
        session.commit()


def test_the_reveal_puts_the_whole_answer_into_the_record_and_joins_places(session, log):
    uids = revealed(session)
    reading = session.reading
    assert [f.name for f in reading.model] == ["M1", "M2", "M3"]
    assert reading.joined == {uids["M1"]: reading.own[0].tracking_uid}
    assert (reading.second_read_status, reading.second_read_reason) == ("done", "")
    payload = log.events(reading.reading_id)[-1].payload
    assert payload["findings"][0]["probability"] == 0.9
    assert payload["runs"][0] | {"device": "cpu", "threshold": 0.62, "domain": "near"} == payload["runs"][0]
    assert reading.runs[0].model_sha256 == "ab" * 32 and reading.runs[0].domain_reasons


@pytest.mark.parametrize(
    ("reads", "status", "reason"),
    [
        ((), "not_run", "no model is installed for this kind of study"),
        ((model_read(),), "done", ""),
        ((model_read(status="failed", reason="it crashed"),), "failed", "it crashed"),
        ((model_read(status="not_run", reason="no lung"),), "not_run", "no lung"),
        ((model_read(), model_read(status="failed", reason="it crashed")), "partial", "it crashed"),
        (
            (model_read(status="not_run", reason="a"), model_read(status="failed", reason="b")),
            "failed",
            "a; b",
        ),
    ],
)
def test_found_nothing_not_run_and_failed_are_told_apart(session, reads, status, reason):
    session.commit()
    session.reveal(study_read(*reads))
    assert (session.reading.second_read_status, session.reading.second_read_reason) == (status, reason)
    assert session.reading.model == ()


def test_findings_of_two_models_get_names_of_their_own(session):
    session.commit()
    one = model_read(proposed("M1", probability=0.3))
    other = model_read(proposed("M1", probability=0.7, at=(9, 9, 9)), model="other")
    session.reveal(study_read(one, other))
    assert [(f.name, f.probability) for f in session.reading.model] == [("M1", 0.7), ("M2", 0.3)]


def test_a_read_that_came_without_a_domain_is_taken_as_it_is(session):
    session.commit()
    read = model_read()
    bare = type(read)(
        model_id="m", model_version="1", model_sha256="", status="done", domain=Domain("in", 0.1)
    )
    session.reveal(study_read(bare))
    assert session.reading.runs[0].threshold is None and session.reading.runs[0].domain == "in"


# --- verdicts and signature


def test_verdicts_need_a_finding_that_is_on_screen(session):
    own = mark(session)
    with pytest.raises(Refused, match=r"Commit your own read first"):
        session.accept(own.tracking_uid)
    session.commit()
    with pytest.raises(Refused, match="not on screen yet"):
        session.accept("2.25.1")
    session.reveal(two_findings())
    for uid in (own.tracking_uid, "2.25.1"):
        with pytest.raises(Refused, match="no such finding of the second reader"):
            session.reject(uid, "duplicate")


def test_every_verdict_has_its_reason_and_time_and_can_be_taken_back(session):
    uids = revealed(session)
    session.reject(uids["M2"], "normal_anatomy")
    session.reject(uids["M2"], "other", "fissure")
    judged = session.reading.judgement(uids["M2"])
    assert (judged.reason, judged.text) == ("other", "fissure") and judged.at.endswith("Z")
    assert session.undo() == "reject M2"
    assert session.reading.judgement(uids["M2"]).reason == "normal_anatomy"
    session.undecided(uids["M2"])
    assert session.reading.judgement(uids["M2"]).verdict is Verdict.UNDECIDED
    assert (session.undo(), session.redo()) == ("M2 undecided", "M2 undecided")


def test_signing_names_the_undecided_and_only_force_signs_without_them(session, log):
    uids = revealed(session)
    with pytest.raises(Refused, match="M1 and M2 are undecided: decide, or sign once more"):
        session.sign()
    assert session.reading.stage is Stage.REVEALED
    session.accept(uids["M1"])
    session.sign(force=True)
    assert session.reading.signed_without == ("M2",)
    assert log.events(session.reading.reading_id)[-1].payload["without"] == ["M2"]


def test_a_signed_reading_is_amended_never_changed(session):
    uids = revealed(session)
    session.sign(force=True)
    own = session.reading.own[0].tracking_uid
    acts = (
        lambda: mark(session, 5),
        lambda: session.change(own, label="scar"),
        lambda: session.delete(own),
        lambda: session.accept(uids["M1"]),
        lambda: session.set_impression("x"),
        lambda: session.set_category("2"),
        lambda: session.sign(force=True),
        session.undo,
        session.redo,
        session.commit,
    )
    before = session.reading
    for act in acts:
        with pytest.raises(Refused, match="signed and cannot be changed; it can be amended"):
            act()
    assert session.reading == before
    session.amend("R1 was biopsied: granuloma.")
    assert session.reading.amendments == ("R1 was biopsied: granuloma.",)
    session.reported([{"path": "reader_sr.dcm", "kind": "SR"}])


def test_undo_says_what_it_would_take_back_and_stops_at_the_commit(session):
    mark(session)
    assert session.undo_title == "mark R1"
    session.commit()
    assert session.undo_title == "" and session.redo_title == ""
    with pytest.raises(Refused, match="nothing to undo in this stage"):
        session.undo()
    with pytest.raises(Refused, match="nothing to redo"):
        session.redo()


@pytest.mark.parametrize("paradigm", [Paradigm.INDEPENDENT, Paradigm.SHADOW, Paradigm.NONE])
def test_where_the_model_is_never_shown_the_commit_is_signed(log, paradigm):
    session = ReadingSession.start(log, STUDY, READER, paradigm=paradigm, arm="control")
    session.commit()
    with pytest.raises(Refused, match="not shown"):
        session.reveal(two_findings())
    session.sign()
    assert session.reading.stage is Stage.SIGNED and session.reading.arm == "control"


def test_a_concurrent_reading_reveals_at_once(log):
    session = ReadingSession.start(log, STUDY, READER, paradigm=Paradigm.CONCURRENT)
    session.reveal(two_findings())
    assert session.reading.stage is Stage.REVEALED and session.reading.committed_at == ""


# --- resume


def test_a_resumed_reading_is_exactly_as_it_was_undo_included(home, log, session):
    uids = revealed(session)
    session.note_shown("1.5", 12, "main")
    session.note_view("main", {"display_set": "1.5", "index": 12, "centre": -600.0})
    session.note_focus(uids["M2"])
    session.reject(uids["M2"], "duplicate")
    session.set_impression("One nodule.")
    session.undo()
    log.flush()
    other = EventLog(home)
    again = ReadingSession.resume(other, session.reading.reading_id, READER)
    assert again.reading == session.reading and again.opened["sources"] == ["/data/ct"]
    assert (again.undo_title, again.redo_title) == ("reject M2", "impression")
    again.redo()
    again.undo()
    again.undo()
    assert again.reading.judgements == {} and again.reading.views["main"]["index"] == 12
    sittings = {event.sitting for event in other.events(again.reading.reading_id)}
    other.close()
    assert len(sittings) == 2


def test_another_reader_cannot_go_on_with_it(log, session):
    with pytest.raises(Refused, match=r"This reading is A\. Example's"):
        ReadingSession.resume(log, session.reading.reading_id, Reader("B"))


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["mark", "change", "delete", "undo", "redo", "commit", "reveal", "reject", "sign"]),
        st.integers(0, 9),
    ),
    max_size=25,
)


@given(acts=ACTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_reader_does_the_log_holds_exactly_the_reading(log, acts):
    session = ReadingSession.start(log, STUDY, READER)
    for act, number in acts:
        before, length = session.reading, len(log.events(session.reading.reading_id))
        try:
            perform(session, act, number)
        except Refused:
            assert session.reading == before
            assert len(log.events(session.reading.reading_id)) == length
    assert fold(log.events(session.reading.reading_id)) == session.reading
    assert log.verify() == []


def perform(session, act, number):
    own, model = session.reading.own, session.reading.model
    uids = [f.tracking_uid for f in (*own, *model)] or ["2.25.1"]
    uid = uids[number % len(uids)]
    if act == "mark":
        mark(session, float(number), 3.0 + number)
    elif act == "change":
        session.change(uid, note=f"note {number}")
    elif act == "reject":
        session.reject(uid, "duplicate")
    elif act == "delete":
        session.delete(uid)
    elif act == "reveal":
        session.reveal(two_findings())
    elif act == "sign":
        session.sign(force=number > 4)
    else:
        getattr(session, act)()
