"""Pixels into stacks: order, growth, faults, and an end in every case."""

import gc
import threading
import weakref

import numpy as np
import psutil
import pytest

from tests.conftest import shared_data
from tests.core.dicom.files import ct, save
from tests.core.hanging.files import mammogram, write
from viewer.app.loader import Loader
from viewer.app.scan import Scanner, scan
from viewer.core.dicom.problem import DicomError


@pytest.fixture
def loader():
    loader = Loader()
    yield loader
    loader.close()


def only_set(path):
    (study,) = scan([path]).studies
    (display_set,) = study.display_sets
    return display_set


def slices(n, **changes):
    """From the head down, as a stack has them."""
    rng = np.random.default_rng(0)
    return [
        ct(k, z=-2 * k, pixels=rng.integers(-1000, 3000, (8, 8)).astype(np.int16), **changes)
        for k in range(1, n + 1)
    ]


def test_stored_values_hu_and_file_agree(tmp_path, loader):
    datasets = slices(5)
    save(tmp_path / "in", *datasets)
    stack = loader.complete(only_set(tmp_path / "in"))
    stored = np.stack([d.pixel_array for d in datasets])
    assert stack.complete and stack.ready.all()
    assert np.array_equal((stack.codes ^ np.uint16(0x8000)).view(np.int16), stored)
    assert np.array_equal(stack.hu(), stored - 1024)
    stack.hu_file(tmp_path / "hu.npy")
    on_disk = np.load(tmp_path / "hu.npy", mmap_mode="r")
    assert on_disk.dtype == np.int16 and np.array_equal(on_disk, stored - 1024)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["hu.npy"]
    assert stack.modality_value(3, 2, 1) == stored[3, 2, 1] - 1024
    assert stack.modality_value(3, 8, 1) is None


def test_the_nearest_slices_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr("viewer.app.decode_pool.processes_at_most", lambda: 1)
    save(tmp_path / "in", *slices(9))
    loader, order, done = Loader(), [], threading.Event()

    def on_ready(stack, k):
        order.append(k)
        if len(order) == 9:
            done.set()

    try:
        stack = loader.open(only_set(tmp_path / "in"), first=6, on_ready=on_ready)
        assert done.wait(20)
        assert order[0] == 6 and set(order) == set(range(9))
        distances = [abs(k - 6) for k in order]
        assert distances == sorted(distances)
        assert loader.open(stack.display_set) is stack
    finally:
        loader.close()


def test_the_first_of_several_mammograms_is_made_ready_alone(tmp_path):
    began, order, done = threading.Event(), [], threading.Event()

    def prepare(stack, k):
        order.append(("begun", stack.display_set.id))
        began.wait(0.2 if len(order) == 1 else 0)  # time enough for another one to begin beside it
        order.append(("ready", stack.display_set.id))

    def on_ready(stack, k):
        if sum(what == "ready" for what, _ in order) == 3:
            done.set()

    loader = Loader(prepare)
    write(tmp_path, *(mammogram(n, side, "CC") for n, side in enumerate("RLR", 1)))
    try:
        (study,) = scan([tmp_path]).studies
        stacks = [loader.open(one, 0, on_ready) for one in study.display_sets]
        assert done.wait(20)
        assert order[0] == ("begun", order[1][1]) and order[1][0] == "ready"
        assert len({name for _, name in order}) == len(stacks) == 3
    finally:
        loader.close()


def test_missing_and_padded_pixels_are_no_data(tmp_path, loader):
    datasets = slices(6)
    datasets[0].PixelPaddingValue = -2000
    pixels = datasets[0].pixel_array.copy()
    pixels[0, 0] = -2000
    datasets[0].PixelData = pixels.tobytes()
    save(tmp_path / "in", *(d for k, d in enumerate(datasets) if k != 3))
    stack = loader.complete(only_set(tmp_path / "in"))
    assert stack.display_set.missing == (3,) and not stack.ready[3] and stack.complete
    assert (stack.hu()[3] == -1024).all() and stack.hu()[0, 0, 0] == -1024
    assert stack.modality_value(3, 0, 0) is None and stack.modality_value(0, 0, 0) is None
    assert (stack.codes[3] == 0).all()


def test_a_grown_series_keeps_what_was_loaded(tmp_path, loader):
    scanner, datasets = Scanner([tmp_path / "in"]), slices(6)
    (tmp_path / "in").mkdir()
    save(tmp_path / "in", *datasets[1:4])
    before = loader.complete(list(scanner.results())[-1].studies[0].display_sets[0])
    save(tmp_path / "in", datasets[0], *datasets[4:])
    grown = list(scanner.results())[-1].studies[0].display_sets[0]
    stack = loader.open(grown)
    assert stack is not before and stack.generation > before.generation
    assert stack.ready[1:4].all()
    stack = loader.complete(grown)
    assert np.array_equal(stack.hu(), np.stack([d.pixel_array for d in datasets]) - 1024)


@pytest.mark.parametrize("harm", ["cut", "gone", "other"])
def test_a_file_that_changed_since_the_scan_is_not_shown(harm, tmp_path, loader):
    paths = save(tmp_path / "in", *slices(3))
    display_set = only_set(tmp_path / "in")
    if harm == "cut":
        paths[1].write_bytes(paths[1].read_bytes()[:-20])
    elif harm == "gone":
        paths[1].unlink()
    else:
        paths[1].write_bytes(b"x" * paths[1].stat().st_size)
    stack = loader.complete(display_set)
    assert stack.ready.tolist() == [True, False, True]
    assert set(stack.problems) == {1} and stack.problems[1].file.endswith("001.dcm")
    assert (stack.codes[1] == 0).all()


def test_one_frame_that_does_not_decode_leaves_the_others(loader, tmp_path):
    source = shared_data("ct_chest", "dicom", "lungfcp_0001_upper_jls")
    folder = tmp_path / "in"
    folder.mkdir()
    paths = sorted(source.glob("*"))[:6]
    for path in paths:
        (folder / path.name).write_bytes(path.read_bytes())
    harmed = folder / paths[2].name
    data = bytearray(harmed.read_bytes())
    data[-40_000:-39_000] = bytes(1000)
    harmed.write_bytes(data)
    stack = loader.complete(only_set(folder))
    assert len(stack.problems) == 1 and stack.ready.sum() == 5
    (problem,) = stack.problems.values()
    assert problem.tag == "(7fe0,0010)" and "JPEG-LS" in problem.found


def test_a_forgotten_stack_is_freed_and_its_loading_ends(tmp_path, loader):
    save(tmp_path / "in", *slices(4))
    stack = loader.complete(only_set(tmp_path / "in"))
    left = weakref.ref(stack)
    del stack
    gc.collect()
    assert left() is None


def test_closing_in_the_middle_ends_threads_and_processes(tmp_path):
    source = shared_data("ct_chest", "dicom", "lungdx_a0001_5mm_j2k")
    loader = Loader()
    stack = loader.open(only_set(source))
    loader.close()
    assert not any(t.name.startswith("loader") for t in threading.enumerate())
    assert not [p for p in psutil.Process().children() if "viewer.app.decode_worker" in p.cmdline()]
    assert not stack.complete
    assert loader.complete(stack.display_set) is stack  # returns at once


def test_complete_stops_when_cancelled(loader):
    stack = loader.complete(only_set(shared_data("ct_chest", "dicom", "lungdx_a0001_5mm_j2k")), lambda: True)
    assert not stack.complete


def test_what_is_no_image_or_does_not_fit_is_refused(tmp_path, loader, monkeypatch):
    report = ct(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR")
    save(tmp_path / "sr", report)
    with pytest.raises(DicomError, match="0008,0016"):
        loader.open(only_set(tmp_path / "sr"))
    monkeypatch.setattr("viewer.app.loader._ALWAYS_ALLOWED", 100)
    monkeypatch.setattr("viewer.app.loader._SHARE_OF_MEMORY", 1e-12)
    save(tmp_path / "in", *slices(3))
    with pytest.raises(DicomError, match="memory"):
        loader.open(only_set(tmp_path / "in"))


def test_series_without_hu_give_none(tmp_path, loader):
    save(tmp_path / "in", *slices(3, RescaleSlope=None, RescaleIntercept=None, RescaleType=None))
    stack = loader.complete(only_set(tmp_path / "in"))
    with pytest.raises(DicomError, match="Hounsfield"):
        stack.hu()
    assert stack.modality_value(0, 0, 0) is not None  # the stored value, in no unit


def test_archives_and_files_give_the_same_pixels(loader):
    archive = shared_data("ct_chest", "dicom", "lidc_0001_slab_uncompressed.zip")
    stack = loader.complete(only_set(archive))
    assert stack.ready.all() and stack.hu().shape == (16, 512, 512)
    assert stack.display_set.geometry.spacing_mm[0] == pytest.approx(2.5)
