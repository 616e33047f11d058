"""Overlay planes and shutters from header to bits, against pydicom and against what the standard asks."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.overlays import get_overlay_array
from pydicom.uid import JPEGLSLossless, RLELossless

from tests.app.second_read.dicom_series import write_series
from tests.conftest import shared_data
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.core.pixels.overlay import Overlay, draw_overlay

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def loader():
    loader = Loader()
    yield loader
    loader.close()


def stack_of(path, loader):
    ((display_set,),) = [study.display_sets for study in scan([path]).studies]
    return loader.complete(display_set)


def masks(stack, slot=0):
    return {bitmap.group: bitmap.mask() for bitmap in stack.overlays.get(slot, ())}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["examples_overlay.dcm", "MR-SIEMENS-DICOM-WithOverlays.dcm"])
def test_overlays_of_pydicom(name, loader):
    path = Path(get_testdata_file(name, download=False))
    dataset = dcmread(path)
    for group, mask in masks(stack_of(path, loader)).items():
        assert np.array_equal(mask, get_overlay_array(dataset, group).astype(bool))


def test_overlays_in_unused_bits_are_there_beside_those_with_data(loader):
    path = shared_data("conformance", "grey", "overlays_in_unused_bits.zip")
    found = masks(stack_of(path, loader))
    assert sorted(found) == [0x6000, 0x6002, 0x6004, 0x6006]
    for mask in found.values():
        assert 0 < np.count_nonzero(mask) < mask.size / 4


def test_a_real_overlay_that_has_lost_its_bits_is_said(loader):
    stack = stack_of(shared_data("conformance", "grey", "ct_overlay_6000.dcm"), loader)
    assert stack.ready.all() and not stack.overlays
    assert any(p.tag == "(6000,0102)" and "left out" in p.line() for p in stack.instance(0).problems)


def overlay(mask, origin, **more):
    """Elements of one overlay in group 6000 (`mask` (rows, columns) or (frames, rows, columns))."""
    bits = np.packbits(mask.ravel().astype(np.uint8), bitorder="little").tobytes()
    elements = {
        0x60000010: ("US", mask.shape[-2]),
        0x60000011: ("US", mask.shape[-1]),
        0x60000040: ("CS", "G"),
        0x60000050: ("SS", list(origin)),
        0x60000100: ("US", 1),
        0x60000102: ("US", 0),
        0x60003000: ("OW", bits + b"\0" * (len(bits) % 2)),
    }
    return elements | more


def written(folder, elements):
    path = write_series(folder, np.zeros((1, 8, 10), np.int16)) / "000.dcm"
    dataset = dcmread(path)
    for tag, (vr, value) in elements.items():
        dataset.add_new(tag, vr, value)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("origin", [(1, 1), (3, 4), (-1, -2), (6, 9), (40, 1)])
def test_an_overlay_is_put_at_its_origin_and_cut_to_the_image(origin, loader, tmp_path):
    mask = np.random.default_rng(3).integers(0, 2, (5, 7)).astype(bool)
    wanted = np.zeros((8, 10), bool)
    for r, c in zip(*np.nonzero(mask), strict=True):
        row, column = r + origin[0] - 1, c + origin[1] - 1
        if 0 <= row < 8 and 0 <= column < 10:
            wanted[row, column] = True
    found = masks(stack_of(written(tmp_path, overlay(mask, origin)), loader))
    assert np.array_equal(found.get(0x6000, np.zeros_like(wanted)), wanted)


@pytest.mark.parametrize("name", ["rows_65535", "short_data", "bit_position_200"])
def test_an_overlay_that_cannot_be_drawn_is_said_and_the_image_stays(name, loader):
    stack = stack_of(shared_data("hostile", "overlays", f"{name}.dcm"), loader)
    assert stack.ready.all() and not stack.overlays
    (said,) = [p for p in stack.instance(0).problems if p.tag.startswith("(6000")]
    assert "left out" in said.line()


@pytest.mark.parametrize("name", ["outside", "negative_origin", "far_negative"])
def test_an_overlay_outside_costs_nothing(name, loader):
    stack = stack_of(shared_data("hostile", "overlays", f"{name}.dcm"), loader)
    assert stack.ready.all()
    assert all(m.shape == stack.codes.shape[1:] for m in masks(stack).values())


def test_shutter_and_collimator_are_read_and_nonsense_is_said(loader, tmp_path):
    path = written(
        tmp_path,
        {
            0x00181600: ("CS", ["RECTANGULAR", "CIRCULAR"]),
            0x00181602: ("IS", 2),
            0x00181604: ("IS", 9),
            0x00181606: ("IS", 1),
            0x00181608: ("IS", 7),
            0x00181610: ("IS", [4, 5]),
            0x00181700: ("CS", "POLYGONAL"),
            0x00181720: ("IS", [1, 1, 8, 1, 8, 10]),
        },
    )
    instance = stack_of(path, loader).instance(0)
    assert [(s.kind, s.numbers) for s in instance.shutters] == [
        ("rectangle", (2, 9, 1, 7)),
        ("polygon", (1, 1, 8, 1, 8, 10)),
    ]
    assert any(p.tag == "(0018,1600)" and p.found == "CIRCULAR" for p in instance.problems)


def test_an_overlay_with_frames_is_for_its_own_frames():
    masks_by_frame = np.random.default_rng(1).integers(0, 2, (3, 5, 7)).astype(np.uint8)
    data = np.packbits(masks_by_frame.ravel(), bitorder="little").tobytes()
    drawn = Overlay(0x6000, 5, 7, first=2, frames=3)
    assert draw_overlay(drawn, data, 1, 5, 7) is None
    for frame in range(3):
        assert np.array_equal(draw_overlay(drawn, data, frame + 2, 5, 7).mask(), masks_by_frame[frame])
    assert draw_overlay(drawn, data, 5, 5, 7) is None


@pytest.mark.parametrize("codec", ["jpegls", "rle"])
def test_an_overlay_in_unused_bits_of_compressed_pixels_is_drawn(tmp_path, loader, codec):
    """As old machines wrote it, compressed later without a loss: all sixteen bits are there."""
    path = write_series(tmp_path, np.zeros((1, 8, 10), np.int16)) / "000.dcm"
    dataset = dcmread(path)
    mask = np.zeros((8, 10), bool)
    mask[2, 3:7] = True
    words = (np.arange(80, dtype=np.uint16).reshape(8, 10) * 20) | (mask.astype(np.uint16) << 12)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0
    elements = {0x60000010: 8, 0x60000011: 10, 0x60000100: 16, 0x60000102: 12}
    for tag, value in elements.items():
        dataset.add_new(tag, "US", value)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    if codec == "rle":
        dataset.PixelData = words.tobytes()
        dataset.compress(RLELossless)
    else:
        dataset.PixelData = encapsulate([imagecodecs.jpegls_encode(words)])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.save_as(path)
    stack = stack_of(path, loader)
    assert not stack.problems
    assert (masks(stack)[0x6000] == mask).all()
    assert (stack.codes[0] == words & 0x0FFF).all()
