"""Grey scale from the header: LUTs that lie about their bits, polarity told twice, VOIs by frame."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from tests.app.second_read.dicom_series import write_series
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.core.pixels.table import grey_table


def stack_of(path):
    loader = Loader()
    try:
        ((display_set,),) = [study.display_sets for study in scan([path]).studies]
        return loader.complete(display_set)
    finally:
        loader.close()


def lut(entries, bits, first=0):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries) % 65536, first, bits])
    item.add_new(0x00283006, "OW", np.array(entries, "<u2").tobytes())
    return item


def image(folder, change):
    path = write_series(folder, np.full((1, 4, 4), -1024, np.int16)) / "000.dcm"
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return stack_of(path)


def test_a_lut_with_entries_beyond_its_bits_stays_rising(tmp_path):
    def change(dataset):
        dataset.RescaleIntercept = 0
        dataset.VOILUTSequence = [lut([0, 1000, 2000, 4095], 8)]

    stack = image(tmp_path, change)
    table = grey_table(stack.grey(0))[0x8000:0x8004].astype(int)
    assert table.tolist() == [0, 62, 125, 255]
    assert any(p.tag == "(0028,3010)" and "entries up to 4095" in p.found for p in stack.instance(0).problems)


@pytest.mark.parametrize(
    ("photometric", "shape", "said"),
    [
        ("MONOCHROME1", "INVERSE", False),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME1", "IDENTITY", True),
        ("MONOCHROME2", "INVERSE", True),
    ],
)
def test_polarity_is_applied_once_and_a_contradiction_is_said(photometric, shape, said, tmp_path):
    def change(dataset):
        dataset.PhotometricInterpretation, dataset.PresentationLUTShape = photometric, shape
        dataset.WindowCenter, dataset.WindowWidth = 0, 100

    stack = image(tmp_path, change)
    black = grey_table(stack.grey(0))[stack.codes[0, 0, 0]]
    assert black == (255 if photometric == "MONOCHROME1" else 0)
    assert any(p.tag == "(2050,0020)" for p in stack.instance(0).problems) == said


def test_every_frame_has_its_own_window_or_lut(tmp_path):
    dataset = dcmread(Path(get_testdata_file("eCT_Supplemental.dcm", download=False)))
    first, second = (Dataset(), Dataset())
    first.WindowCenter, first.WindowWidth, first.VOILUTFunction = [50, 60], [100, 10], "LINEAR_EXACT"
    second.VOILUTSequence = [lut([0, 255], 8, first=0)]
    for group, voi in zip(dataset.PerFrameFunctionalGroupsSequence, (first, second), strict=True):
        group.FrameVOILUTSequence = [voi]
    for group in dataset.SharedFunctionalGroupsSequence:
        group.pop("FrameVOILUTSequence", None)
    path = tmp_path / "frames.dcm"
    dataset.save_as(path)
    stack = stack_of(path)
    by_frame = {stack.instance(k).frame: stack.instance(k) for k in range(stack.display_set.count)}
    assert [(w.centre, w.width, w.function) for w in by_frame[0].windows] == [
        (50, 100, "LINEAR_EXACT"),
        (60, 10, "LINEAR_EXACT"),
    ]
    assert by_frame[0].voi_luts == ()
    assert by_frame[1].windows == () and len(by_frame[1].voi_luts) == 1


def packed(entries, first=0):
    """A LUT of 8-bit entries, two in a word."""
    item = lut([0, 0], 8, first)
    item.add_new(0x00283002, "US", [len(entries), first, 8])
    item.add_new(0x00283006, "OW", bytes(entries))
    return item


def test_a_lut_may_have_65536_entries_a_negative_start_or_packed_bytes(tmp_path):
    def change(dataset):
        dataset.VOILUTSequence = [
            lut(list(range(65536)), 16, 0x8000),
            lut([0, 128, 255], 8, 0x10000 - 1001),
            packed([0, 64, 128, 255], 0x10000 - 1000),
        ]

    stack = image(tmp_path, change)
    wide, negative, bytes_ = stack.instance(0).voi_luts
    assert (len(wide.entries) // 2, wide.first) == (65536, -32768)
    hu = {value: value + 1024 + 0x8000 for value in (-1001, -1000, -999, -998, 500)}
    levels = [grey_table(stack.grey(0, choice)) for choice in range(3)]
    assert [int(levels[1][code]) for code in hu.values()] == [0, 128, 255, 255, 255]
    assert [int(levels[2][code]) for code in hu.values()] == [0, 0, 64, 128, 255]
    assert levels[0][hu[500]] == round((500 + 32768) / 65535 * 255)
    assert (negative.first, bytes_.first) == (-1001, -1000)
