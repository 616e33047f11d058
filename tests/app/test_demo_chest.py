import json
import shutil
import subprocess

import numpy as np
import pydicom
import pytest

from inference.phantom.chest import GENERATOR, chest
from viewer.app.demo import chest as demo
from viewer.app.demo.chest import write_demo


@pytest.fixture(scope="module")
def case():
    return chest(7, spacing_mm=(6.0, 2.5, 2.5), shape=(48, 140, 140), sizes_mm=(8.0, 20.0))


@pytest.fixture(scope="module")
def written(case, tmp_path_factory):
    """The real writer on a small picture: the series' folder, and what progress was told."""
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "chest", lambda seed, progress: progress(1.0) or case)
        folder = write_demo(tmp_path_factory.mktemp("home"), progress=lambda done, doing: told.append(done))
    return folder, told


@pytest.fixture
def images(written):
    return [pydicom.dcmread(path) for path in sorted(written[0].iterdir())]


def test_geometry_and_hu_are_those_of_the_case(case, images):
    assert len(images) == case.grid.shape[0]
    for image in images:
        z = case.grid.patient_to_index(image.ImagePositionPatient)
        np.testing.assert_allclose(z, [round(z[0]), 0, 0], atol=1e-3)
        hu = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
        np.testing.assert_array_equal(hu, np.clip(case.hu[round(z[0])], -1024, 3071))
        assert [float(v) for v in image.PixelSpacing] == list(case.grid.spacing_mm[1:])
        assert [float(v) for v in image.ImageOrientationPatient] == [1, 0, 0, 0, 1, 0]
        assert image.FrameOfReferenceUID == case.grid.frame_of_reference_uid


def test_truth_lies_beside_the_series_not_in_it(case, written):
    folder = written[0]
    assert {path.suffix for path in folder.iterdir()} == {".dcm"}
    truth = json.loads((folder.parent / "truth.json").read_text())
    assert truth["generator"] == GENERATOR
    assert [lesion["center_lps_mm"] for lesion in truth["lesions"]] == [
        list(lesion.center_lps_mm) for lesion in case.lesions
    ]


def test_identity_is_invented_and_uids_come_from_the_seed(images):
    assert {str(image.PatientName) for image in images} == {"Phantom^Chest"}
    assert {image.PatientID for image in images} == {"TANDEM-DEMO"}
    assert len({image.SeriesInstanceUID for image in images}) == 1
    assert len({image.SOPInstanceUID for image in images}) == len(images)
    assert list(images[0].WindowCenterWidthExplanation) == ["LUNG", "SOFT TISSUE"]


def test_progress_rises_to_the_end(written):
    told = written[1]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_it_is_made_once_and_again_for_a_newer_generator(case, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(demo, "chest", lambda seed, progress: calls.append(seed) or case)
    first = write_demo(tmp_path, 11)
    assert write_demo(tmp_path, 11) == first == tmp_path / "demo" / "chest_11" / "dicom"
    assert calls == [11]
    monkeypatch.setattr(demo, "GENERATOR", GENERATOR + 1)
    write_demo(tmp_path, 11)
    assert calls == [11, 11]
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["chest_11"]
    assert len(list(first.iterdir())) == case.grid.shape[0]


def test_a_broken_attempt_leaves_nothing(case, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(demo, "chest", lambda seed, progress: case)
    monkeypatch.setattr(demo, "_truth", full)
    with pytest.raises(OSError, match="disk full"):
        write_demo(tmp_path, 12)
    assert list((tmp_path / "demo").iterdir()) == []


def test_dciodvfy_finds_no_error(written):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    path = written[0] / "CT0024.dcm"
    said = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    assert "Error" not in said.stderr, said.stderr
    assert said.returncode == 0
