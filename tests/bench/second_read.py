"""How long a read of mammograms takes; how soon a cancelled read shows so and the next one begins."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from inference.bundle import installed_bundles
from inference.cases import Grid
from inference.phantom.chest import chest_background
from inference.protocol import Analyse, ArrayRef, Input
from tests.app.second_read.mammograms import write_view
from tests.bench.made_mammograms import enlarged
from tests.inference.breasts import MASSES
from viewer.app.home import home
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.app.second_read.asking import InstalledBundle
from viewer.app.second_read.installed import installed, named
from viewer.app.second_read.pool import WorkerPool
from viewer.app.second_read.study_read import read_study
from viewer.core.dicom.display_set import Study

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


def read_mammogram_s() -> dict:
    """Second read of four views of 4096 x 5120 from disk: decoding, worker (warm, no window), answer."""
    return _row("read_mammogram_s", _exam_s(4096, 5120), "s")


def read_mammogram_small_s() -> dict:
    """The same of 1914 x 2394."""
    return _row("read_mammogram_small_s", _exam_s(1914, 2394), "s")


ROWS = (worker_next_job_s, cancel_shown_ms, read_mammogram_s, read_mammogram_small_s)


def _exam_s(columns: int, rows: int) -> float:
    """Of the installed model for mammograms; the pool is that of `tandem read`."""
    bundles = named(installed(home())[0], ["mg_lesion"])
    workers = WorkerPool(threads=os.cpu_count() or 1, polite=False)
    with TemporaryDirectory() as folder:
        files, out = Path(folder) / "files", Path(folder) / "out"
        for number, (side, view) in enumerate(MASSES, start=1):
            write_view(files, side, view, number=number, **enlarged(side, view, rows, columns))
        (study,) = scan([files]).studies
        workers.start()
        _read_once(study, bundles, workers, out / "warm")
        taken = _read_once(study, bundles, workers, out / "measured")
    workers.close()
    return taken


def _read_once(study: Study, bundles: Sequence[InstalledBundle], workers: WorkerPool, out: Path) -> float:
    loader = Loader()
    begun = time.monotonic()
    (read,) = read_study(study, loader.complete, bundles, workers, out=out).reads
    taken = time.monotonic() - begun
    loader.close()
    assert read.status == "done", read.reason
    return taken


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
