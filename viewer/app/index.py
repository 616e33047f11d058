"""The index: what was found in files, remembered by path, size and time of change for the next scan.

It is only a memory: where anything is wrong with it, it is made anew and the files are read again.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import msgspec

from viewer.app.contents import Contents
from viewer.app.sources import Candidate
from viewer.core.dicom.header import PARSER
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.problem import Problem

MIGRATIONS = (
    """
    CREATE TABLE file (
        path BLOB PRIMARY KEY,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        parser TEXT NOT NULL,
        body BLOB NOT NULL
    ) WITHOUT ROWID;
    """,
)
"""Script n brings `user_version` from n to n + 1; scripts are only ever added."""

_PARSER = f"{PARSER} {' '.join(field.name for field in fields(Instance))}"


class Index:
    """`index.sqlite` of one home; for one thread. `note` says in a sentence what was wrong with it, or ""."""

    def __init__(self, home: Path) -> None:
        self.note = ""
        self._path = home / "index.sqlite"
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Contents).decode
        self._database = self._opened()

    def recall(self, file: Candidate) -> Contents | None:
        """What the file held when it had this size and time of change; None where that is not known."""
        query = "SELECT body FROM file WHERE path = ? AND size = ? AND mtime_ns = ? AND parser = ?"
        key = (os.fsencode(file.path), file.size, file.mtime_ns, _PARSER)
        try:
            row = self._database.execute(query, key).fetchone()
            return _with_names(self._decode(row[0]), file.path, "", file.name) if row else None
        except (sqlite3.Error, msgspec.DecodeError):
            return None

    def remember(self, files: Iterable[tuple[Candidate, Contents]]) -> None:
        """Keep what files held; in one transaction, and not at all where that fails."""
        rows = [
            (
                os.fsencode(file.path),
                file.size,
                file.mtime_ns,
                _PARSER,
                self._encode(_with_names(held, "", file.name, "")),
            )
            for file, held in files
        ]
        with suppress(sqlite3.Error), self._database:
            self._database.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            return _migrated(self._path)
        except sqlite3.OperationalError as error:
            self.note = f"The index {self._path} cannot be used ({error}); files are read anew each time."
            return _migrated(Path(":memory:"))
        except sqlite3.DatabaseError as error:
            self.note = (
                f"The index {self._path} was damaged ({error}); it is made anew, nothing else is lost."
            )
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return _migrated(self._path)


def _migrated(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=2)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise sqlite3.OperationalError("it was written by a newer version")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            database.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
        database.execute("SELECT count(*) FROM (SELECT 1 FROM file LIMIT 1)")
    except BaseException:
        database.close()
        raise
    return database


def _with_names(held: Contents, new_path: str, name: str, new_name: str) -> Contents:
    """The same contents under another path and name: what is kept names only the members of the file."""

    def named(problem: Problem) -> Problem:
        return replace(problem, file=new_name + problem.file.removeprefix(name))

    def placed(instance: Instance) -> Instance:
        location = replace(instance.location, uri=new_path)
        if not instance.problems and instance.broken is None:
            return replace(instance, location=location)
        problems = tuple(named(problem) for problem in instance.problems)
        broken = None if instance.broken is None else named(instance.broken)
        return replace(instance, location=location, problems=problems, broken=broken)

    return Contents(tuple(map(placed, held.instances)), tuple(map(named, held.problems)))
