"""A real worker process at the end of two pipes."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from inference.protocol import decode_reply, encode

ROOT = Path(__file__).resolve().parents[3]
TINY = (sys.executable, "-m", "tests.inference.worker.tiny", "--device", "cpu")


class Pipes:
    """The worker's process, spoken to line by line. A watchdog ends it, so that no test waits for ever."""

    def __init__(self, command, seconds=90):
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._watchdog = threading.Timer(seconds, self.process.kill)
        self._watchdog.start()

    def say(self, *messages):
        for message in messages:
            line = message if isinstance(message, bytes) else encode(message)
            self.process.stdin.write(line)
        self.process.stdin.flush()

    def hear(self):
        return decode_reply(self.process.stdout.readline())

    def hear_until(self, *kinds):
        while not isinstance(reply := self.hear(), kinds):
            pass
        return reply

    def close(self):
        self._watchdog.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def worker():
    pipes = Pipes(TINY)
    pipes.hello = pipes.hear()
    yield pipes
    pipes.close()
