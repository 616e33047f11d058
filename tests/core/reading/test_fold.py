"""Events to readings: what each does, what undo takes back, and what no event may do."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.reading.made import SHOWN, Chain, finding, on_images, payload_for, proposed
from viewer.core.reading.changes import Refused, content_of
from viewer.core.reading.codec import to_json
from viewer.core.reading.events import Kind
from viewer.core.reading.fold import apply, fold, replay
from viewer.core.reading.pictures import Snapshot
from viewer.core.reading.reading import Stage, Verdict


def revealed() -> Chain:
    chain = Chain().mark(finding("R1", at=(0, 0, 0))).commit()
    own = chain.reading.own[0].tracking_uid
    one, two = proposed("M1", at=(1, 0, 0)), proposed("M2", at=(60, 0, 0), probability=0.4)
    return chain.reveal(one, two, joined={one.tracking_uid: own})


def judge(chain: Chain, kind, name, **more) -> Chain:
    return chain.add(kind, tracking_uid=proposed(name).tracking_uid, name=name, **more)


def test_before_the_reveal_nothing_of_the_model_is_in_the_reading():
    chain = Chain().mark(finding("R1")).commit()
    assert chain.reading.model == () and chain.reading.second_read_status == ""
    assert [f.name for f in chain.reading.unaided] == ["R1"]


def test_the_reveal_needs_the_seal_of_this_readings_commit():
    chain = Chain().commit()
    forged = chain.draft(Kind.REVEAL, **payload_for(Kind.REVEAL, chain.mark(finding())) | {"seal": "0" * 64})
    with pytest.raises(Refused, match="stays sealed"):
        apply(chain.progress, forged)


def test_what_was_committed_stays_although_the_reader_changes_it_afterwards():
    chain = revealed()
    own = chain.reading.own[0]
    chain.add(Kind.MARK_DELETE, tracking_uid=own.tracking_uid, name="R1")
    assert chain.reading.own == () and chain.reading.unaided == (own,)
    assert chain.reading.unaided_category.value == "4A" and chain.reading.category.value == "1"


def test_a_second_reveal_only_follows_a_read_that_never_ran():
    with pytest.raises(Refused, match="on screen already"):
        _ = revealed().reveal(proposed("M3")).reading
    again = Chain().mark(finding()).commit().reveal(status="failed").reveal(proposed("M1"))
    assert [f.name for f in again.reading.model] == ["M1"]


def test_verdicts_carry_reason_and_time_and_count_in_the_category():
    chain = judge(revealed(), Kind.REJECT, "M1", reason="duplicate", text="see R1")
    judged = chain.reading.judgement(proposed("M1").tracking_uid)
    assert (judged.verdict, judged.reason, judged.text) == (Verdict.REJECTED, "duplicate", "see R1")
    assert judged.at == chain.events[-1].at_utc
    assert [f.name for f in chain.reading.undecided()] == ["M2"]
    assert [f.name for f in judge(chain, Kind.ACCEPT, "M2").reading.in_force()] == ["R1", "M2"]


def test_a_joined_pair_counts_once_and_again_as_the_models_when_the_mark_is_deleted():
    chain = judge(revealed(), Kind.ACCEPT, "M1")
    assert [f.name for f in chain.reading.in_force()] == ["R1"]
    chain.add(Kind.MARK_DELETE, tracking_uid=chain.reading.own[0].tracking_uid, name="R1")
    assert [f.name for f in chain.reading.in_force()] == ["M1"]


def test_a_corrected_finding_of_the_model_keeps_its_original():
    chain = revealed()
    corrected = replace(proposed("M2", at=(60, 0, 0), probability=0.4), label="scar")
    chain.add(Kind.MARK_CHANGE, finding=to_json(corrected))
    uid = corrected.tracking_uid
    assert chain.reading.finding(uid).label == "scar"
    assert next(f for f in chain.reading.model if f.tracking_uid == uid).label == "nodule"


def test_signing_states_exactly_who_was_left_undecided():
    chain = judge(revealed(), Kind.ACCEPT, "M1")
    with pytest.raises(Refused, match="M2 is undecided"):
        _ = replay([*chain.events, chain.draft(Kind.SIGN, without=[], category=None)])
    signed = chain.sign("M2").reading
    assert signed.stage is Stage.SIGNED and signed.signed_without == ("M2",)


def test_an_amendment_adds_and_changes_nothing_that_was_signed():
    chain = judge(judge(revealed(), Kind.ACCEPT, "M1"), Kind.REJECT, "M2").sign()
    before = chain.reading
    after = chain.add(Kind.AMEND, text="R1 was biopsied").reading
    assert after.amendments == ("R1 was biopsied",) and after.amended_at == (chain.events[-1].at_utc,)
    assert replace(after, amendments=(), amended_at=()) == before


def test_candidates_below_the_operating_point_do_not_hold_up_the_signature():
    chain = Chain().mark(finding()).commit().reveal(proposed("M1", above_operating_point=False))
    assert chain.sign().reading.stage is Stage.SIGNED


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Kind.MARK, {}),
        (Kind.MARK, {"finding": {"name": "R2"}}),
        (Kind.MARK, {"finding": to_json(proposed("M9"))}),
        (Kind.MARK, {"finding": to_json(finding("R1"))}),
        (Kind.MARK_CHANGE, {"finding": to_json(finding("R5"))}),
        (Kind.MARK_DELETE, {"tracking_uid": proposed("M1").tracking_uid}),
        (Kind.MEASURE_DELETE, {"key": "none"}),
        (Kind.KEY_IMAGE, {"key_image": {"key": "k"}}),
        (Kind.KEY_IMAGE_DELETE, {"key": "none"}),
        (Kind.SNAPSHOT, {"snapshot": to_json(Snapshot(key="s", shows=SHOWN, marks=("2.25.9",)))}),
        (Kind.SNAPSHOT_DELETE, {"key": "none"}),
        (Kind.ACCEPT, {"tracking_uid": finding("R1").tracking_uid}),
        (Kind.SHOWN, {"series": "1.5", "slice": "three"}),
        (Kind.PART, {"series": "1.5", "runs": [[3, 0]]}),
        (Kind.PART, {"series": "1.5", "runs": [[3, -1, "all"]]}),
        (Kind.UNDO, {"of": 99}),
        (Kind.AMEND, {"text": " "}),
    ],
)
def test_events_that_make_no_sense_are_refused_in_one_sentence(kind, payload):
    chain = revealed()
    if kind is Kind.AMEND:
        chain.sign("M1", "M2")
    with pytest.raises(Refused) as refusal:
        apply(chain.progress, chain.draft(kind, **payload))
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


def test_slices_seen_views_and_focus_follow_the_viewing_events():
    chain = Chain()
    for index in (3, 4, 4, 3):
        chain.add(Kind.SHOWN, series="1.5", slice=index, viewport="main")
    chain.add(Kind.VIEW, viewport="main", index=4, centre=-600.0)
    chain.add(Kind.FOCUS, tracking_uid="2.25.1")
    reading = chain.reading
    assert reading.slices_seen == {"1.5": frozenset({3, 4})}
    assert reading.views["main"]["index"] == 4 and reading.focus == "2.25.1"


def test_key_images_and_snapshots_are_kept_toggled_and_undone():
    chain = Chain().mark(finding("R1"))
    for kind in (Kind.KEY_IMAGE, Kind.SNAPSHOT):
        chain.add(kind, **payload_for(kind, chain))
    assert [k.shows for k in chain.reading.key_images] == [SHOWN]
    assert [s.marks for s in chain.reading.snapshots] == [(finding("R1").tracking_uid,)]
    with pytest.raises(Refused, match="key image already"):
        apply(chain.progress, chain.draft(Kind.KEY_IMAGE, **payload_for(Kind.KEY_IMAGE, chain)))
    chain.add(Kind.KEY_IMAGE_DELETE, key="k").add(Kind.UNDO, of=len(chain.events))
    assert len(chain.reading.key_images) == 1
    chain.add(Kind.SNAPSHOT_DELETE, key="s")
    assert chain.reading.snapshots == ()


def test_a_snapshot_before_the_reveal_cannot_name_anything_of_the_model():
    chain = Chain().mark(finding("R1")).commit()
    of_model = proposed("M1").tracking_uid
    for forbidden in ({"marks": (of_model,)}, {"heat": of_model}, {"revealed": True}):
        taken = to_json(Snapshot(key="s", shows=SHOWN, **forbidden))
        with pytest.raises(Refused, match="not part of the reading"):
            apply(chain.progress, chain.draft(Kind.SNAPSHOT, snapshot=taken))
    chain.reveal(proposed("M1"))
    shown = to_json(Snapshot(key="s", shows=SHOWN, marks=(of_model,), heat=of_model, revealed=True))
    assert chain.add(Kind.SNAPSHOT, snapshot=shown).reading.snapshots[0].heat == of_model


def test_two_marks_become_one_finding_in_two_views_and_apart_again():
    one, other = on_images("R1", ("cc", 5, 6)), on_images("R2", ("mlo", 7, 8))
    chain = Chain(scheme="").mark(one).mark(other)
    both = replace(one, places=one.places + other.places)
    chain.add(Kind.MARK_JOIN, finding=to_json(both), gone=other.tracking_uid, name="R2")
    assert chain.reading.own == (both,)
    chain.add(Kind.UNDO, of=len(chain.events))
    assert chain.reading.own == (one, other)


def test_a_finding_lies_in_the_patient_or_on_images_and_nothing_else_enters_the_log():
    for wrong in ({"center_lps_mm": None}, {"places": to_json(on_images("R9", ("cc", 1, 2)))["places"]}):
        with pytest.raises(Refused, match="either a place in the patient or places on images"):
            chain = Chain()
            apply(chain.progress, chain.draft(Kind.MARK, finding=to_json(finding("R1")) | wrong))


# --- undo and redo

STEPS = st.sampled_from(
    [
        *("mark", "change", "delete", "measure", "key_image", "snapshot"),
        *("impression", "category", "accept", "reject", "undecided"),
    ]
)


def _do(chain: Chain, step: str, number: int) -> None:
    """Append one step where it makes sense now."""
    own, judging = chain.reading.own, step in ("accept", "reject", "undecided")
    if step == "mark":
        chain.mark(finding(f"R{number + 10}", at=(float(number), 0.0, 0.0), mm=4.0 + number % 20))
    elif step == "change" and own:
        chain.add(Kind.MARK_CHANGE, finding=to_json(replace(own[number % len(own)], label=f"scar {number}")))
    elif step == "delete" and own:
        chain.add(Kind.MARK_DELETE, tracking_uid=own[number % len(own)].tracking_uid, name="R")
    elif step == "impression":
        chain.add(Kind.IMPRESSION, text=f"text {number}")
    elif step == "key_image" and chain.reading.key_images:
        chain.add(Kind.KEY_IMAGE_DELETE, key=chain.reading.key_images[0].key)
    elif step == "snapshot" and own:
        chain.add(Kind.SNAPSHOT, **payload_for(Kind.SNAPSHOT, chain))
    elif step in ("measure", "category", "key_image"):
        chain.add(Kind(step), **payload_for(Kind(step), revealed()))
    elif judging and chain.reading.model:
        judge(chain, Kind(step), f"M{1 + number % 2}", reason="", text="")


@given(st.lists(STEPS, max_size=12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_undoing_everything_gives_the_start_of_the_stage_and_redoing_gives_it_all_back(steps, aided):
    chain = revealed() if aided else Chain().mark(finding("R1")).commit()
    start = chain.reading
    for number, step in enumerate(steps):
        _do(chain, step, number)
    end, count = chain.reading, len(chain.progress.done)
    for _ in range(count):
        chain.add(Kind.UNDO, of=chain.progress.done[-1].seq)
    assert content_of(chain.reading) == content_of(start) and chain.reading.category == start.category
    assert chain.progress.done == ()
    for _ in range(count):
        chain.add(Kind.REDO, of=chain.progress.undone[-1].seq)
    assert chain.reading == end and len(chain.progress.done) == count


@given(st.lists(STEPS, min_size=1, max_size=8), st.integers(0, 8))
@settings(max_examples=40, deadline=None)
def test_a_new_step_after_undo_clears_redo(steps, backwards):
    chain = revealed()
    for number, step in enumerate(steps):
        _do(chain, step, number)
    for _ in range(min(backwards, len(chain.progress.done))):
        chain.add(Kind.UNDO, of=chain.progress.done[-1].seq)
    chain.add(Kind.IMPRESSION, text="something new")
    assert chain.progress.undone == ()


def test_undo_never_crosses_commit_reveal_or_signature():
    chain = Chain().mark(finding("R1")).commit()
    assert chain.progress.done == ()
    chain.mark(finding("R2")).reveal()
    assert chain.progress.done == ()
    chain.add(Kind.IMPRESSION, text="x")
    undone = chain.draft(Kind.UNDO, of=chain.events[-1].seq)
    assert apply(chain.progress, undone).reading.impression == ""
    chain.sign()
    with pytest.raises(Refused, match="cannot be changed"):
        apply(chain.progress, chain.draft(Kind.UNDO, of=chain.events[-2].seq))


@given(st.lists(STEPS, max_size=10))
@settings(max_examples=25, deadline=None)
def test_the_same_events_always_give_the_same_reading(steps):
    chain = revealed()
    for number, step in enumerate(steps):
        _do(chain, step, number)
    assert fold(chain.events) == fold(chain.events) == replay(tuple(chain.events)).reading


def test_no_events_are_no_reading():
    with pytest.raises(Refused, match="no such reading"):
        fold([])
    with pytest.raises(Refused, match="starts with 'mark'"):
        fold([Chain().draft(Kind.MARK)])
