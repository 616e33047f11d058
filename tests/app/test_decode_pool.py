"""Decode processes that do their work, refuse, die or hang."""

import subprocess
import sys
import textwrap
import threading
import time

import imagecodecs
import numpy as np
import psutil
import pytest

from viewer.app.decode_pool import DecodeError, DecodePool

PICTURE = np.random.default_rng(0).integers(0, 4000, (40, 30)).astype(np.uint16)
FRAME = imagecodecs.jpegls_encode(PICTURE)


def array(itemsize):
    return np.zeros(PICTURE.shape, f"u{itemsize}")


def children():
    return [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def pool():
    pool = DecodePool(size=2)
    yield pool
    pool.close()


def test_a_frame_comes_back_exact(pool):
    assert np.array_equal(pool.decode("jpegls", FRAME, PICTURE.shape, 2, array), PICTURE)


def test_a_bad_frame_costs_no_process(pool):
    pool.decode("jpegls", FRAME, PICTURE.shape, 2, array)
    before = children()
    with pytest.raises(DecodeError, match="JPEG-LS"):
        pool.decode("jpegls", FRAME[:100], PICTURE.shape, 2, array)
    with pytest.raises(DecodeError, match="declared"):
        pool.decode("jpegls", FRAME, (30, 40), 2, array)
    assert np.array_equal(pool.decode("jpegls", FRAME, PICTURE.shape, 2, array), PICTURE)
    assert children() == before


def test_two_frames_at_once_use_two_processes(pool):
    threads = [
        threading.Thread(target=pool.decode, args=("jpegls", FRAME, PICTURE.shape, 2, array))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(children()) <= 2


def worker(tmp_path, body):
    """A decode process that misbehaves after its first request."""
    script = tmp_path / "worker.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, sys, time
            sys.path[:0] = {sys.path!r}
            from viewer.app.decode_worker import REPLY, REQUEST
            head = sys.stdin.buffer.read(REQUEST.size)
            {body}
            """
        )
    )
    return (str(script),)


@pytest.mark.parametrize(
    "body",
    [
        "os.abort()",
        "os._exit(0)",
        "sys.stdout.buffer.write(b'x'); sys.stdout.flush(); os._exit(1)",
        "sys.stdout.buffer.write(REPLY.pack(0, 2, 99999) + bytes(99999)); sys.stdout.flush(); time.sleep(9)",
        "sys.stdout.buffer.write(REPLY.pack(0, 2, 2400) + bytes(100)); sys.stdout.flush(); os._exit(1)",
    ],
)
def test_a_process_that_dies_or_lies_costs_one_frame(tmp_path, body):
    pool = DecodePool(size=1, worker=worker(tmp_path, body))
    try:
        for _ in range(2):
            with pytest.raises(DecodeError, match="crashed"):
                pool.decode("jpegls", FRAME, PICTURE.shape, 2, array)
        assert children() == []
    finally:
        pool.close()


def test_a_process_that_hangs_is_ended_in_time(tmp_path):
    pool = DecodePool(size=1, seconds=0.5, worker=worker(tmp_path, "time.sleep(60)"))
    try:
        start = time.monotonic()
        with pytest.raises(DecodeError, match=r"did not answer within 0.5 s"):
            pool.decode("jpegls", FRAME, PICTURE.shape, 2, array)
        assert time.monotonic() - start < 10
        assert children() == []
    finally:
        pool.close()


def test_closing_ends_every_process(tmp_path):
    pool = DecodePool(size=2, worker=worker(tmp_path, "time.sleep(60)"))
    pool.warm()
    errors = []

    def ask():
        try:
            pool.decode("jpegls", FRAME, PICTURE.shape, 2, array)
        except DecodeError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not children():
        time.sleep(0.01)
    pool.close()
    thread.join(10)
    assert not thread.is_alive() and children() == []
    with pytest.raises(DecodeError):
        pool.decode("jpegls", FRAME, PICTURE.shape, 2, array)


def test_a_process_that_answers_while_the_pool_closes_is_ended_too():
    pool = DecodePool(size=1)

    def closing(itemsize):
        time.sleep(0.2)  # the whole answer lies in the pipe
        pool.close()
        return array(itemsize)

    pool.decode("jpegls", FRAME, PICTURE.shape, 2, closing)
    assert psutil.Process().children() == []  # not even one that nobody waited for


def test_the_process_loads_no_toolkit_and_little_else():
    code = "import sys, viewer.app.decode_worker; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"PySide6", "vtkmodules", "pydicom", "scipy", "torch", "imagecodecs"}
