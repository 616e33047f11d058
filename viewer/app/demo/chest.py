"""The demonstration study: a procedural chest with known nodules, written once as a CT series of DICOM files.

The picture comes from `inference.phantom`; here it gets a header, files and a place in the user's folder.
"""

import json
from copy import copy
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage

from inference.cases import Case
from inference.phantom.chest import DEMO_SEED, GENERATOR, chest, phantom_uid
from viewer.app.demo.place import FOLDER, TRUTH, Progress, file_meta, write_once

PATIENT_NAME = "Phantom^Chest"
PATIENT_ID = "TANDEM-DEMO"
INTERCEPT = -1024
PICTURE_SHARE = 0.85
"""Making the picture takes so much of the time; the rest is writing."""


def write_demo(home: Path, seed: int = DEMO_SEED, progress: Progress | None = None) -> Path:
    """The folder of the series under `home`, made if it is not there (or of an older generator).

    `demo/chest_<seed>/dicom` holds the files and nothing else; `truth.json` lies beside that folder.
    """
    tell = progress or (lambda done, doing: None)

    def fill(folder: Path) -> None:
        case = chest(seed, progress=lambda done: tell(done * PICTURE_SHARE, "making the picture"))
        write_series(case, seed, folder / "dicom", tell)
        (folder / TRUTH).write_text(_truth(case, seed), encoding="utf-8")

    target = home / FOLDER / f"chest_{seed}"
    write_once(target, GENERATOR, fill)
    return target / "dicom"


def _truth(case: Case, seed: int) -> str:
    """What is in the picture: millimetres, LPS, as in the DICOM files."""
    truth = {
        "generator": GENERATOR,
        "seed": seed,
        "series_instance_uid": phantom_uid(seed, "series"),
        "lesions": [msgspec.to_builtins(lesion) for lesion in case.lesions],
        "notes": case.meta,
    }
    return json.dumps(truth, indent=1)


def write_series(case: Case, seed: int, folder: Path, tell: Progress = lambda done, doing: None) -> None:
    """One file a slice; instance numbers rise from the head down, as scanners number them."""
    folder.mkdir(parents=True)
    series = _series_header(case, seed)
    count = case.grid.shape[0]
    for number in range(1, count + 1):
        k = count - number
        image = _image(series, case, seed, number, k)
        image.PixelData = _stored(case.hu[k]).tobytes()
        image.save_as(folder / f"CT{number:04d}.dcm", enforce_file_format=True)
        tell(PICTURE_SHARE + (1 - PICTURE_SHARE) * number / count, "writing DICOM files")


def _stored(hu: NDArray[np.int16]) -> NDArray[np.uint16]:
    """Twelve-bit stored values; HU = stored + `INTERCEPT`."""
    return np.clip(hu.astype(np.int32) - INTERCEPT, 0, 4095).astype("<u2")


def _image(series: Dataset, case: Case, seed: int, number: int, k: int) -> Dataset:
    """The header of slice `k`, on top of what all slices share."""
    image = copy(series)
    uid = UID(phantom_uid(seed, f"image {number}"))
    image.SOPInstanceUID = uid
    image.file_meta = file_meta(CTImageStorage, uid)
    image.InstanceNumber = number
    corner = case.grid.index_to_patient((k, 0, 0)).round(4).tolist()
    image.ImagePositionPatient = corner
    image.SliceLocation = corner[2]
    return image


def _series_header(case: Case, seed: int) -> Dataset:
    out = Dataset()
    for part in (_patient(seed), _equipment(case, seed), _plane(case)):
        out.update(part)
    return out


def _patient(seed: int) -> Dataset:
    """Patient and study: invented, and said to be."""
    out = Dataset()
    out.SpecificCharacterSet = "ISO_IR 100"
    out.PatientName, out.PatientID = PATIENT_NAME, PATIENT_ID
    out.PatientBirthDate, out.PatientSex, out.PatientAge = "19600101", "O", "066Y"
    out.PatientComments = "A procedural phantom. No person was scanned."
    out.StudyInstanceUID = phantom_uid(seed, "study")
    out.StudyDate = out.SeriesDate = out.AcquisitionDate = out.ContentDate = "20260105"
    out.StudyTime = out.SeriesTime = out.AcquisitionTime = out.ContentTime = "080000"
    out.StudyID, out.AccessionNumber, out.ReferringPhysicianName = str(seed), f"DEMO{seed}", ""
    out.StudyDescription = "CT chest, demonstration"
    return out


def _equipment(case: Case, seed: int) -> Dataset:
    """Series, equipment and how the picture was taken."""
    out = Dataset()
    out.SOPClassUID = CTImageStorage
    out.SeriesInstanceUID = phantom_uid(seed, "series")
    out.FrameOfReferenceUID, out.PositionReferenceIndicator = case.grid.frame_of_reference_uid, ""
    out.Modality, out.SeriesNumber, out.AcquisitionNumber = "CT", 2, 1
    out.SeriesDescription = f"Chest {float(case.meta['SliceThickness']):.1f} mm, procedural phantom"
    out.ProtocolName, out.BodyPartExamined, out.PatientPosition = "Phantom chest", "CHEST", "HFS"
    out.Manufacturer, out.ManufacturerModelName = (
        case.meta["Manufacturer"],
        case.meta["ManufacturerModelName"],
    )
    out.SoftwareVersions = f"generator {GENERATOR}"
    out.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    out.ImageComments = "Research only. Made by a program, not by a scanner."
    out.QualityControlImage, out.BurnedInAnnotation, out.LossyImageCompression = "YES", "NO", "00"
    out.KVP, out.XRayTubeCurrent, out.ExposureTime, out.Exposure = case.meta["KVP"], 80, 500, 40
    out.ConvolutionKernel, out.SliceThickness = case.meta["ConvolutionKernel"], case.meta["SliceThickness"]
    if case.meta["ContrastBolusAgent"]:
        out.ContrastBolusAgent = case.meta["ContrastBolusAgent"]
    return out


def _plane(case: Case) -> Dataset:
    """Geometry and pixels that all slices share."""
    out = Dataset()
    grid = case.grid
    out.ImageOrientationPatient = [*grid.axes[2], *grid.axes[1]]
    out.PixelSpacing = list(grid.spacing_mm[1:])
    out.SpacingBetweenSlices = grid.spacing_mm[0]
    out.Rows, out.Columns = grid.shape[1:]
    out.ReconstructionDiameter = round(grid.shape[2] * grid.spacing_mm[2], 1)
    out.SamplesPerPixel, out.PhotometricInterpretation = 1, "MONOCHROME2"
    out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation = 16, 12, 11, 0
    out.RescaleIntercept, out.RescaleSlope, out.RescaleType = INTERCEPT, 1, "HU"
    out.WindowCenter, out.WindowWidth = [-600, 40], [1500, 400]
    out.WindowCenterWidthExplanation = ["LUNG", "SOFT TISSUE"]
    return out
