"""The event log on disk: nothing acknowledged is ever lost, nothing written is ever changed unseen."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.app.reads import STUDY, two_findings
from viewer.app.event_table import COLUMNS, FILE
from viewer.app.log_check import check_log
from viewer.app.session import ReadingSession
from viewer.app.store import Conflict, EventLog, Stamp, StoreError
from viewer.core.reading.events import Kind
from viewer.core.reading.reading import Reader, Stage

STAMP = Stamp("A", "5 years", "s1", "second reader")


def read_through(log) -> ReadingSession:
    """A whole reading, signed."""
    session = ReadingSession.start(log, STUDY, Reader("A", "5 years"), title="CT chest", sources=["/ct"])
    mark = session.mark((0.0, 0.0, 0.0), series_instance_uid="1.5", frame_of_reference_uid="1.9")
    session.note_shown("1.5", 3)
    session.change(mark.tracking_uid, note="smooth margin")
    session.commit()
    session.reveal(two_findings())
    session.accept(session.reading.model[0].tracking_uid)
    session.sign(force=True)
    return session


def rows(home, query):
    with closing(sqlite3.connect(home / FILE)) as connection:
        return connection.execute(query).fetchall()


# --- what is written


def test_an_append_is_in_the_file_when_it_returns(home, log):
    log.append("r", Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)
    kinds = rows(home, "SELECT kind, reader, experience, sitting, paradigm FROM event")
    assert kinds == [("opened", "A", "5 years", "s1", "second reader")]


def test_every_commit_is_synced(log):
    assert log._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert log._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_viewing_event_is_on_disk_within_a_second_without_anyone_asking(home, log):
    log.append("r", Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)
    noted = time.monotonic()
    log.note("r", Kind.SHOWN, {"series": "1.5", "slice": 7}, STAMP)
    while not rows(home, "SELECT 1 FROM event WHERE kind = 'shown'") and time.monotonic() < noted + 10:
        time.sleep(0.02)
    assert time.monotonic() - noted < 1.0


def test_queued_viewing_events_stand_before_the_next_append(log):
    log.append("r", Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)
    for index in range(5):
        log.note("r", Kind.SHOWN, {"series": "1.5", "slice": index}, STAMP)
    log.append("r", Kind.IMPRESSION, {"text": "clear"}, STAMP)
    kinds = [event.kind.value for event in log.events("r")]
    assert kinds == ["opened", *["shown"] * 5, "impression"] and log.verify() == []


def test_only_viewing_events_may_wait(log):
    with pytest.raises(ValueError, match="at once"):
        log.note("r", Kind.MARK, {}, STAMP)


def test_text_that_no_file_can_hold_does_not_lose_the_rest(log):
    log.append("r", Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)
    event = log.append("r", Kind.IMPRESSION, {"text": "nodule \ud83d of 8 mm\0 \u2028é"}, STAMP)
    assert log.events("r")[-1] == event and event.payload["text"] == "nodule ? of 8 mm\0 \u2028é"
    assert log.verify() == []


def test_many_threads_make_one_chain_for_each_reading(log):
    for reading in ("a", "b"):
        log.append(reading, Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)

    def work(number):
        for index in range(20):
            log.note("ab"[number % 2], Kind.SHOWN, {"series": "1.5", "slice": index}, STAMP)
            log.append("ab"[index % 2], Kind.IMPRESSION, {"text": f"{number} {index}"}, STAMP)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert log.verify() == []
    assert len(log.events("a")) + len(log.events("b")) == 2 + 4 * 40


def test_no_thread_is_left_after_closing(home):
    log = EventLog(home)
    log.append("r", Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)
    log.note("r", Kind.SHOWN, {"series": "1.5", "slice": 1}, STAMP)
    log.close()
    assert "event-log" not in [thread.name for thread in threading.enumerate()]
    assert [kind for (kind,) in rows(home, "SELECT kind FROM event")] == ["opened", "shown"]


# --- what cannot be written


def test_a_full_disk_refuses_the_append_and_the_next_one_succeeds(home, log):
    log.append("r", Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)
    log.note("r", Kind.SHOWN, {"series": "1.5", "slice": 1}, STAMP)
    pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
    log._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"cannot be written: .*full"):
        log.append("r", Kind.IMPRESSION, {"text": "x" * 100_000}, STAMP)
    log._connection.execute("PRAGMA max_page_count = 1000000")
    log.append("r", Kind.IMPRESSION, {"text": "y"}, STAMP)
    assert [e.kind.value for e in log.events("r")] == ["opened", "shown", "impression"]
    assert log.verify() == []


def test_two_windows_cannot_go_on_with_the_same_reading(home, log):
    here = ReadingSession.start(log, STUDY, Reader("A"))
    with closing(EventLog(home)) as elsewhere:
        there = ReadingSession.resume(elsewhere, here.reading.reading_id)
        there.set_impression("written there")
    with pytest.raises(Conflict, match="another window"):
        here.set_impression("written here")
    with pytest.raises(Conflict):
        here.set_impression("again")
    assert log.verify() == []
    assert ReadingSession.resume(log, here.reading.reading_id).reading.impression == "written there"


def test_a_log_of_a_newer_program_is_left_alone(home):
    EventLog(home).close()
    with closing(sqlite3.connect(home / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer Tandem"):
        EventLog(home)


def test_a_file_that_is_no_database_is_said_so(home):
    (home / FILE).write_bytes(b"not a database, but long enough to look at" * 50)
    with pytest.raises(StoreError, match="cannot be opened"):
        EventLog(home)


# --- what cannot be changed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET payload = '{}'",
        "DELETE FROM event WHERE seq = 2",
        "DELETE FROM reading_head",
        "UPDATE reading_head SET count = 1",
        "INSERT INTO event SELECT NULL, reading, 99, kind, at_utc, monotonic_ns, reader, experience, sitting,"
        " paradigm, arm, payload, prev_hash, hash FROM event WHERE seq = 2",
        "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 2",
    ],
)
def test_the_database_itself_refuses_to_rewrite(home, log, statement):
    read_through(log)
    with closing(sqlite3.connect(home / FILE)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    assert log.verify() == []


def tamper(home, *statements):
    """Change the log behind the guards' back, and put the guards back as they were."""
    with closing(sqlite3.connect(home / FILE)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(*statement) if isinstance(statement, tuple) else connection.execute(statement)
        for _, sql in guards:
            connection.execute(sql)
        connection.commit()


def test_a_flipped_byte_in_any_column_of_any_row_is_found(home, log):
    read_through(log)
    dice = random.Random(6)
    for column in COLUMNS:
        for number, value in dice.sample(rows(home, f"SELECT id, {column} FROM event"), 2):
            changed = value + 1000 if isinstance(value, int) else flipped(value, dice)
            tamper(home, (f"UPDATE event SET {column} = ? WHERE id = ?", (changed, number)))
            assert log.verify(), f"{column} of row {number}: {value!r} -> {changed!r}"
            tamper(home, (f"UPDATE event SET {column} = ? WHERE id = ?", (value, number)))
    assert log.verify() == []


def flipped(text, dice):
    """The text with one bit of one byte the other way; "" grows by a letter."""
    raw = bytearray(text.encode())
    if not raw:
        return "x"
    raw[dice.randrange(len(raw))] ^= 1
    return bytes(raw).decode(errors="surrogateescape")


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (["DELETE FROM event WHERE seq = 4"], "does not follow"),
        (["DELETE FROM event WHERE seq = (SELECT MAX(seq) FROM event)"], "rows are missing"),
        (["DELETE FROM event", "DELETE FROM reading_head"], "rows are missing"),
        (
            [
                "DELETE FROM event WHERE seq = (SELECT MAX(seq) FROM event)",
                "UPDATE sqlite_sequence SET seq = seq - 1",
            ],
            "its end differs",
        ),
        (["DELETE FROM reading_head"], "the head of its chain is missing"),
        (["UPDATE event SET payload = replace(payload, ':', ': ') WHERE seq = 2"], "respelled"),
        (["UPDATE event SET payload = x'00' WHERE seq = 2"], "a text is not a text"),
        (["UPDATE event SET payload = '{' WHERE seq = 2"], "event 2"),
        (["UPDATE event SET kind = 'blessed' WHERE seq = 2"], "event 2"),
        (["UPDATE event SET seq = 'two' WHERE seq = 2"], "a number is not a number"),
    ],
)
def test_lost_and_mangled_rows_are_named(home, log, statements, fault):
    read_through(log)
    tamper(home, *statements)
    assert any(fault in line for line in log.verify()), log.verify()


def test_a_missing_guard_is_found(home, log):
    read_through(log)
    with closing(sqlite3.connect(home / FILE)) as connection:
        connection.execute("DROP TRIGGER event_no_update")
        connection.commit()
    assert log.verify() == ["the guard event_no_update is missing or changed"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"smooth margin", b"smooth nargin"),
        (b"SQLite format 3", b"SQLite format 9"),
        (b'"title"', b"\xff\xfe title"),
    ],
)
def test_bytes_changed_in_the_file_itself_are_found(home, log, before, after):
    read_through(log)
    log.close()
    whole = (home / FILE).read_bytes()
    assert before in whole and check_log(home).all_faults() == []
    (home / FILE).write_bytes(whole.replace(before, after.ljust(len(before))[: len(before)]))
    assert check_log(home).all_faults()


def test_a_chain_with_true_hashes_that_breaks_the_rules_is_found(log):
    log.append("r", Kind.OPENED, {"study_instance_uid": STUDY}, STAMP)
    reveal = {"seal": "", "status": "done", "reason": "", "runs": [], "findings": [], "joined": {}}
    log.append("r", Kind.REVEAL, reveal, STAMP)  # what no session would write
    assert log.verify() == ["r: The second reader is sealed until you commit your own read (Shift+Enter)."]


# --- the list of readings


def test_readings_are_listed_last_touched_first_with_how_they_stand(home, log):
    first = ReadingSession.start(log, "1.1", Reader("A"), title="one", sources=["/one"])
    second = ReadingSession.start(log, "1.2", Reader("B"))
    signed = read_through(log)
    first.close()
    lines = {line.study_instance_uid: line for line in log.readings()}
    assert [line.study_instance_uid for line in log.readings()] == ["1.1", STUDY, "1.2"]
    assert lines["1.1"].closed and not lines["1.2"].closed
    assert lines["1.1"].opened["sources"] == ["/one"] and lines["1.2"].reader == "B"
    assert lines[STUDY].stage is Stage.SIGNED
    assert signed.reading.reading_id not in [line.reading_id for line in log.open_readings()]
    assert [line.study_instance_uid for line in log.readings("1.2")] == ["1.2"]
    second.commit()
    assert log.open_readings()[0].stage is Stage.COMMITTED


# --- killed


def killed(nursery, home, seed) -> int:
    """Let a reader act until it has told a few events, kill it; the last number that it told."""
    dice = random.Random(seed)
    told, pid, wanted = 0, 0, dice.randrange(1, 25)
    nursery.stdin.write(f"{seed} {home}\n")
    nursery.stdin.flush()
    for line in iter(nursery.stdout.readline, "dead\n"):
        if line.startswith("pid"):
            pid = int(line.split()[1])
        else:
            told, wanted = int(line), wanted - 1
        if pid and wanted <= 0:
            time.sleep(dice.uniform(0, 0.02))
            os.kill(pid, signal.SIGKILL)
            pid = 0
    return told


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed by POSIX signals here")
def test_killed_at_twenty_random_moments_nothing_acknowledged_is_lost(home):
    command = [sys.executable, "-m", "tests.app.appender"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        for seed in range(20):
            told = killed(nursery, home, seed)
            with closing(EventLog(home)) as log:
                (line,) = log.readings()
                assert len(log.events(line.reading_id)) >= told > 0
                assert log.verify() == []
        nursery.stdin.close()
    assert told > 100 and line.stage is Stage.REVEALED
