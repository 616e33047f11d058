"""The pool of decode processes as its users see it: frames go in, samples or a reason come out."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import FileIO
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from viewer.app.decode_worker import REPLY, REQUEST

Target = Callable[[int], NDArray[np.generic]]
"""Gives the array for samples of so many bytes."""
Buffer = TypeVar("Buffer", bytearray, memoryview)

SECONDS_AT_MOST = 20.0
"""A frame that takes longer hangs: its process is ended."""
_PIPE_BYTES = 1 << 20


class DecodeError(Exception):
    """A frame that does not decode; the message is half a sentence."""


def processes_at_most() -> int:
    """One decode process for each core, within reason."""
    return max(1, min(os.cpu_count() or 1, 8))


class DecodePool:
    """Decode processes, started when they are needed and kept. Any number of threads may call `decode`."""

    def __init__(
        self,
        size: int | None = None,
        seconds: float = SECONDS_AT_MOST,
        worker: Sequence[str] = ("-m", "viewer.app.decode_worker"),
    ) -> None:
        self.size = size or processes_at_most()
        self._seconds = seconds
        self._worker = tuple(worker)
        self._free: list[_Process] = []
        self._busy: set[_Process] = set()
        self._slots = threading.Semaphore(self.size)
        self._lock = threading.Lock()
        self._closed = False

    def warm(self) -> None:
        """Start one process now, so that the first frame need not wait for it."""
        with self._lock:
            if not self._free and not self._busy and not self._closed:
                self._free.append(_Process(self._worker))

    def decode(
        self, codec: str, data: bytes, shape: tuple[int, ...], itemsize: int, out: Target
    ) -> NDArray[np.generic]:
        """Decode one frame into the array that `out(bytes a sample)` gives, which is also the answer.

        shape: (rows, columns) or (rows, columns, samples). Raises `DecodeError` where the decoder refuses,
        dies or hangs; the array may then hold part of a picture.
        """
        with self._slots:
            process = self._take()
            try:
                return process.decode(codec, data, shape, itemsize, out, self._seconds)
            finally:
                self._give_back(process)

    def close(self) -> None:
        """End all processes; who waits for one gets a `DecodeError`."""
        with self._lock:
            self._closed = True
            for process in self._busy:
                process.stop()  # the thread that waits for it then cleans up
            while self._free:
                self._free.pop().kill()

    def _take(self) -> "_Process":
        with self._lock:
            if self._closed:
                raise DecodeError("the program is ending")
            process = self._free.pop() if self._free else _Process(self._worker)
            self._busy.add(process)
            return process

    def _give_back(self, process: "_Process") -> None:
        with self._lock:
            self._busy.discard(process)
            if process.alive and not self._closed:
                self._free.append(process)
                return
        process.kill()  # also one that answered just as the pool was closed: no one else waits for it


class _Process:
    """One decode process with its two pipes."""

    def __init__(self, worker: Sequence[str]) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, *worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )
        self.alive = True
        self._to, self._from = cast("FileIO", self._process.stdin), cast("FileIO", self._process.stdout)
        _widen(self._from)

    def decode(
        self, codec: str, data: bytes, shape: tuple[int, ...], itemsize: int, out: Target, seconds: float
    ) -> NDArray[np.generic]:
        samples = shape[2] if len(shape) == 3 else 1
        head = REQUEST.pack(codec.encode(), shape[0], shape[1], samples, itemsize, len(data))
        started = time.monotonic()
        watchdog = threading.Timer(seconds, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._send(head + data)
            status, size, length = REPLY.unpack(self._receive(bytearray(REPLY.size)))
            if status:
                raise DecodeError(self._receive(bytearray(length)).decode("utf-8", "replace"))
            target = out(size)
            if target.nbytes != length:
                raise OSError(0, "another length than was asked for")
            self._receive(target.reshape(-1).view(np.uint8).data)
        except OSError as error:
            self.kill()
            late = time.monotonic() - started >= seconds
            reason = f"the decoder did not answer within {seconds:g} s" if late else "the decoder crashed"
            raise DecodeError(reason) from error
        finally:
            watchdog.cancel()
        return target

    def stop(self) -> None:
        """End the process."""
        self._process.kill()

    def kill(self) -> None:
        """End the process and close its pipes; for the one thread that uses it."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._to.write(view) :]

    def _receive(self, into: Buffer) -> Buffer:
        view = memoryview(into)
        while view:
            count = self._from.readinto(view)
            if not count:
                raise OSError(0, "the pipe ended")
            view = view[count:]
        return into


def _widen(pipe: FileIO) -> None:
    """Fewer, larger reads, where the system allows it (Linux)."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
