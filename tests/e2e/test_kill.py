"""The program is killed at twenty random moments of one reading; each start resumes where the reader was."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.program import events, until
from viewer.app.store import EventLog
from viewer.core.reading.fold import fold

KILLS = 20
KEYS = ("m", "Down", "m", "Up", "Ctrl+Z", "Ctrl+Y", "m", "PgDown", "Delete", "Ctrl+Z", "v", "2", "1")

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.environ.get("QT_QPA_PLATFORM") == "xcb", reason="runs on the offscreen platform"),
]


class Sitting:
    """The program with a typist at its keys, from start to kill."""

    def __init__(self, study: Path, home: Path) -> None:
        environment = dict(os.environ, TANDEM_HOME=str(home), TANDEM_READER="Reader^One")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.typist", str(study)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def press(self, key: str) -> tuple[int, str]:
        """Own marks on screen after the key, and the question that is asked there."""
        print(key, file=self.process.stdin, flush=True)
        marks, question = self.process.stdout.readline().split()
        return int(marks), question

    def send(self, key: str) -> None:
        """Press a key without waiting for what it does."""
        print(key, file=self.process.stdin, flush=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def own_marks(home: Path) -> int:
    log = EventLog(home)
    try:
        (reading,) = log.readings()
        return len(fold(log.events(getattr(reading, "reading_id", reading))).own)
    finally:
        log.close()


def test_twenty_kills_lose_nothing(home, study):
    dice = random.Random(7)
    seen = 0
    for number in range(KILLS):
        sitting = Sitting(study, home)
        try:
            if number == 0:
                until(lambda: events(home, "shown"), "the first image")
            else:
                until(lambda s=sitting: s.press("look")[1] == "resume", "the offer to resume")
                until(lambda s=sitting: s.press("Return")[1] == "-", "the resumed reading")
            marks, _ = sitting.press("look")
            assert marks == seen, f"after kill {number} the screen shows {marks} marks, before it {seen}"
            for key in dice.choices(KEYS, k=dice.randint(1, 8)):
                seen, _ = sitting.press(key)
            for key in dice.choices(("Down", "v", "1", "PgUp"), k=3):
                sitting.send(key)  # killed while these are under way
            time.sleep(dice.random() * 0.2)
        finally:
            sitting.kill()
        assert own_marks(home) == seen
    assert EventLog(home).verify() == []
    assert len({event["reading"] for event in events(home)}) == 1
