"""The event log on disk: append-only, one hash chain per reading. Knows no rule of reading (the fold does).

An append is on the disk (fsync) before it returns. Viewing events are queued and written within a second,
always before the next append, so that the order on disk is the order in time.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from viewer.app.event_table import FILE, INSERT, VERSION, BadRow, create, read_events, row_of
from viewer.app.log_check import check_log
from viewer.app.reading_list import ReadingLine, read_lines
from viewer.core.reading.events import GENESIS, VIEWING, Event, Kind, Payload, canonical, digest
from viewer.core.reading.reading import Stage

FLUSH_SECONDS = 0.5
"""How long a viewing event may wait; the promise is one second."""


ELSEWHERE = "This reading was continued in another window: close it here and go on there."


class StoreError(Exception):
    """The log cannot be read or written; the message is one sentence for the screen."""


class Conflict(StoreError):
    """Another program went on with the same reading."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who reads, when and how: the columns that every event of a sitting carries."""

    reader: str
    experience: str
    sitting: str
    paradigm: str
    arm: str = ""


class EventLog:
    """The log below a home folder. May be used from several threads; close it at the end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.trouble = ""
        """Why viewing events could not be written; "" while all is well."""
        self._writing = threading.RLock()  # held while the disk is used; taken before `_linking`
        self._linking = (
            threading.RLock()
        )  # held while chains and queue change; never across a background write
        self._heads: dict[str, tuple[int, str]] = {}
        self._queue: list[Event] = []
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection = _open(home / FILE)

    def append(
        self, reading_id: str, kind: Kind, payload: Payload, stamp: Stamp, follows: str | None = None
    ) -> Event:
        """Add one event, and everything queued before it; on disk when this returns.

        `follows`: hash of the last event that the caller knows. Raises `Conflict` where the reading went on
        without the caller, `StoreError` where the disk refuses; then nothing was added.
        """
        with self._writing, self._linking:
            before = self._head(reading_id)
            event = self._link(reading_id, kind, payload, stamp, follows)
            try:
                self._write([*self._queue, event])
            except Conflict:
                raise
            except StoreError:
                self._heads[reading_id] = before
                raise
            self._queue.clear()
            self.trouble = ""
            return event

    def note(
        self, reading_id: str, kind: Kind, payload: Payload, stamp: Stamp, follows: str | None = None
    ) -> Event:
        """Add one viewing event; on disk within a second, without waiting for it. Raises `Conflict`."""
        if kind not in VIEWING:
            raise ValueError(f"{kind} is not a viewing event: it must be on disk at once")
        if reading_id not in self._heads:
            with self._writing, self._linking:
                self._head(reading_id)
        with self._linking:
            event = self._link(reading_id, kind, payload, stamp, follows)
            self._queue.append(event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._flush_often, name="event-log", daemon=True)
            self._thread.start()
        self._wake.set()
        return event

    def flush(self) -> None:
        """Write what is queued. Raises `StoreError`; the queue is kept."""
        with self._writing:
            with self._linking:
                batch = tuple(self._queue)
            if not batch:
                return
            self._write(batch)
            with self._linking:
                del self._queue[: len(batch)]
            self.trouble = ""

    def close(self) -> None:
        """Write what is queued and let go of the file."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self.flush()
        finally:
            self._connection.close()

    def events(self, reading_id: str) -> tuple[Event, ...]:
        """All events of a reading, in order. Raises `StoreError`."""
        with self._writing:
            self.flush()
            try:
                return tuple(read_events(self._connection, reading_id))
            except (sqlite3.Error, BadRow) as error:
                raise StoreError(f"Reading {reading_id} cannot be read from the log: {error}.") from error

    def readings(self, study_instance_uid: str = "") -> tuple[ReadingLine, ...]:
        """All readings (of one study), last touched first. Raises `StoreError`."""
        with self._writing:
            self.flush()
            try:
                lines = read_lines(self._connection)
            except (sqlite3.Error, ValueError) as error:
                raise StoreError(f"The event log {self.home / FILE} cannot be read: {error}.") from error
        return tuple(line for line in lines if study_instance_uid in ("", line.study_instance_uid))

    def open_readings(self) -> tuple[ReadingLine, ...]:
        """Readings that are not signed, last touched first."""
        return tuple(line for line in self.readings() if line.stage is not Stage.SIGNED)

    def verify(self) -> list[str]:
        """Faults of the whole log, one sentence each; empty only if every chain holds."""
        self.flush()
        return check_log(self.home).all_faults()

    def _flush_often(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            self._stop.wait(FLUSH_SECONDS)
            try:
                self.flush()
            except StoreError as error:
                self.trouble = str(error)
                self._wake.set()

    def _head(self, reading_id: str) -> tuple[int, str]:
        """(count, hash) of a chain, queued events included; both locks are held where it is not known yet."""
        if reading_id not in self._heads:
            query = "SELECT count, hash FROM reading_head WHERE reading = ?"
            found = self._connection.execute(query, (reading_id,)).fetchone()
            self._heads[reading_id] = found or (0, GENESIS)
        return self._heads[reading_id]

    def _link(
        self, reading_id: str, kind: Kind, payload: Payload, stamp: Stamp, follows: str | None
    ) -> Event:
        """The next event of the chain, in memory."""
        count, last = self._head(reading_id)
        if follows not in (None, last):
            raise Conflict(ELSEWHERE)
        event = Event(
            seq=count + 1,
            kind=kind,
            at_utc=now_utc(),
            monotonic_ns=time.monotonic_ns(),
            reading=reading_id,
            reader=_clean(stamp.reader),
            experience=_clean(stamp.experience),
            sitting=stamp.sitting,
            paradigm=stamp.paradigm,
            arm=_clean(stamp.arm),
            payload=json.loads(_clean(canonical(payload))),
            prev_hash=last,
        )
        event = replace(event, hash=digest(event))
        self._heads[reading_id] = (event.seq, event.hash)
        return event

    def _write(self, batch: Sequence[Event]) -> None:
        """One transaction, synced. Raises `StoreError`."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT, map(row_of, batch))
            self._connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            self._rollback()
            self._forget({event.reading for event in batch})
            raise Conflict(ELSEWHERE) from error
        except sqlite3.Error as error:
            self._rollback()
            raise StoreError(f"The event log {self.home / FILE} cannot be written: {error}.") from error

    def _rollback(self) -> None:
        with suppress(sqlite3.Error):  # there may be no transaction; the first error is the one to tell
            self._connection.execute("ROLLBACK")

    def _forget(self, readings: set[str]) -> None:
        """After a conflict: drop what cannot follow; the heads are read again from disk."""
        with self._linking:
            self._queue = [e for e in self._queue if e.reading not in readings]
            for reading in readings:
                self._heads.pop(reading, None)


def now_utc() -> str:
    """The wall clock as the log keeps it: ISO 8601, milliseconds, Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            create(connection)
    except sqlite3.Error as error:
        raise StoreError(f"The event log {path} cannot be opened: {error}.") from error
    if version > VERSION:
        connection.close()
        raise StoreError(f"The event log {path} is of a newer Tandem (format {version}): use that one.")
    return connection


def _clean(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, as toolkits may hand over, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
