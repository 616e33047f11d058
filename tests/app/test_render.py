"""`tandem render`, as other programs rely on it."""

import imagecodecs
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from tests.conftest import shared_data
from tests.core.dicom.files import ct, save
from viewer.app.exit_codes import ExitCode
from viewer.app.render import render, render_command


def read(path):
    return imagecodecs.png_decode(path.read_bytes())


def made(tmp_path, **changes):
    ramp = (np.arange(64).reshape(8, 8) * 20 + 400).astype(np.int16)
    return save(tmp_path / "in", ct(1, pixels=ramp, **changes))[0], ramp


def test_one_pixel_a_stored_pixel_through_the_window_of_the_file(tmp_path):
    path, ramp = made(tmp_path)
    (out,), warnings = render(path, tmp_path / "out")
    assert out.name == "frame_0.png" and warnings == []
    hu = ramp - 1024.0
    wanted = np.clip((hu - 39.5) / 399 + 0.5, 0, 1) * 255
    assert read(out).dtype == np.uint8
    assert np.abs(read(out) - wanted).max() <= 0.5001


def test_another_window_and_size(tmp_path):
    path, ramp = made(tmp_path)
    (out,), _ = render(path, tmp_path / "out", window=(0, 1000), size=(4, 2))
    wanted = np.clip((ramp - 1024 + 0.5) / 999 + 0.5, 0, 1) * 255
    assert np.abs(read(out) - wanted.reshape(2, 4, 4, 2).mean(axis=(1, 3))).max() <= 1


def test_monochrome1_is_inverted(tmp_path):
    path, _ = made(tmp_path)
    (plain,), _ = render(path, tmp_path / "out")
    dark = read(plain)
    path, _ = made(tmp_path / "other", PhotometricInterpretation="MONOCHROME1")
    (inverted,), _ = render(path, tmp_path / "out2")
    assert np.array_equal(read(inverted), 255 - dark)


def test_outside_of_a_shutter_it_is_black_as_in_the_window(tmp_path):
    shutter = {"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 3, "ShutterRightVerticalEdge": 6}
    shutter |= {"ShutterUpperHorizontalEdge": 2, "ShutterLowerHorizontalEdge": 5}
    plain, _ = made(tmp_path / "plain", PhotometricInterpretation="MONOCHROME1")
    path, _ = made(tmp_path, PhotometricInterpretation="MONOCHROME1", **shutter)
    (bare,), _ = render(plain, tmp_path / "out1")
    (out,), _ = render(path, tmp_path / "out2")
    inside = np.zeros((8, 8), bool)
    inside[1:5, 2:6] = True
    assert np.array_equal(read(out), np.where(inside, read(bare), 0))
    assert read(bare)[~inside].max() > 200


def test_frames_are_numbered_in_their_order(tmp_path):
    path = get_testdata_file("emri_small_RLE.dcm", download=False)
    from pathlib import Path

    from pydicom import dcmread

    paths, _ = render(Path(path), tmp_path / "out")
    assert [p.name for p in paths] == [f"frame_{k}.png" for k in range(10)]
    array = dcmread(path).pixel_array.astype(float)
    for k, out in enumerate(paths):
        assert np.corrcoef(read(out).ravel(), array[k].ravel())[0, 1] > 0.9


def test_colour_stays_colour(tmp_path):
    from pathlib import Path

    (out,), _ = render(Path(get_testdata_file("SC_rgb.dcm", download=False)), tmp_path / "out")
    assert read(out).shape == (100, 100, 3)


def test_a_sigmoid_mammogram(tmp_path):
    path = shared_data("conformance", "grey", "mg_ge_sigmoid_3windows_voilut.dcm")
    (out,), _ = render(path, tmp_path / "out")
    assert read(out).shape == (3062, 2394)
    assert read(out)[0, 0] == 0  # padding is black


@pytest.mark.parametrize(
    ("changes", "tag"),
    [
        ({"BitsAllocated": 32}, "(0028,0100)"),
        ({"PhotometricInterpretation": "HSV"}, "(0028,0004)"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"}, "(0008,0016)"),
        ({"Columns": 9}, "(7fe0,0010)"),
    ],
)
def test_what_cannot_be_shown_right_is_refused_in_one_line(changes, tag, tmp_path, capsys):
    path, _ = made(tmp_path, **changes)
    assert render_command(path, tmp_path / "out") == ExitCode.REFUSED
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.splitlines()) == 1 and tag in printed.err
    assert not (tmp_path / "out").exists()


def test_the_command_names_its_pictures_and_says_what_a_reader_must_know(tmp_path, capsys):
    path, _ = made(tmp_path, WindowWidth="0.5")
    assert render_command(path, tmp_path / "out") == ExitCode.DONE
    printed = capsys.readouterr()
    assert printed.out.split() == [str(tmp_path / "out" / "frame_0.png")]
    assert "(0028,1051)" in printed.err
