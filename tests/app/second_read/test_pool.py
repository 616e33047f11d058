"""The pool against real processes that are killed, hang, lie, and are cancelled."""

import os
import signal
import sys
import threading
import time

import pytest

from inference.protocol import Cancelled, Done, Failed
from tests.inference.worker.conftest import TINY
from tests.inference.worker.jobs import job
from viewer.app.second_read.pool import WorkerPool


def test_a_job_is_answered_by_a_warm_worker(tiny_pool, callbacks, tmp_path):
    tiny_pool.start()
    name = callbacks.submit(tiny_pool, job(tmp_path))
    assert callbacks.end(name).status == "done"
    assert tiny_pool.device == "cpu"
    assert callbacks.progress[0].job == name


def test_callbacks_never_come_on_the_thread_that_submits(tiny_pool, tmp_path):
    threads, done = set(), threading.Event()

    def on_done(answer):
        threads.add(threading.current_thread())
        done.set()

    tiny_pool.submit(job(tmp_path), lambda p: threads.add(threading.current_thread()), on_done)
    assert done.wait(15)
    assert threading.current_thread() not in threads


def test_a_worker_killed_while_it_reads_costs_one_retry(tiny_pool, callbacks, tmp_path):
    """The tiny model kills its own process, with SIGKILL, the first time."""
    request = job(tmp_path, do="die once", marker=tmp_path / "died")
    callbacks.submit(tiny_pool, request)
    assert isinstance(callbacks.end(request.job), Done)
    assert (tmp_path / "died").exists()


def test_a_worker_killed_from_outside_costs_one_retry(tiny_pool, callbacks, tmp_path):
    name = callbacks.submit(tiny_pool, job(tmp_path, do="long"))
    callbacks.begun(name)
    (first,) = tiny_pool.pids
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while tiny_pool.pids in ((), (first,)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert tiny_pool.pids != (first,)
    assert name not in callbacks.answers
    tiny_pool.cancel(name)


def test_a_job_that_kills_every_worker_fails_with_one_line_and_the_next_is_read(
    tiny_pool, callbacks, tmp_path
):
    bad = callbacks.submit(tiny_pool, job(tmp_path, do="die"))
    good = callbacks.submit(tiny_pool, job(tmp_path))
    failed = callbacks.end(bad)
    assert isinstance(failed, Failed)
    assert "signal 9" in failed.error
    assert "tried twice" in failed.error
    assert isinstance(callbacks.end(good), Done)


def test_a_retry_begins_with_an_empty_folder(tiny_pool, callbacks, tmp_path):
    request = job(tmp_path, do="die once", marker=tmp_path / "died")
    left = tmp_path / request.out / "left_behind.npy"
    left.touch()
    callbacks.submit(tiny_pool, request)
    assert isinstance(callbacks.end(request.job), Done)
    assert not left.exists()


def test_a_worker_that_hangs_is_replaced(tiny_pool, callbacks, tmp_path):
    hung = callbacks.submit(tiny_pool, job(tmp_path, do="hang"))
    good = callbacks.submit(tiny_pool, job(tmp_path))
    failed = callbacks.end(hung)
    assert "no sign of life for 1.5 s" in failed.error
    assert isinstance(callbacks.end(good), Done)


def test_a_worker_that_is_stopped_counts_as_hung(tiny_pool, callbacks, tmp_path):
    name = callbacks.submit(tiny_pool, job(tmp_path, do="long"))
    callbacks.begun(name)
    os.kill(tiny_pool.pids[0], signal.SIGSTOP)
    good = callbacks.submit(tiny_pool, job(tmp_path, priority=-1))
    time.sleep(1.7)
    tiny_pool.cancel(name)
    assert isinstance(callbacks.end(good), Done)


def test_cancelling_shows_at_once_and_the_next_job_follows(tiny_pool, callbacks, tmp_path):
    long = callbacks.submit(tiny_pool, job(tmp_path, do="long"))
    callbacks.begun(long)
    following = callbacks.submit(tiny_pool, job(tmp_path))
    before = tiny_pool.pids
    begun = time.monotonic()
    tiny_pool.cancel(long)
    assert callbacks.answers[long] == Cancelled(long)
    assert callbacks.at[long] - begun < 0.2
    assert isinstance(callbacks.end(following), Done)
    assert time.monotonic() - begun < 3
    assert tiny_pool.pids == before


def test_cancelling_a_job_that_does_not_listen_ends_its_worker(callbacks, tmp_path):
    pool = WorkerPool(command=TINY)
    deaf = callbacks.submit(pool, job(tmp_path, do="hang"))
    callbacks.begun(deaf)
    following = callbacks.submit(pool, job(tmp_path))
    pool.cancel(deaf)
    assert isinstance(callbacks.end(following), Done)
    pool.close()


def test_a_waiting_job_that_is_cancelled_never_starts(tiny_pool, callbacks, tmp_path):
    long = callbacks.submit(tiny_pool, job(tmp_path, do="long"))
    waiting = callbacks.submit(tiny_pool, job(tmp_path))
    callbacks.begun(long)
    tiny_pool.cancel(waiting)
    tiny_pool.cancel(long)
    last = callbacks.submit(tiny_pool, job(tmp_path))
    callbacks.end(last)
    assert waiting not in {progress.job for progress in callbacks.progress}


def test_higher_priority_comes_first(tiny_pool, callbacks, tmp_path):
    names = [
        callbacks.submit(tiny_pool, job(tmp_path, do="long")),
        callbacks.submit(tiny_pool, job(tmp_path)),
        callbacks.submit(tiny_pool, job(tmp_path, priority=9)),
    ]
    callbacks.begun(names[0])
    tiny_pool.cancel(names[0])
    callbacks.end(names[1])
    assert callbacks.at[names[2]] < callbacks.at[names[1]]


def test_closing_cancels_everything_and_leaves_no_process(tiny_pool, callbacks, tmp_path):
    names = [callbacks.submit(tiny_pool, job(tmp_path, do="long")) for _ in range(2)]
    callbacks.begun(names[0])
    (pid,) = tiny_pool.pids
    tiny_pool.close()
    assert [callbacks.answers[name] for name in names] == [Cancelled(name) for name in names]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_caller_that_breaks_in_its_callback_does_not_stop_the_pool(tiny_pool, callbacks, tmp_path, caplog):
    def on_done(answer):
        raise RuntimeError("the caller's fault")

    tiny_pool.submit(job(tmp_path), callbacks.on_progress, on_done)
    assert isinstance(callbacks.end(callbacks.submit(tiny_pool, job(tmp_path))), Done)


WRONG = {
    "protocol": (
        'print(\'{"type":"hello","protocol":99,"device":"","memory_bytes":1,"software":""}\', flush=True);'
        "import time; time.sleep(9)",
        "speaks protocol 99, this desk speaks 2",
    ),
    "babble": ("print('Traceback', flush=True); import time; time.sleep(9)", "not a message of protocol"),
    "no hello": (
        'print(\'{"type":"cancelled","job":"x"}\', flush=True); import time; time.sleep(9)',
        "hello first",
    ),
    "death": ("import sys; sys.exit('no module named torch')", "code 1: no module named torch"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_worker_that_is_not_ours_is_told_in_one_line(callbacks, tmp_path, fault):
    code, words = WRONG[fault]
    pool = WorkerPool(command=(sys.executable, "-c", code))
    failed = callbacks.end(callbacks.submit(pool, job(tmp_path)))
    assert words in failed.error
    assert "\n" not in failed.error
    pool.close()


def test_a_worker_that_cannot_be_started_is_told_in_one_line(callbacks, tmp_path):
    pool = WorkerPool(command=("/nowhere/python",))
    assert "cannot be started" in callbacks.end(callbacks.submit(pool, job(tmp_path))).error
    pool.close()


TWO_DEVICES = """
import sys
from inference.worker import serve
from inference.worker.device import Device
from tests.inference.worker.tiny import Brightest

def choose(wanted):
    return Device(wanted, 1 << 30, "", ("second",) if wanted == "first" else ())

serve.choose = choose
serve.main(open_model=lambda *_: Brightest(), warm=False)
"""


def test_each_further_device_has_a_worker_of_its_own(callbacks, tmp_path):
    pool = WorkerPool(command=(sys.executable, "-c", TWO_DEVICES, "--device", "first"))
    names = [callbacks.submit(pool, job(tmp_path, do="long")) for _ in range(2)]
    for name in names:
        callbacks.begun(name)
    assert pool.device == "first" and len(pool.pids) == 2  # both read at the same time
    pool.close()


def test_two_workers_read_side_by_side(callbacks, tmp_path):
    pool = WorkerPool(2, command=TINY)
    names = [callbacks.submit(pool, job(tmp_path, do="long")) for _ in range(2)]
    for name in names:
        callbacks.begun(name)
    assert len(pool.pids) == 2
    pool.close()
