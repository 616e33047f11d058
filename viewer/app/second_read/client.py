"""One worker process and the conversation with it. Queues and retries are the pool's business."""

import contextlib
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import inference
from inference.protocol import (
    PROTOCOL,
    BadMessage,
    Cancel,
    Cancelled,
    Done,
    Explained,
    Failed,
    Hello,
    Job,
    Mistakes,
    Progress,
    Reply,
    Request,
    decode_reply,
    encode,
)

Answer = Done | Explained | Mistakes | Failed | Cancelled
"""How a job ends."""

CANCEL_PATIENCE_S = 2.0
"""A cancelled job that the worker does not confirm within this time costs the worker its life."""

START_PATIENCE_S = 60.0
"""For the first line of a worker: an interpreter's start, on a CUDA machine torch too, from a cold disk."""


class WorkerLost(Exception):
    """The process died, hung or spoke nonsense; a fresh one may do better. One sentence."""


class WorkerRefused(Exception):
    """No worker of this installation will do. One sentence."""


def worker_command(device: str, threads: int, *, polite: bool) -> tuple[str, ...]:
    """How the project's own worker is started; `polite`: whatever else runs here goes first."""
    options = ("--device", device, "--threads", str(threads), *(() if polite else ("--nice", "0")))
    return (sys.executable, "-m", "inference.worker", *options)


class WorkerProcess:
    """A running worker. One thread calls `begin`, then `answer`; any may call `cancel` and `end`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._replies: queue.Queue[Reply | WorkerLost | Cancel] = queue.Queue()
        self._writing = threading.Lock()
        self._last_words: deque[str] = deque(maxlen=20)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=Path(inference.__file__).parents[1],  # never the user's folder: -m would import from it
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise WorkerRefused(f"the second reader cannot be started: {error}") from error
        pipes = (self._process.stdout, self._process.stderr)
        self._threads = [
            threading.Thread(target=read, args=(pipe,), daemon=True, name="second-reader-pipe")
            for read, pipe in zip((self._read_replies, self._read_words), pipes, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def hello(self) -> Hello:
        """Wait for the first line. Raises `WorkerLost`, or `WorkerRefused` for another protocol."""
        first = self._next(START_PATIENCE_S)
        if not isinstance(first, Hello):
            self.kill()
            raise WorkerLost("the second reader did not say hello first")
        if first.protocol != PROTOCOL:
            self.kill()
            raise WorkerRefused(
                f"the second reader speaks protocol {first.protocol}, this desk speaks {PROTOCOL}; "
                "install both from the same version"
            )
        return first

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def begin(self, job: Job) -> None:
        """Hand over a job; its end comes from `answer`."""
        self._send(job)

    def answer(self, job: str, on_progress: Callable[[Progress], None], silence_s: float) -> Answer:
        """Wait for the end of a job. Raises `WorkerLost` after `silence_s` without a sign of life."""
        patience, doing = silence_s, "reading"
        while True:
            reply = self._next(patience, doing)
            match reply:
                case Cancel(job=name) if name == job:
                    patience, doing = CANCEL_PATIENCE_S, "cancelling"
                case Progress(job=name) if name == job:
                    on_progress(reply)
                case Done() | Explained() | Mistakes() | Failed() | Cancelled() if reply.job in (job, ""):
                    return reply
                case _:
                    pass  # about a job that was given up before

    def cancel(self, job: str) -> None:
        """Ask for the end of a job; `answer` returns `Cancelled`, or raises within `CANCEL_PATIENCE_S`."""
        self._send(Cancel(job))
        self._replies.put(Cancel(job))

    def end(self) -> None:
        """End the process at once; whoever waits for it meets `WorkerLost`. For any thread."""
        self._process.kill()

    def kill(self) -> None:
        """End the process at once and close its pipes. For the thread that calls `answer`."""
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(2.0)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):  # a line that no one took is still in the buffer
                pipe.close()  # type: ignore[union-attr]

    def _send(self, message: Request) -> None:
        """Write one line. A broken pipe is not told here: the reading thread meets the same end."""
        assert self._process.stdin is not None
        with self._writing:
            try:
                self._process.stdin.write(encode(message))
                self._process.stdin.flush()
            except (OSError, ValueError):
                return

    def _next(self, patience_s: float, doing: str = "starting") -> Reply | Cancel:
        try:
            reply = self._replies.get(timeout=patience_s)
        except queue.Empty:
            self.kill()
            raise WorkerLost(
                f"the second reader gave no sign of life for {patience_s:g} s while {doing}"
            ) from None
        if isinstance(reply, WorkerLost):
            self.kill()
            raise reply
        return reply

    def _read_replies(self, pipe: BinaryIO) -> None:
        for line in pipe:
            try:
                self._replies.put(decode_reply(line))
            except BadMessage as error:
                self._replies.put(WorkerLost(f"the second reader sent a line that is {error}"))
                return
        self._replies.put(WorkerLost(self._epitaph()))

    def _read_words(self, pipe: BinaryIO) -> None:
        """Keep the last lines of standard error, in memory only: they may speak of what the model saw."""
        for line in pipe:
            self._last_words.append(line.decode("utf-8", "replace").rstrip())

    def _epitaph(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"the second reader was ended by signal {-code} (9: killed, perhaps for want of memory)"
        self._threads[1].join(1.0)
        words = self._last_words[-1] if self._last_words else "it said nothing"
        return f"the second reader ended with code {code}: {words}"
