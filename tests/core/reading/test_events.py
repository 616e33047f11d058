"""The chain: every event holds the hash of its predecessor, so that no change goes unseen."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.reading.made import Chain, finding
from viewer.core.reading.events import Event, Kind, canonical, chain_faults, digest

CHAIN = tuple(Chain().mark(finding("R1")).add(Kind.IMPRESSION, text="clear").commit().events)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_an_untouched_chain_holds():
    assert chain_faults(CHAIN) == [] and chain_faults([]) == []


@pytest.mark.parametrize("name", [f.name for f in fields(Event)])
@pytest.mark.parametrize("at", range(len(CHAIN)))
def test_a_change_of_any_field_of_any_event_is_found(name, at):
    value = getattr(CHAIN[at], name)
    changed = {"seq": 77, "kind": Kind.REJECT, "monotonic_ns": 10**12, "payload": {"text": "other"}}.get(
        name, "f" * 64 if "hash" in name else f"{value}x"
    )
    chain = [*CHAIN[:at], replace(CHAIN[at], **{name: changed}), *CHAIN[at + 1 :]]
    assert chain_faults(chain)


def test_missing_swapped_and_inserted_events_are_found():
    assert "first event" in chain_faults(CHAIN[1:])[0]
    assert "does not follow" in chain_faults([*CHAIN[:1], *CHAIN[2:]])[0]
    assert chain_faults([CHAIN[0], CHAIN[2], CHAIN[1], CHAIN[3]])
    assert chain_faults([*CHAIN[:2], CHAIN[1], *CHAIN[2:]])


def test_a_clock_that_runs_backwards_within_a_sitting_is_found_even_with_true_hashes():
    last = replace(CHAIN[-1], monotonic_ns=-5)
    faults = chain_faults([*CHAIN[:-1], replace(last, hash=digest(last))])
    assert faults == [f"event {last.seq} (commit) is older than event {last.seq - 1} (impression)"]
    resumed = replace(last, sitting="s2")  # another run of the program: its clock starts anew
    assert chain_faults([*CHAIN[:-1], replace(resumed, hash=digest(resumed))]) == []


@given(JSON, JSON)
@settings(max_examples=40)
def test_canonical_json_has_one_spelling_for_each_value(one, other):
    assert json.loads(canonical(one)) == one
    assert canonical(json.loads(canonical(one))) == canonical(one)
    if canonical(one) == canonical(other):
        assert one == other


def test_numbers_that_json_cannot_hold_never_enter_a_chain():
    with pytest.raises(ValueError, match="JSON"):
        canonical({"probability": float("nan")})
