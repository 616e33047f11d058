"""The worker as the desk meets it: a process, two pipes, one line a message."""

import math
import sys
import time

import msgspec
import numpy as np
import pytest

from inference.bundle import WEIGHTS
from inference.cases import Grid
from inference.protocol import PROTOCOL, Cancel, Cancelled, Done, Failed, Hello, Progress, Shutdown
from tests.inference.worker.conftest import Pipes
from tests.inference.worker.jobs import AXES, bundle, job, volume


def test_the_first_line_says_who_reads(worker):
    assert isinstance(worker.hello, Hello)
    assert worker.hello.protocol == PROTOCOL
    assert worker.hello.device == "cpu"
    assert worker.hello.memory_bytes > 1 << 28
    assert "torch" in worker.hello.software


def test_a_job_ends_with_its_candidates(worker, tmp_path):
    request = job(tmp_path)
    worker.say(request)
    assert isinstance(worker.hear(), Progress)
    done = worker.hear_until(Done)
    assert (done.job, done.status, done.device) == (request.job, "done", "cpu")
    assert done.candidates[0].center_lps_mm == (-6.0, -17.0, 34.0)
    assert np.load(done.candidates[0].mask.array.path).sum() == 8


def test_what_libraries_print_never_reaches_the_desk(worker, tmp_path):
    worker.say(job(tmp_path, do="print"))
    assert worker.hear_until(Done, Failed).status == "done"


def test_higher_priority_comes_first(worker, tmp_path):
    jobs = [
        job(tmp_path, do="long", name="running"),
        job(tmp_path, name="low"),
        job(tmp_path, name="high", priority=5),
    ]
    worker.say(jobs[0])
    worker.hear_until(Progress)
    worker.say(*jobs[1:], Cancel("running"))
    ends = [worker.hear_until(Done, Cancelled) for _ in range(3)]
    assert [end.job for end in ends] == ["running", "high", "low"]


def test_a_running_job_can_be_cancelled_and_the_next_one_starts_at_once(worker, tmp_path):
    worker.say(job(tmp_path, do="long", name="a"), job(tmp_path, name="b"))
    worker.hear_until(Progress)
    begun = time.monotonic()
    worker.say(Cancel("a"))
    assert worker.hear_until(Cancelled, Done) == Cancelled("a")
    assert worker.hear_until(Done).job == "b"
    assert time.monotonic() - begun < 1


def test_a_waiting_job_can_be_cancelled(worker, tmp_path):
    worker.say(job(tmp_path, do="long", name="a"), job(tmp_path, name="b"), Cancel("b"))
    assert worker.hear_until(Cancelled) == Cancelled("b")
    worker.say(Cancel("a"))
    assert worker.hear_until(Cancelled, Done) == Cancelled("a")


def test_a_job_that_no_one_knows_is_cancelled_too(worker):
    worker.say(Cancel("never heard of"))
    assert worker.hear() == Cancelled("never heard of")


def test_two_jobs_of_one_name_are_refused(worker, tmp_path):
    worker.say(job(tmp_path, do="long", name="a"), job(tmp_path, name="a"))
    assert "another name" in worker.hear_until(Failed).error


@pytest.mark.parametrize("do", ["", "long", "hang"])
def test_the_worker_dies_with_its_standard_input(worker, tmp_path, do):
    worker.say(job(tmp_path, do=do))
    worker.hear_until(Progress)
    worker.process.stdin.close()
    assert worker.process.wait(3) == 0


def test_shutdown_waits_for_the_running_job(worker, tmp_path):
    worker.say(job(tmp_path))
    worker.hear_until(Progress)
    worker.say(Shutdown())
    worker.hear_until(Done)
    assert worker.process.wait(3) == 0


def test_a_broken_model_costs_one_line(worker, tmp_path):
    worker.say(job(tmp_path, do="break"))
    assert worker.hear_until(Failed).error == "the model broke off: ValueError: a surprise"
    worker.say(job(tmp_path))
    assert worker.hear_until(Done, Failed).status == "done"


def test_want_of_memory_is_said_in_words(worker, tmp_path):
    worker.say(job(tmp_path, do="memory"))
    assert worker.hear_until(Failed).error.startswith("not enough memory on cpu")


def test_a_number_that_is_none_never_leaves_the_worker(worker, tmp_path):
    worker.say(job(tmp_path, do="nan"))
    assert "not finite" in worker.hear_until(Failed, Done).error


def test_one_slice_is_read_like_any_other(worker, tmp_path):
    worker.say(job(tmp_path, hu=volume((1, 5, 6), (0, 3, 4))))
    assert worker.hear_until(Done, Failed).candidates[0].center_lps_mm == (-6.0, -17.0, 30.0)


CUBE = (4, 5, 6)
BAD_INPUTS = {
    "empty": ({"hu": np.empty((0, 5, 6), np.int16)}, "0 x 5 x 6 voxels"),
    "not a number": ({"hu": np.full(CUBE, np.nan, np.float32)}, "float32 found, int16"),
    "flat": ({"hu": np.zeros((5, 6), np.int16)}, "three sides"),
    "other shape": ({"shape": (4, 5, 7)}, "holds int16"),
    "other type": ({"hu": np.zeros(CUBE, np.int32), "dtype": "int16"}, "holds int32"),
    "objects": ({"hu": np.full(CUBE, None), "dtype": "int16"}, "cannot be read as an array"),
    "huge": ({"shape": (50_000, 50_000, 50_000)}, "too large"),
    "fortran": ({"hu": np.asfortranarray(volume())}, "Fortran order"),
    "no spacing": ({"grid": Grid((0, 0, 0), AXES, (0.0, 1.0, 1.0), CUBE)}, "spacing"),
    "endless": ({"grid": Grid((0, 0, 0), AXES, (49.0, 1.0, 1.0), (4, 5, 4100)), "shape": (4, 5, 4100)}, "mm"),
    "no axes": ({"grid": Grid((0, 0, 0), ((0, 0, 1),) * 3, (1.0, 1.0, 1.0), CUBE)}, "unit vectors"),
    "too long": ({"grid": Grid((0, 0, 0), ((0, 0, 2), *AXES[1:]), (1.0, 1.0, 1.0), CUBE)}, "unit vectors"),
}


def test_a_volume_that_cannot_be_read_gets_one_clear_line(worker, tmp_path):
    for name, (bent, words) in BAD_INPUTS.items():
        worker.say(job(tmp_path, name=name, **bent))
        failed = worker.hear_until(Failed, Done)
        assert isinstance(failed, Failed), name
        assert words in failed.error, name
        assert "\n" not in failed.error
    worker.say(job(tmp_path))
    assert worker.hear_until(Done, Failed).status == "done"


NO_NUMBER = {
    "spacing": (
        Grid((0, 0, 0), AXES, (2.5, math.nan, 1.0), CUBE),
        "series 1.2.3.4: voxel spacing 2.5 x nan x 1 mm found, 0.01 to 50 mm allowed; "
        "correct its header, then read it again",
    ),
    "endless": (Grid((0, 0, 0), AXES, (2.5, math.inf, 1.0), CUBE), "voxel spacing 2.5 x nan x 1 mm found"),
    "place": (
        Grid((0, 0, math.nan), AXES, (2.5, 1.0, 1.0), CUBE),
        "series 1.2.3.4: a position or a direction",
    ),
}


def test_a_geometry_of_what_is_no_number_gets_a_sentence_for_the_reader(worker, tmp_path):
    for name, (grid, words) in NO_NUMBER.items():
        worker.say(job(tmp_path, name=name, grid=grid))
        failed = worker.hear_until(Failed, Done)
        assert isinstance(failed, Failed), name
        assert failed.job == name
        assert words in failed.error, name
        assert "null" not in failed.error


def test_a_file_that_is_not_there_gets_one_clear_line(worker, tmp_path):
    request = job(tmp_path)
    (tmp_path / request.inputs[0].array.path).unlink()
    worker.say(request)
    assert "cannot be read" in worker.hear_until(Failed).error


def test_a_device_that_is_not_here_is_said(tmp_path):
    pipes = Pipes((sys.executable, "-m", "inference.worker", "--device", "tpu"))
    assert pipes.process.stdout.readline() == b""
    assert pipes.process.wait(5) == 4
    pipes.close()


def test_a_bundle_that_is_not_what_the_job_says_is_refused(tmp_path):
    """The project's own worker: hashes are checked before any weight is used."""
    folder, made = bundle(tmp_path / "bundle")
    pipes = Pipes((sys.executable, "-m", "inference.worker", "--device", "cpu"))
    try:
        pipes.say(bundle_job(tmp_path, folder, "0" * 64))
        assert "weights" in (wrong := pipes.hear_until(Failed, Done)).error
        assert "asked for" in wrong.error
        pipes.say(bundle_job(tmp_path, folder, made.sha256))
        assert "task 'tiny' found" in pipes.hear_until(Failed, Done).error
        (folder / WEIGHTS).write_bytes(b"other weights")
        pipes.say(bundle_job(tmp_path, folder, made.sha256))
        assert "install the bundle again" in pipes.hear_until(Failed, Done).error
    finally:
        pipes.close()


def bundle_job(tmp_path, folder, sha256):
    return msgspec.structs.replace(job(tmp_path), bundle=str(folder), bundle_sha256=sha256)
