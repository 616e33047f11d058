"""The proof of the event log: every chain, the order, the rules. Reads only; `viewer.app.store` writes."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from viewer.app.event_table import FILE, GUARDS, BadRow, guard_sql, read_events
from viewer.core.reading.changes import Refused
from viewer.core.reading.events import GENESIS, Event, chain_faults
from viewer.core.reading.fold import fold


@dataclass(frozen=True, slots=True)
class ReadingCheck:
    """One reading: how many events the log holds, how it stands, what is wrong (empty where it holds)."""

    reading: str
    events: int
    reader: str
    study_instance_uid: str
    stage: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogCheck:
    """The whole log; `faults` are those that belong to no single reading."""

    readings: tuple[ReadingCheck, ...] = ()
    faults: tuple[str, ...] = ()

    def all_faults(self) -> list[str]:
        """Every fault as one sentence that names its reading; empty only if every chain holds."""
        return [*self.faults, *(f"{r.reading}: {fault}" for r in self.readings for fault in r.faults)]


def check_log(home: Path) -> LogCheck:
    """Check the log below `home`. A log that is not there yet holds; one that cannot be read does not."""
    path = home / FILE
    if not path.exists():
        return LogCheck()
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            return _check(connection)
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return LogCheck(faults=(f"{path} cannot be read: {error}",))


def _check(connection: sqlite3.Connection) -> LogCheck:
    connection.execute("BEGIN")  # one snapshot, also while a window writes
    faults = [*_file_faults(connection), *_guard_faults(connection), *_gap_faults(connection)]
    names = connection.execute("SELECT reading FROM event UNION SELECT reading FROM reading_head ORDER BY 1")
    checks = tuple(_reading(connection, str(name)) for (name,) in names.fetchall())
    return LogCheck(checks, tuple(faults))


def _file_faults(connection: sqlite3.Connection) -> list[str]:
    found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(3)")]
    return [] if found == ["ok"] else [f"the database is damaged: {line}" for line in found]


def _guard_faults(connection: sqlite3.Connection) -> list[str]:
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return [
        f"the guard {name} is missing or changed" for name in GUARDS if found.get(name) != guard_sql(name)
    ]


def _gap_faults(connection: sqlite3.Connection) -> list[str]:
    """Row numbers run from 1 without a gap; a reading that was taken out as a whole leaves one."""
    first, last, count = connection.execute("SELECT MIN(id), MAX(id), COUNT(*) FROM event").fetchone()
    given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    expected = given[0] if given else 0
    if count == expected and (not count or (first, last) == (1, count)):
        return []
    return [f"rows are missing from the log: {count} are there, {expected} were written"]


def _reading(connection: sqlite3.Connection, name: str) -> ReadingCheck:
    events: list[Event] = []
    try:
        events.extend(read_events(connection, name))
        faults = [*chain_faults(events), *_head_faults(connection, name, events)]
    except (BadRow, sqlite3.Error, UnicodeDecodeError) as error:
        faults = [str(error)]
    reader = events[0].reader if events else ""
    study, stage = "", ""
    if not faults:
        try:
            reading = fold(events)
            study, stage = reading.study_instance_uid, reading.stage.value
        except Refused as error:
            faults = [str(error)]
    return ReadingCheck(name, len(events), reader, study, stage, tuple(faults))


def _head_faults(connection: sqlite3.Connection, name: str, events: list[Event]) -> list[str]:
    head = connection.execute("SELECT count, hash FROM reading_head WHERE reading = ?", (name,)).fetchone()
    found = (len(events), events[-1].hash if events else GENESIS)
    if head is None:
        return ["the head of its chain is missing"]
    return [] if head == found else [f"{head[0]} events were written, {found[0]} are there: its end differs"]
