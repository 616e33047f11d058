"""`tandem log verify`: what it prints and how it ends."""

import sqlite3
from contextlib import closing

from tests.app.test_store import read_through
from viewer.app.event_table import FILE
from viewer.app.exit_codes import ExitCode
from viewer.app.log_command import verify_command


def test_a_home_without_readings_holds(home, capsys):
    assert verify_command() == ExitCode.DONE
    assert capsys.readouterr().out.startswith("0 readings")


def test_every_reading_has_its_line(home, log, capsys):
    ids = [read_through(log).reading.reading_id for _ in range(2)]
    assert verify_command() == ExitCode.DONE
    out = capsys.readouterr().out
    assert all(f"{reading}  holds  8 events, signed, reader A, study 1.2.3" in out for reading in ids)
    assert out.endswith("every chain holds.\n")


def test_a_broken_chain_is_named_and_ends_with_broken(home, log, capsys):
    good, bad = (read_through(log).reading.reading_id for _ in range(2))
    with closing(sqlite3.connect(home / FILE)) as connection:
        (guard,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'event_no_update'"
        ).fetchone()
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute("UPDATE event SET reader = 'B' WHERE seq = 3 AND reading = ?", (bad,))
        connection.execute(guard)
        connection.commit()
    assert verify_command() == ExitCode.BROKEN
    printed = capsys.readouterr()
    assert f"{good}  holds" in printed.out and f"{bad}  DOES NOT HOLD" in printed.out
    assert f"{bad}: event 3 (shown) was changed: its hash does not fit" in printed.err
