"""How long a read of mammograms takes; how soon a cancelled read shows so and the next one begins."""

import os
import queue
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
from inference.protocol import Analyse, ArrayRef, Explain, Explained, Input, Method, VolumeLook
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


def explain_one_s() -> dict:
    """A heat map of one finding with its faithfulness, by the slowest method; a warm worker."""
    return _row("explain_one_s", max(_explained_s()), "s")


ROWS = (worker_next_job_s, cancel_shown_ms, read_mammogram_s, read_mammogram_small_s, explain_one_s)


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


def _explained_s() -> Iterator[float]:
    """Seconds from asking to the answer, by method, for a ball of soft tissue in the lung."""
    folder, bundle = named(installed(home())[0], ["ct_lung_nodule"])[0]
    side = 32
    far = np.linalg.norm(np.indices((side,) * 3) - (side - 1) / 2, axis=0)
    crop = np.stack([np.where(far < 5, 0.45, -0.8), far < 5, np.ones_like(far)]).astype(np.float32)
    grid = Grid((0.0, 0.0, 0.0), AXES, (1.0, 1.0, 1.0), (side,) * 3)
    with TemporaryDirectory() as out, _workers() as workers:
        np.save(Path(out) / "look.npy", crop)
        array = ArrayRef(path=str(Path(out) / "look.npy"), dtype="float32", shape=crop.shape)
        look = VolumeLook(array=array, grid=grid, series=grid, targets=bundle.labels)
        for number, method in enumerate((*Method, *Method)):  # the first round loads them
            job = Explain(
                job=str(number), bundle=str(folder), bundle_sha256=bundle.sha256, look=look,
                target=bundle.labels[0], method=method, out=out,
            )  # fmt: skip
            news: queue.SimpleQueue[object] = queue.SimpleQueue()
            begun = time.monotonic()
            workers.submit(job, lambda progress: None, news.put)
            answer = news.get(timeout=120)
            assert isinstance(answer, Explained), answer
            if number >= len(Method):
                yield time.monotonic() - begun


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
