"""Readers who never stop, each in a process of its own that test_store.py kills.

For each line `SEED HOME` on standard input one reader is forked (to spare the imports) and `pid N` printed;
the reader prints the number of events after each that must be on disk by then; `dead` follows its end.
"""

import os
import random
import sys
from pathlib import Path

from tests.app.reads import STUDY, two_findings
from viewer.app.session import ReadingSession
from viewer.app.store import EventLog
from viewer.core.reading.reading import Reader, Stage


def main() -> None:
    for line in sys.stdin:
        seed, home = line.rstrip("\n").split(" ", 1)
        pid = os.fork()
        if pid == 0:
            read_for_ever(Path(home), int(seed))
        print(f"pid {pid}", flush=True)
        os.waitpid(pid, 0)
        print("dead", flush=True)


def read_for_ever(home: Path, seed: int) -> None:
    dice = random.Random(seed)
    log = EventLog(home)
    started = log.open_readings()
    session = (
        ReadingSession.resume(log, started[0].reading_id)
        if started
        else ReadingSession.start(log, STUDY, Reader("A"))
    )
    told(session, log)
    while True:
        session.note_shown("1.5", dice.randrange(300), "main")
        act(session, dice)
        told(session, log)


def act(session: ReadingSession, dice: random.Random) -> None:
    """Whatever may be done next."""
    stage, turn = session.reading.stage, dice.random()
    if stage is Stage.UNAIDED and len(session.reading.own) > 12:
        session.commit({"probability": 0.3})
    elif stage is Stage.COMMITTED:
        session.reveal(two_findings())
    elif turn < 0.15 and session.undo_title:
        session.undo()
    elif turn < 0.3 and session.redo_title:
        session.redo()
    elif turn < 0.6 and stage is Stage.REVEALED:
        session.reject(dice.choice(session.reading.model).tracking_uid, "duplicate")
    else:
        place = (dice.uniform(-100, 100), 0.0, 0.0)
        session.mark(place, series_instance_uid="1.5", frame_of_reference_uid="1.9")


def told(session: ReadingSession, log: EventLog) -> None:
    print(len(log.events(session.reading.reading_id)), flush=True)


if __name__ == "__main__":
    main()
