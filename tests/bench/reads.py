"""How long the shipped models read, beside the same network in MONAI's plain sliding window over everything.

Both run warm, in this process, on all cores. A model's time is its whole read (working grid, organ, networks,
findings, heat maps); the peer's is the networks alone. Whole examinations from disk: `second_read`.
"""

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from scipy import ndimage

from inference.bundle import WEIGHTS, Bundle, installed_bundles
from inference.cases import Case, Exam, Grid, Plane
from inference.networks import load_networks
from inference.phantom.chest import chest_background
from inference.pipelines import load
from inference.pipelines.clusters import WORKING_MM
from inference.pipelines.detect3d import Detect3D
from inference.pipelines.exam import ExamReader
from inference.pipelines.haemorrhage import HaemorrhageReader
from inference.pipelines.mammogram import FINE_MM
from inference.pipelines.tiles import scaled
from inference.pipelines.working_grid import resample
from tests.bench.made_mammograms import enlarged
from tests.inference.breasts import MASSES
from tests.inference.breasts import view as drawn_view
from tests.inference.pipelines.heads import case as drawn_head

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
SLICES, PIXELS = 300, 512
PEER = "MONAI sliding window, networks alone"
WINDOW_2D = 512
HEAD_SIDE, HEAD_MM = 144, 1.1
"""What the network for heads is given: so many pixels a side, of about this size."""


def read_chest_s() -> dict:
    """A chest of 300 slices of 512 x 512."""
    bundle, folder = _installed("ct_lung_nodule")
    case, pipeline = chest(), load(bundle, folder, "cpu")
    assert isinstance(pipeline, Detect3D)
    side = int(bundle.settings["tile"])
    volume = scaled(resample(case, bundle.input.spacing_mm[0]).hu, bundle.input.clip_hu)
    network = load_networks(bundle.architecture, folder / WEIGHTS)["detector"].eval()  # as it was trained
    peer = partial(_slid, network, volume[None], (side,) * 3)
    return _row("read_chest_s", partial(_read, pipeline, case), peer)


def read_head_s() -> dict:
    """A head of 300 slices of 512 x 512; the peer reads every slice at the network's pixel size."""
    bundle, folder = _installed("ct_head_haemorrhage")
    head, pipeline = drawn_head(slice_mm=0.5, pixel_mm=200 / PIXELS), load(bundle, folder, "cpu")
    assert isinstance(pipeline, HaemorrhageReader)
    side = round(200 / HEAD_MM)
    slices = np.zeros((len(head.hu), pipeline.networks[0].stem[0].in_channels, side, side), np.float32)

    def peer() -> None:
        for network in pipeline.networks:
            for planes in slices:
                _slid(network, planes, (HEAD_SIDE, HEAD_SIDE))

    return _row("read_head_s", partial(_read, pipeline, head), peer)


def read_views_s() -> dict:
    """Four mammograms of 4096 x 5120, decoded."""
    bundle, folder = _installed("mg_lesion")
    exam, pipeline = mammograms(), load(bundle, folder, "cpu")
    assert isinstance(pipeline, ExamReader)
    return _row("read_views_s", partial(_read, pipeline, exam), partial(_all_views, pipeline, exam))


def worker_memory_chest_gb() -> dict:
    """Most memory of a process that reads the chest once."""
    return _memory("worker_memory_chest_gb", "ct_lung_nodule", chest)


def worker_memory_views_gb() -> dict:
    """Likewise of one that reads the four mammograms."""
    return _memory("worker_memory_views_gb", "mg_lesion", mammograms)


ROWS = (read_chest_s, read_head_s, read_views_s, worker_memory_chest_gb, worker_memory_views_gb)


def chest() -> Case:
    """A procedural chest, drawn out to the matrix of a scanner."""
    hu = chest_background(1).hu
    shape = (SLICES, PIXELS, PIXELS)
    drawn = ndimage.zoom(
        hu,
        [n / m for n, m in zip(shape, hu.shape, strict=True)],
        order=1,
        mode="grid-constant",
        grid_mode=True,
    )
    z, y, x = (m / n for n, m in zip(shape, hu.shape, strict=True))
    grid = Grid((0.0, 0.0, 0.0), AXES, (z, y, x), shape)
    return Case(drawn, grid, meta={"Modality": "CT", "SliceThickness": "1.0"})


def mammograms() -> Exam:
    """Four drawn views."""
    views = []
    for side, projection in MASSES:
        made = enlarged(side, projection, 5120, 4096)
        pixels, spacing = made["pixels"], made["ImagerPixelSpacing"]
        plane = Plane((spacing[0], spacing[1]), (pixels.shape[0], pixels.shape[1]))
        views.append(replace(drawn_view(side, projection), pixels=pixels, plane=plane, truth=()))
    return Exam(tuple(views))


def _installed(name: str) -> tuple[Bundle, Path]:
    folder, bundle = next((path, own) for path, own in installed_bundles() if own.id == name)
    return bundle, folder


def _read(pipeline: Detect3D | ExamReader | HaemorrhageReader, case: Case | Exam) -> None:
    with TemporaryDirectory() as out:
        read = pipeline.read(case, Path(out), lambda *_: None)
    assert read.status == "done", read.reason


@torch.inference_mode()
def _slid(network: torch.nn.Module, planes: np.ndarray, window: tuple[int, ...]) -> None:
    """`planes` (channel, ...) through MONAI's inferer with its own defaults.

    Of several outputs it is given the largest: it cannot put together some of different sizes.
    """

    def largest(tiles: torch.Tensor) -> torch.Tensor:
        out = network(tiles)
        return out if isinstance(out, torch.Tensor) else max(out, key=torch.numel)

    sliding_window_inference(torch.from_numpy(planes[None]), window, 1, largest, overlap=0.25)


def _all_views(pipeline: ExamReader, exam: Exam) -> None:
    """All networks that look at a whole view, each at its own pixel size, over all of it."""
    coarse, fine = 2 * FINE_MM, WORKING_MM
    assert pipeline.clusters is not None
    stages = [(network, coarse) for network in pipeline.masses.detectors.networks]
    for network, mm in (*stages, (pipeline.clusters.network, fine)):
        for view in exam.views:
            rows, columns = (
                round(n * own / mm) for n, own in zip(view.pixels.shape, view.plane.spacing_mm, strict=True)
            )
            planes = np.zeros((2, rows, columns), np.float32)
            _slid(network, planes, (WINDOW_2D, WINDOW_2D))


def _row(name: str, ours: Callable[[], None], theirs: Callable[[], None]) -> dict:
    torch.set_num_threads(os.cpu_count() or 1)
    ours()  # warm
    return {"name": name, "value": _taken(ours), "unit": "s", "peer": _taken(theirs), "peer_name": PEER}


def _taken(what: Callable[[], None]) -> float:
    begun = time.monotonic()
    what()
    return time.monotonic() - begun


def _memory(name: str, bundle: str, case: Callable[[], Case | Exam]) -> dict:
    answers = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(target=_reading, args=(bundle, case, answers))
    process.start()
    value = answers.get()
    process.join()
    return {"name": name, "value": value, "unit": "GB", "peer": None, "peer_name": ""}


def _reading(bundle: str, case: Callable[[], Case | Exam], answers: multiprocessing.Queue) -> None:
    """In a process of its own: how far its memory rose above what the case itself needs to be made."""
    own, folder = _installed(bundle)
    pipeline, read = load(own, folder, "cpu"), case()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    _read(pipeline, read)
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    answers.put(int(peak.split()[1]) / 1024**2)
