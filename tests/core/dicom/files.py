"""Small DICOM files for tests, written with pydicom."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.8.498.5"
CT = "1.2.840.10008.5.1.4.1.1.2"


def ct(
    number: int = 1, z: float | None = None, pixels: np.ndarray | None = None, **changes: object
) -> Dataset:
    """One 8 x 8 CT image; `changes` by keyword, None takes an element away."""
    stored = np.full((8, 8), number, np.int16) if pixels is None else pixels
    out = Dataset()
    out.file_meta = FileMetaDataset()
    out.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out.SOPClassUID, out.SOPInstanceUID = CT, f"{ROOT}.1.1.{number}"
    out.StudyInstanceUID, out.SeriesInstanceUID, out.FrameOfReferenceUID = (
        f"{ROOT}.1",
        f"{ROOT}.1.1",
        f"{ROOT}.9",
    )
    out.PatientID, out.PatientName, out.Modality = "P1", "Doe^Jane", "CT"
    out.SeriesDescription, out.SeriesNumber, out.InstanceNumber = "Chest", 1, number
    out.StudyDate, out.SliceThickness = "20260102", "2"
    out.ImagePositionPatient = [-10, -10, 2.0 * number if z is None else z]
    out.ImageOrientationPatient, out.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.5, 0.5]
    out.Rows, out.Columns = stored.shape
    out.SamplesPerPixel, out.PhotometricInterpretation = 1, "MONOCHROME2"
    out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation = 16, 16, 15, 1
    out.RescaleIntercept, out.RescaleSlope, out.RescaleType = -1024, 1, "HU"
    out.WindowCenter, out.WindowWidth = 40, 400
    out.PixelData = stored.tobytes()
    for keyword, value in changes.items():
        if value is None:
            delattr(out, keyword)
        else:
            setattr(out, keyword, value)
    return out


def save(folder: Path, *datasets: Dataset) -> list[Path]:
    """Write them as 000.dcm, 001.dcm, ... behind what is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    start = len(list(folder.iterdir()))
    paths = [folder / f"{start + k:03d}.dcm" for k in range(len(datasets))]
    for path, dataset in zip(paths, datasets, strict=True):
        dataset.save_as(path, enforce_file_format=True)
    return paths
