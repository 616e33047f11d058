"""The real program in a process of its own, and what its event log says meanwhile."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


def start(study: Path, home: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """`tandem open STUDY` on the screen of this test run."""
    settings = dict(os.environ, TANDEM_HOME=str(home), TANDEM_READER="Reader^One", **environment)
    command = [sys.executable, "-m", "viewer", "open", str(study)]
    with (home / "program.log").open("ab") as log:
        return subprocess.Popen(command, env=settings, stderr=log, stdout=log)


def until(ask: Callable[[], Answer], what: str, seconds: float = 60.0) -> Answer:
    """The first answer of `ask` that is not empty; fails with `what` was awaited."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


def events(home: Path, *kinds: str) -> list[dict]:
    """Events on disk, oldest first: kind, at_utc and the payload; only of `kinds` where given."""
    found = []
    for path in home.glob("*.sqlite"):
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
                rows = base.execute("SELECT reading, kind, at_utc, payload FROM event ORDER BY id").fetchall()
        except sqlite3.Error:
            continue  # another database, or not made yet
        found += [{"reading": r, "kind": k, "at_utc": t, **json.loads(p)} for r, k, t, p in rows]
    return [event for event in found if not kinds or event["kind"] in kinds]
