"""The two pipes to the desk: whole lines in, whole lines out. Knows no jobs."""

import os
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO

from inference.protocol import BadMessage, Reply, Request, decode_request, encode
from inference.worker.checks import not_a_number

LONGEST_LINE = 8 << 20
"""Bytes. Arrays never travel in a line, so that a longer one is a mistake; it is skipped, not kept."""


class Channel:
    """Requests from `source`, replies to `sink`; any thread may send."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._lock = threading.Lock()

    def send(self, message: Reply) -> None:
        """Write one line. A desk that is gone ends the process: nobody is left to read for."""
        with self._lock:
            try:
                self._sink.write(encode(message))
                self._sink.flush()
            except OSError:
                os._exit(0)

    def requests(self) -> Iterator[Request | BadMessage]:
        """Every line until the desk closes the pipe; a bad one as the `BadMessage` that says why."""
        while line := self._source.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                self._skip_line()
                yield BadMessage(f"a line of more than {LONGEST_LINE} bytes; arrays travel as files")
            elif line.strip():
                yield _decoded(line)

    def _skip_line(self) -> None:
        while (rest := self._source.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass


def take_standard_streams() -> Channel:
    """Keep standard input and output for the protocol alone.

    From here on whatever prints, in Python or in a native library, prints to standard error.
    """
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Channel(source, sink)


def _decoded(line: bytes) -> Request | BadMessage:
    try:
        return decode_request(line)
    except BadMessage as error:
        return BadMessage(not_a_number(line) or str(error), error.job)
