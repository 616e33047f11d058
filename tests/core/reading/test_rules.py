"""What may happen when: every kind of event at every stage of every paradigm."""

from itertools import product

import pytest

from tests.core.reading.made import at_stage, payload_for
from viewer.core.reading.changes import Refused
from viewer.core.reading.events import Kind
from viewer.core.reading.fold import apply
from viewer.core.reading.reading import Paradigm, Stage
from viewer.core.reading.rules import allowed

ANY = {
    Kind.RESUMED,
    Kind.CLOSED,
    Kind.SHOWN,
    Kind.PART,
    Kind.VIEW,
    Kind.FOCUS,
    Kind.MARKS,
    Kind.HEAT,
    Kind.ALIKE,
}
WRITE = {
    *(Kind.MARK, Kind.MARK_CHANGE, Kind.MARK_DELETE, Kind.MARK_JOIN, Kind.MEASURE, Kind.MEASURE_DELETE),
    *(Kind.KEY_IMAGE, Kind.KEY_IMAGE_DELETE, Kind.SNAPSHOT, Kind.SNAPSHOT_DELETE),
    *(Kind.IMPRESSION, Kind.CATEGORY, Kind.ASSESSMENT, Kind.NIPPLE, Kind.SIDE, Kind.UNDO, Kind.REDO),
}
JUDGE = {Kind.ACCEPT, Kind.REJECT, Kind.UNDECIDED, Kind.CONCEPT}
TABLE = {
    (Paradigm.SECOND_READER, Stage.UNAIDED): ANY | WRITE | {Kind.COMMIT},
    (Paradigm.SECOND_READER, Stage.COMMITTED): ANY | WRITE | {Kind.REPORT, Kind.REVEAL},
    (Paradigm.SECOND_READER, Stage.REVEALED): ANY | WRITE | JUDGE | {Kind.REPORT, Kind.REVEAL, Kind.SIGN},
    (Paradigm.SECOND_READER, Stage.SIGNED): ANY | {Kind.REPORT, Kind.AMEND},
}
for _paradigm in (Paradigm.CONCURRENT, Paradigm.TRIAGE):
    for _stage in Stage:
        TABLE[_paradigm, _stage] = TABLE[Paradigm.SECOND_READER, _stage]
    TABLE[_paradigm, Stage.UNAIDED] = TABLE[Paradigm.SECOND_READER, Stage.UNAIDED] | {Kind.REVEAL}
for _paradigm in (Paradigm.INDEPENDENT, Paradigm.SHADOW, Paradigm.NONE):
    for _stage in Stage:
        TABLE[_paradigm, _stage] = TABLE[Paradigm.SECOND_READER, _stage]
    TABLE[_paradigm, Stage.COMMITTED] = ANY | WRITE | {Kind.REPORT, Kind.SIGN}
TABLE[Paradigm.INDEPENDENT, Stage.UNAIDED] = TABLE[Paradigm.NONE, Stage.UNAIDED] | {Kind.ARBITRATE}
TABLE[Paradigm.INDEPENDENT, Stage.REVEALED] = TABLE[Paradigm.NONE, Stage.REVEALED] | {Kind.DECIDE}


@pytest.mark.parametrize(("paradigm", "stage"), list(product(Paradigm, Stage)))
def test_the_table_is_what_the_paradigm_promises(paradigm, stage):
    assert allowed(paradigm, stage) == TABLE[paradigm, stage]


@pytest.mark.parametrize(("paradigm", "stage", "kind"), list(product(Paradigm, Stage, Kind)))
def test_a_reading_does_what_the_table_allows_and_says_why_not(paradigm, stage, kind):
    chain = at_stage(paradigm, stage)
    if chain is None:
        return  # this paradigm never reveals
    event = chain.draft(kind, **payload_for(kind, chain))
    try:
        apply(chain.progress, event)
        refused = ""
    except Refused as why:
        refused = str(why)
    if kind not in TABLE[paradigm, stage]:
        assert refused.endswith((".", "(Shift+Enter)."))
    elif kind not in GUARDED:
        assert not refused


GUARDED = {
    *(Kind.UNDO, Kind.REDO, Kind.MEASURE_DELETE, Kind.KEY_IMAGE_DELETE, Kind.SNAPSHOT_DELETE, Kind.REVEAL),
    *(Kind.MARK_JOIN, Kind.ARBITRATE, Kind.DECIDE),
}
"""Allowed by the table, but also a question of what is there to undo, delete, join, reveal or decide."""
