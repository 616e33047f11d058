"""The events of a reading and their hash chain, as pure values. No database here."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

Payload = Mapping[str, object]
"""What an event carries: JSON values only, no NaN."""

GENESIS = "0" * 64
"""`prev_hash` of the first event of a reading."""


class Kind(StrEnum):
    """What happened. The text is what the log keeps; none is ever renamed."""

    OPENED = "opened"
    RESUMED = "resumed"
    CLOSED = "closed"
    SHOWN = "shown"
    """An image was really painted."""
    PART = "part"
    """A part of an image was on screen at full resolution, or larger."""
    VIEW = "view"
    """Where a viewport stands (slice, window, zoom ...), so that a resumed reading looks as it did."""
    FOCUS = "focus"
    MARKS = "marks"
    """The model's marks were switched on or off."""
    HEAT = "heat"
    """The heat map was switched on or off."""
    ALIKE = "alike"
    """Training findings like the one in focus were switched on or off."""
    MARK = "mark"
    MARK_CHANGE = "mark_change"
    MARK_DELETE = "mark_delete"
    MARK_JOIN = "mark_join"
    """Two own marks are one finding, seen in two views."""
    MEASURE = "measure"
    MEASURE_DELETE = "measure_delete"
    KEY_IMAGE = "key_image"
    KEY_IMAGE_DELETE = "key_image_delete"
    SNAPSHOT = "snapshot"
    SNAPSHOT_DELETE = "snapshot_delete"
    IMPRESSION = "impression"
    CATEGORY = "category"
    ASSESSMENT = "assessment"
    """Density, categories by breast and recall of a mammography, as a whole."""
    NIPPLE = "nipple"
    """Where the nipple is on an image."""
    SIDE = "side"
    """Which breast an image shows, where its header does not say or contradicts itself."""
    COMMIT = "commit"
    REVEAL = "reveal"
    ACCEPT = "accept"
    REJECT = "reject"
    UNDECIDED = "undecided"
    CONCEPT = "concept"
    """The reader's rating of a concept that a score of the model rests on; without one: the model's again."""
    ARBITRATE = "arbitrate"
    """Two signed readings of others were laid before the reader."""
    DECIDE = "decide"
    """Whose word holds on one of their differences."""
    UNDO = "undo"
    REDO = "redo"
    REPORT = "report"
    SIGN = "sign"
    AMEND = "amend"


VIEWING = frozenset({Kind.SHOWN, Kind.PART, Kind.VIEW, Kind.FOCUS, Kind.MARKS, Kind.HEAT, Kind.ALIKE})
"""Events that change nothing of what is said; they may reach the disk up to a second late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of the log.

    seq           1, 2, 3 ... within the reading
    at_utc        wall clock, ISO 8601 with milliseconds and Z; may jump when the clock is set
    monotonic_ns  never goes back within a sitting
    sitting       one run of the program by one reader
    arm           of a trial or reader study; "" outside one
    hash          SHA-256 over `prev_hash` and the canonical JSON of everything else
    """

    seq: int
    kind: Kind
    at_utc: str
    monotonic_ns: int
    reading: str
    reader: str
    experience: str
    sitting: str
    paradigm: str
    arm: str
    payload: Payload = field(default_factory=dict)
    prev_hash: str = GENESIS
    hash: str = ""


def canonical(value: object) -> str:
    """JSON with one spelling per value: keys sorted, no spaces, no escapes but the needed; refuses NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(event: Event) -> str:
    """The hash that `event` must carry (its own `hash` is not looked at)."""
    body = canonical(
        {
            "seq": event.seq,
            "kind": event.kind.value,
            "at_utc": event.at_utc,
            "monotonic_ns": event.monotonic_ns,
            "reading": event.reading,
            "reader": event.reader,
            "experience": event.experience,
            "sitting": event.sitting,
            "paradigm": event.paradigm,
            "arm": event.arm,
            "payload": event.payload,
        }
    )
    return hashlib.sha256(event.prev_hash.encode("ascii") + body.encode("utf-8")).hexdigest()


def chain_faults(events: Iterable[Event]) -> list[str]:
    """What is wrong with the chain of one reading, one sentence each; empty where it holds."""
    chain = list(events)
    faults = [
        f"event {e.seq} ({e.kind}) was changed: its hash does not fit" for e in chain if e.hash != digest(e)
    ]
    if chain and (chain[0].seq, chain[0].prev_hash) != (1, GENESIS):
        faults.append(f"the first event is number {chain[0].seq}: events before it are missing")
    for before, after in pairwise(chain):
        if after.seq != before.seq + 1 or after.prev_hash != before.hash:
            faults.append(
                f"event {after.seq} ({after.kind}) does not follow event {before.seq} ({before.kind})"
            )
        elif after.sitting == before.sitting and after.monotonic_ns < before.monotonic_ns:
            faults.append(
                f"event {after.seq} ({after.kind}) is older than event {before.seq} ({before.kind})"
            )
    return faults
