"""Work beside the window: threads, their progress, and how to stop them. What a job does is the caller's."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from viewer.app.display import JobLine

Post = Callable[[Callable[[], None]], None]
"""Runs a function later in the desk's own thread; may be called from any thread."""
Later = Callable[[float, Callable[[], None]], None]
"""Runs a function in the desk's own thread after so many seconds."""
Report = Callable[[float, str], None]
"""How far a job is (0..1, or -1 where no one can say) and what it does; raises `Stopped` when cancelled."""
Result = TypeVar("Result")

SHOW_AFTER_S = 0.3
"""What is done sooner needs no progress bar (DESIGN 5)."""
REDRAW_S = 0.25
"""A bar moves at most four times a second."""


class Stopped(Exception):
    """Raised inside a job that was cancelled."""


def later(post: Post) -> Later:
    """A clock for the desk's thread, made of threads and `post`."""

    def wait(seconds: float, then: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, lambda: post(then))
        timer.daemon = True
        timer.start()

    return wait


@dataclass(slots=True)
class _Job:
    id: str
    title: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    done: float = -1.0
    note: str = ""
    shown: bool = False
    posted_at: float = 0.0


class Jobs:
    """The running jobs. All methods belong to the desk's thread; `changed` is called there too."""

    def __init__(self, post: Post, changed: Callable[[], None]) -> None:
        self._post = post
        self._changed = changed
        self._jobs: dict[str, _Job] = {}
        self._count = 0

    def start(
        self,
        title: str,
        work: Callable[[Report, Callable[[], bool]], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
        *,
        quiet: bool = False,
    ) -> str:
        """Run `work(report, cancelled)` in a thread; then `done` or `failed` in the desk's thread.

        A cancelled job ends in neither. A quiet one never has a line. Returns the job's id.
        """
        self._count += 1
        job = _Job(f"job{self._count}", title)
        self._jobs[job.id] = job
        threading.Thread(target=self._run, args=(job, work, done, failed), name=title, daemon=True).start()
        if not quiet:
            later(self._post)(SHOW_AFTER_S, lambda: self._show(job))
        return job.id

    def cancel(self, job_id: str) -> None:
        """Tell a job to stop; its line goes away at once."""
        job = self._jobs.pop(job_id, None)
        if job is not None:
            job.cancelled.set()
            self._changed()

    def cancel_all(self) -> None:
        """Stop everything, before the window closes."""
        for job_id in list(self._jobs):
            self.cancel(job_id)

    def lines(self) -> tuple[JobLine, ...]:
        """The jobs that have lasted long enough to be shown."""
        return tuple(JobLine(j.id, j.title, j.done, j.note) for j in self._jobs.values() if j.shown)

    def running(self, job_id: str) -> bool:
        """True until the job has ended or was cancelled."""
        return job_id in self._jobs

    def _run(
        self,
        job: _Job,
        work: Callable[[Report, Callable[[], bool]], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
    ) -> None:
        try:
            result = work(lambda share, note: self._progress(job, share, note), job.cancelled.is_set)
        except Stopped:
            return
        except Exception as error:  # a job may fail in any way; the desk says so, the window lives on
            caught = error
            self._post(lambda: self._end(job, lambda: failed(caught)))
            return
        self._post(lambda: self._end(job, lambda: done(result)))

    def _progress(self, job: _Job, share: float, note: str) -> None:
        if job.cancelled.is_set():
            raise Stopped
        job.done, job.note = share, note
        now = time.monotonic()
        if job.shown and now - job.posted_at >= REDRAW_S:
            job.posted_at = now
            self._post(self._changed)

    def _show(self, job: _Job) -> None:
        if job.id in self._jobs:
            job.shown = True
            self._changed()

    def _end(self, job: _Job, then: Callable[[], None]) -> None:
        if self._jobs.pop(job.id, None) is not None:
            then()
            self._changed()
