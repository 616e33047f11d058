"""The jobs that wait and the one that runs; cancelling reaches both. Knows no pipes and no models."""

import heapq
import threading

from inference.protocol import Job


class JobCancelled(BaseException):
    """Raised out of a pipeline's progress callback.

    Not an `Exception`: no pipeline swallows it by accident.
    """


class Jobs:
    """A queue by priority (higher first, then first come), shared by the listening and the reading thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int, Job]] = []
        self._count = 0
        self._running = ""
        self._cancelled = False
        self._closed = False

    def put(self, job: Job) -> bool:
        """Queue a job; False where one of that name waits or runs already."""
        with self._changed:
            if job.job == self._running or any(job.job == other.job for *_, other in self._waiting):
                return False
            self._count += 1
            heapq.heappush(self._waiting, (-job.priority, self._count, job))
            self._changed.notify()
            return True

    def take(self) -> Job | None:
        """Wait for the next job, which then runs until `finish`; None once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            *_, job = heapq.heappop(self._waiting)
            self._running, self._cancelled = job.job, False
            return job

    def finish(self) -> bool:
        """The running job is over; True where it was cancelled meanwhile, even if it came to an answer."""
        with self._changed:
            self._running = ""
            return self._cancelled

    def cancel(self, name: str) -> bool:
        """True where the job no longer exists after the call; False where it runs and will stop soon."""
        with self._changed:
            if name == self._running:
                self._cancelled = True
                return False
            self._waiting = [entry for entry in self._waiting if entry[2].job != name]
            heapq.heapify(self._waiting)
            return True

    def stop_if_cancelled(self) -> None:
        """Raise `JobCancelled` where the running job was cancelled."""
        if self._cancelled:
            raise JobCancelled

    def close(self) -> None:
        """Nothing more is taken; what waits is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
