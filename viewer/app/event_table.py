"""The event log as tables: schema, guards, and rows to events and back. Opens nothing, decides nothing."""

import json
import sqlite3
from collections.abc import Iterator

from viewer.core.reading.events import Event, Kind, canonical

FILE = "events.sqlite"
"""Name of the log below TANDEM_HOME."""

VERSION = 1
"""`PRAGMA user_version` of the schema below."""

COLUMNS = (
    "reading",
    "seq",
    "kind",
    "at_utc",
    "monotonic_ns",
    "reader",
    "experience",
    "sitting",
    "paradigm",
    "arm",
    "payload",
    "prev_hash",
    "hash",
)

TABLES = """
CREATE TABLE IF NOT EXISTS event (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  reading      TEXT NOT NULL,
  seq          INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  at_utc       TEXT NOT NULL,
  monotonic_ns INTEGER NOT NULL,
  reader       TEXT NOT NULL,
  experience   TEXT NOT NULL,
  sitting      TEXT NOT NULL,
  paradigm     TEXT NOT NULL,
  arm          TEXT NOT NULL,
  payload      TEXT NOT NULL,
  prev_hash    TEXT NOT NULL,
  hash         TEXT NOT NULL,
  UNIQUE (reading, seq)
);
CREATE TABLE IF NOT EXISTS reading_head (
  reading TEXT PRIMARY KEY,
  count   INTEGER NOT NULL,
  hash    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_turn ON event (reading, kind)
  WHERE kind IN ('opened', 'resumed', 'closed', 'commit', 'reveal', 'sign');
"""

GUARDS = {
    "event_no_update": """BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END""",
    "event_no_delete": """BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END""",
    "event_in_order": """BEFORE INSERT ON event
WHEN NEW.seq <> 1 + COALESCE((SELECT count FROM reading_head WHERE reading = NEW.reading), 0)
  OR NEW.prev_hash <> COALESCE((SELECT hash FROM reading_head WHERE reading = NEW.reading),
                               '0000000000000000000000000000000000000000000000000000000000000000')
BEGIN SELECT RAISE(ABORT, 'the event does not follow the last one'); END""",
    "event_first": """AFTER INSERT ON event WHEN NEW.seq = 1
BEGIN INSERT INTO reading_head VALUES (NEW.reading, 1, NEW.hash); END""",
    "event_next": """AFTER INSERT ON event WHEN NEW.seq > 1
BEGIN UPDATE reading_head SET count = NEW.seq, hash = NEW.hash WHERE reading = NEW.reading; END""",
    "reading_head_no_delete": """BEFORE DELETE ON reading_head
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END""",
    "reading_head_forward": """BEFORE UPDATE ON reading_head
WHEN NEW.reading <> OLD.reading OR NEW.count <> OLD.count + 1
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END""",
}
"""Triggers: rows are only added, in order, and `reading_head` follows; so lost last rows are noticed too."""

INSERT = f"INSERT INTO event ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
SELECT = f"SELECT {', '.join(COLUMNS)} FROM event WHERE reading = ? ORDER BY seq"  # noqa: S608


class BadRow(ValueError):
    """A row that no program of ours wrote so."""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables and guards that are not there, in one transaction."""
    guards = "".join(f"CREATE TRIGGER IF NOT EXISTS {name} {body};\n" for name, body in GUARDS.items())
    connection.executescript(f"BEGIN IMMEDIATE;{TABLES}{guards}PRAGMA user_version = {VERSION};COMMIT;")


def guard_sql(name: str) -> str:
    """The statement of one guard, as SQLite keeps it."""
    return f"CREATE TRIGGER {name} {GUARDS[name]}"


def row_of(event: Event) -> tuple[str | int, ...]:
    """An event in the order of `COLUMNS`."""
    return (
        event.reading,
        event.seq,
        event.kind.value,
        event.at_utc,
        event.monotonic_ns,
        event.reader,
        event.experience,
        event.sitting,
        event.paradigm,
        event.arm,
        canonical(event.payload),
        event.prev_hash,
        event.hash,
    )


def read_events(connection: sqlite3.Connection, reading: str) -> Iterator[Event]:
    """The events of one reading in order; raises `BadRow` or `sqlite3.Error`."""
    for row in connection.execute(SELECT, (reading,)):
        yield _event(dict(zip(COLUMNS, row, strict=True)))


def _event(row: dict[str, object]) -> Event:
    seq, monotonic_ns = row["seq"], row["monotonic_ns"]
    if not isinstance(seq, int) or not isinstance(monotonic_ns, int):
        raise BadRow(f"event {seq!r}: a number is not a number")
    texts = {name: row[name] for name in COLUMNS if name not in ("seq", "monotonic_ns")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadRow(f"event {seq}: a text is not a text")
    try:
        kind, payload = Kind(str(row["kind"])), json.loads(str(row["payload"]))
        spelled = canonical(payload)
    except ValueError as error:
        raise BadRow(f"event {seq}: {error}") from error
    if not isinstance(payload, dict) or spelled != row["payload"]:
        raise BadRow(f"event {seq} ({kind}): its payload was respelled")
    return Event(
        seq=seq,
        kind=kind,
        monotonic_ns=monotonic_ns,
        payload=payload,
        **{name: str(text) for name, text in texts.items() if name not in ("kind", "payload")},
    )
