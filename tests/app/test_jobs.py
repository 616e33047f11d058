import queue
import threading

from viewer.app.jobs import Jobs


class Thread:
    """The desk's thread: runs what is posted until something is true."""

    def __init__(self):
        self.posts = queue.SimpleQueue()
        self.jobs = Jobs(self.posts.put, lambda: None)

    def until(self, true):
        while not true():
            self.posts.get(timeout=10)()


def test_a_job_ends_in_the_desks_thread():
    desk, ended = Thread(), []
    desk.jobs.start("adds", lambda report, cancelled: 1 + 1, ended.append, ended.append)
    desk.until(lambda: ended)
    assert ended == [2]


def test_a_job_that_fails_says_so_once():
    desk, ended, failed = Thread(), [], []
    desk.jobs.start("fails", lambda report, cancelled: 1 / 0, ended.append, failed.append)
    desk.until(lambda: failed)
    assert ended == []
    assert isinstance(failed[0], ZeroDivisionError)


def test_a_line_shows_after_a_while_and_goes_at_once_when_cancelled():
    desk, ended, go = Thread(), [], threading.Event()

    def work(report, cancelled):
        while not go.wait(0.01):
            report(0.5, "48 of 96")

    job = desk.jobs.start("reads", work, ended.append, ended.append)
    assert desk.jobs.lines() == ()
    desk.until(desk.jobs.lines)
    assert desk.jobs.lines()[0].note == "48 of 96"
    desk.jobs.cancel(job)
    assert desk.jobs.lines() == ()
    go.set()
    assert ended == []
