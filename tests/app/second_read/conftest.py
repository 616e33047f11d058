"""A pool of real workers with the tiny model, and a record of what it called back."""

import threading
import time

import pytest

from tests.inference.worker.conftest import TINY
from viewer.app.second_read.pool import WorkerPool


class Callbacks:
    """What a pool said about its jobs; `end(job)` waits for the answer."""

    def __init__(self):
        self.progress, self.answers, self.at = [], {}, {}
        self._news = threading.Condition()

    def on_progress(self, progress):
        with self._news:
            self.progress.append(progress)
            self._news.notify_all()

    def on_done(self, answer):
        with self._news:
            assert answer.job not in self.answers, "a job ends once"
            self.answers[answer.job] = answer
            self.at[answer.job] = time.monotonic()
            self._news.notify_all()

    def submit(self, pool, job):
        pool.submit(job, self.on_progress, self.on_done)
        return job.job

    def end(self, name, seconds=15):
        with self._news:
            assert self._news.wait_for(lambda: name in self.answers, seconds), f"{name} has not ended"
            return self.answers[name]

    def begun(self, name, seconds=15):
        with self._news:
            assert self._news.wait_for(lambda: any(p.job == name for p in self.progress), seconds)


@pytest.fixture
def callbacks():
    return Callbacks()


@pytest.fixture
def tiny_pool():
    """A pool of its own, to be ill-treated."""
    pool = WorkerPool(command=TINY, silence_s=1.5)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def warm_pool():
    """A pool for tests that only read."""
    pool = WorkerPool(command=TINY)
    pool.start()
    yield pool
    pool.close()
