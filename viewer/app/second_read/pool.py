"""The desk's workers: jobs by priority, one retry in a fresh process, cancelling that shows at once."""

import itertools
import logging
import math
import queue
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.protocol import Analyse, Cancelled, Failed, Job, Progress
from viewer.app.second_read.client import (
    Answer,
    WorkerLost,
    WorkerProcess,
    WorkerRefused,
    worker_command,
)

OnProgress = Callable[[Progress], None]
OnDone = Callable[[Answer], None]

SILENCE_S = 60.0
"""A worker that says nothing for so long is taken for hung. A tile on a slow core takes seconds."""


class WorkerPool:
    """`size` workers behind one queue, and one more on each further device that the first one tells of.

    Callbacks come on a thread of the pool (a cancelled job's `on_done` on the thread that cancels), `on_done`
    exactly once for each job. Workers let everything else here go first unless not `polite`. `command` starts
    something else than the project's own worker.
    """

    def __init__(
        self,
        size: int = 1,
        *,
        device: str = "auto",
        threads: int = 1,
        polite: bool = True,
        command: Sequence[str] | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._command = tuple(command or worker_command(device, threads, polite=polite))
        self._silence_s = silence_s
        self._queue: queue.PriorityQueue[tuple[float, int, _Job | None]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}
        self._processes: set[WorkerProcess] = set()
        self._closed = False
        self._device = ""
        self._spread_to: set[str] = set()
        self._threads = [self._thread(self._command) for _ in range(size)]
        self._started = False

    @property
    def device(self) -> str:
        """The device that reads, such as "cpu"; "" until a worker has said so."""
        return self._device

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of the running workers."""
        with self._lock:
            return tuple(process.pid for process in self._processes if process.alive)

    def start(self) -> None:
        """Start the workers, so that they are warm when the first job comes. Returns at once."""
        with self._lock:
            if self._started:
                return
            self._started = True
        for thread in tuple(self._threads):
            thread.start()

    def submit(self, job: Job, on_progress: OnProgress, on_done: OnDone) -> None:
        """Queue a job, higher priority first. Its name must be new."""
        self.start()
        entry = _Job(job, on_progress, on_done)
        with self._lock:
            if self._closed or job.job in self._jobs:
                raise ValueError(f"job '{job.job}' is here already, or the pool is closed")
            self._jobs[job.job] = entry
        self._queue.put((-job.priority, next(self._numbers), entry))

    def cancel(self, name: str) -> None:
        """End a job, waiting or running. `on_done(Cancelled)` is called before this returns."""
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            return
        job.finish(Cancelled(name))
        with self._lock:
            process = job.process
        if process is not None:
            process.cancel(name)

    def close(self) -> None:
        """Cancel everything and end the workers."""
        with self._lock:
            self._closed = True
            jobs, processes = list(self._jobs.values()), list(self._processes)
        for job in jobs:
            job.finish(Cancelled(job.request.job))
        for _ in tuple(self._threads):
            self._queue.put((-math.inf, next(self._numbers), None))
        for process in processes:
            process.end()
        if self._started:
            for thread in self._threads:
                thread.join(5.0)

    def _thread(self, command: Sequence[str]) -> threading.Thread:
        name = f"second-reader-{next(self._numbers)}"
        return threading.Thread(target=self._work, args=(command,), daemon=True, name=name)

    # --- on a thread of the pool

    def _work(self, command: Sequence[str]) -> None:
        process = self._warm(command)
        while (job := self._queue.get()[2]) is not None:
            answer, process = self._run(job, process, command)
            with self._lock:
                del self._jobs[job.request.job]
            job.finish(answer)
            if process is None or not process.alive:
                self._drop(process)
                process = self._warm(command)
        if process is not None:
            self._drop(process)

    def _run(
        self, job: "_Job", process: WorkerProcess | None, command: Sequence[str]
    ) -> tuple[Answer, WorkerProcess | None]:
        """Bring a job to its end, in a fresh worker where the first one is lost."""
        name, lost = job.request.job, ""
        for attempt in (1, 2):
            if job.finished:
                break
            try:
                process = self._living(process, command)
                if attempt > 1 and isinstance(job.request, Analyse):  # heat maps share their folder
                    _empty(Path(job.request.out))
                if not self._begin(job, process):
                    return Cancelled(name), process
                return process.answer(name, job.progress, self._silence_s), process
            except WorkerRefused as error:
                return Failed(name, str(error)), process
            except WorkerLost as error:
                lost = str(error)
                self._drop(process)
            finally:
                job.process = None
        return Failed(name, f"{lost}; tried twice"), process

    def _begin(self, job: "_Job", process: WorkerProcess) -> bool:
        """Hand the job over unless it was cancelled; under the lock, so that no cancel overtakes the job."""
        with self._lock:
            if job.finished:
                return False
            job.process = process
            process.begin(job.request)
            return True

    def _warm(self, command: Sequence[str]) -> WorkerProcess | None:
        """A worker before there is a job. What goes wrong here is told to the first job that meets it."""
        try:
            return self._started_process(command)
        except (WorkerLost, WorkerRefused):
            return None

    def _living(self, process: WorkerProcess | None, command: Sequence[str]) -> WorkerProcess:
        """The same process while it lives, else a new one."""
        if process is not None and process.alive:
            return process
        self._drop(process)
        return self._started_process(command)

    def _started_process(self, command: Sequence[str]) -> WorkerProcess:
        process = WorkerProcess(command)
        with self._lock:
            self._processes.add(process)
            if self._closed:
                process.end()
        try:
            hello = process.hello()
        except (WorkerLost, WorkerRefused):
            self._drop(process)
            raise
        self._device = self._device or hello.device
        self._spread(hello.others)
        return process

    def _spread(self, devices: Sequence[str]) -> None:
        """Start a worker on each device that has none."""
        with self._lock:
            new = [] if self._closed else [name for name in devices if name not in self._spread_to]
            self._spread_to.update(new)
            threads = [self._thread((*self._command, "--device", name)) for name in new]
            self._threads += threads
        for thread in threads:
            thread.start()

    def _drop(self, process: WorkerProcess | None) -> None:
        if process is not None:
            process.kill()
            with self._lock:
                self._processes.discard(process)


class _Job:
    """A job with its callbacks; ends once."""

    def __init__(self, request: Job, on_progress: OnProgress, on_done: OnDone) -> None:
        self.request = request
        self.process: WorkerProcess | None = None
        self.finished = False
        self._on_progress, self._on_done = on_progress, on_done
        self._lock = threading.Lock()

    def progress(self, progress: Progress) -> None:
        if not self.finished:
            self._on_progress(progress)

    def finish(self, answer: Answer) -> None:
        with self._lock:
            if self.finished:
                return
            self.finished = True
        try:
            self._on_done(answer)
        except Exception:  # the caller's fault must not end the thread that serves everyone
            logging.getLogger(__name__).exception("what follows a second read broke")


def _empty(folder: Path) -> None:
    """Remove what a lost worker left behind."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
