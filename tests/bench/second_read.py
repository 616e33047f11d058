"""How soon a cancelled second read shows as cancelled, and how soon the worker begins the next one."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from inference.bundle import installed_bundles
from inference.cases import Grid
from inference.phantom.chest import chest_background
from inference.protocol import Analyse, ArrayRef, Input
from viewer.app.second_read.pool import WorkerPool

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
BUSY = 0.3
"""Share of the read at which it is cancelled: the networks are at work."""
TIMES = 3


def worker_next_job_s() -> dict:
    """From cancelling a running read to the first progress of the next one; the slowest of three."""
    return _row("worker_next_job_s", max(following for _, following in _measured()), "s")


def cancel_shown_ms() -> dict:
    """From cancelling a running read to the call that shows it as cancelled; the slowest of three."""
    return _row("cancel_shown_ms", max(shown for shown, _ in _measured()) * 1000, "ms")


ROWS = (worker_next_job_s, cancel_shown_ms)


def _row(name: str, value: float, unit: str) -> dict:
    return {"name": name, "value": value, "unit": unit, "peer": None, "peer_name": ""}


@cache
def _measured() -> tuple[tuple[float, float], ...]:
    """(seconds until it shows, seconds until the next job runs), measured with the real worker and model."""
    with TemporaryDirectory() as folder, _workers() as workers:
        volume = _volume(Path(folder))
        return tuple(_cancel_one(workers, volume, Path(folder), n) for n in range(TIMES))


@contextmanager
def _workers() -> Iterator[WorkerPool]:
    workers = WorkerPool(threads=1)
    workers.start()
    try:
        yield workers
    finally:
        workers.close()


def _volume(folder: Path) -> Input:
    """A procedural chest at 1 mm."""
    hu = chest_background(1).hu
    np.save(folder / "hu.npy", hu)
    shape = (hu.shape[0], hu.shape[1], hu.shape[2])
    return Input(
        series_instance_uid="1.2.3",
        array=ArrayRef(path=str(folder / "hu.npy"), dtype="int16", shape=shape),
        grid=Grid((0.0, 0.0, 0.0), AXES, (1.0, 1.0, 1.0), shape),
        meta={"Modality": "CT", "SliceThickness": "1.0"},
    )


def _cancel_one(workers: WorkerPool, volume: Input, folder: Path, number: int) -> tuple[float, float]:
    busy, shown, following, ended = (threading.Event() for _ in range(4))
    first, second = (_job(volume, folder, f"{name}{number}") for name in "ab")
    at: dict[str, float] = {}

    def note(name: str, event: threading.Event) -> None:
        at.setdefault(name, time.monotonic())
        event.set()

    workers.submit(
        first, lambda p: busy.set() if p.done > BUSY else None, lambda answer: note("shown", shown)
    )
    workers.submit(second, lambda p: note("following", following), lambda answer: ended.set())
    assert busy.wait(120), "the read never came to its networks"
    at["cancel"] = time.monotonic()
    workers.cancel(first.job)
    assert shown.wait(30), "the cancelled read never showed as cancelled"
    assert following.wait(60), "the next read never began"
    workers.cancel(second.job)
    assert ended.wait(30)
    return at["shown"] - at["cancel"], at["following"] - at["cancel"]


def _job(volume: Input, folder: Path, name: str) -> Analyse:
    (path, bundle), *_ = installed_bundles()
    out = folder / name
    out.mkdir()
    return Analyse(job=name, bundle=str(path), bundle_sha256=bundle.sha256, inputs=(volume,), out=str(out))
