"""The list of readings in the event log, in short. Reads only."""

import json
import sqlite3
from dataclasses import dataclass

from viewer.core.reading.events import Kind
from viewer.core.reading.reading import Stage

_STAGES = ((Kind.SIGN, Stage.SIGNED), (Kind.REVEAL, Stage.REVEALED), (Kind.COMMIT, Stage.COMMITTED))
_COMING_AND_GOING = (Kind.OPENED, Kind.RESUMED, Kind.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLine:
    """One reading of the log in short. `opened` is the payload of its first event (study, sources, title)."""

    reading_id: str
    study_instance_uid: str
    reader: str
    paradigm: str
    stage: Stage
    opened: dict[str, object]
    opened_at: str
    last_at: str
    closed: bool
    """False where the program ended without closing it: the next start offers to resume."""


def read_lines(connection: sqlite3.Connection) -> list[ReadingLine]:
    """Every reading of the log, last touched first. Raises `sqlite3.Error`, `ValueError`."""
    turns: dict[str, list[str]] = {}
    for reading, kind in connection.execute(
        "SELECT reading, kind FROM event"
        " WHERE kind IN ('opened', 'resumed', 'closed', 'commit', 'reveal', 'sign') ORDER BY id"
    ):
        turns.setdefault(reading, []).append(kind)
    rows = connection.execute(
        "SELECT head.reading, first.reader, first.paradigm, first.payload, first.at_utc, last.at_utc"
        " FROM reading_head AS head"
        " JOIN event AS first ON first.reading = head.reading AND first.seq = 1"
        " JOIN event AS last ON last.reading = head.reading AND last.seq = head.count ORDER BY last.id DESC"
    )
    return [_line(turns.get(row[0], []), *row) for row in rows]


def _line(
    turns: list[str], reading: str, reader: str, paradigm: str, payload: str, opened_at: str, last_at: str
) -> ReadingLine:
    opened = json.loads(payload)
    return ReadingLine(
        reading_id=reading,
        study_instance_uid=str(opened.get("study_instance_uid", "")),
        reader=reader,
        paradigm=paradigm,
        stage=next((stage for kind, stage in _STAGES if kind in turns), Stage.UNAIDED),
        opened=opened,
        opened_at=opened_at,
        last_at=last_at,
        closed=[kind for kind in turns if kind in _COMING_AND_GOING][-1:] == [Kind.CLOSED],
    )
