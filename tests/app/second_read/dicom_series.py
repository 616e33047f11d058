"""A small CT series as files, for tests that begin at the disk."""

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

SPACING = (2.0, 1.5, 1.5)
ORIGIN = (-48.0, -48.0, 100.0)


def write_series(folder, hu, *, number=1, study="1.2.9", patient="P-1", modality="CT", **elements):
    """One file a slice, feet first; `elements` overwrite what they name."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, plane in enumerate(hu):
        ds = _slice(k, plane, f"{study}.{number}", study, patient, modality, number)
        for keyword, value in elements.items():
            setattr(ds, keyword, value)
        ds.save_as(folder / f"{k:03d}.dcm", enforce_file_format=True)
    return folder


def _slice(k, plane, series, study, patient, modality, number):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"{series}.{k + 1}"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, f"{study}.99"
    ds.PatientID, ds.PatientName, ds.PatientBirthDate, ds.PatientSex = patient, "Doe^Jane", "19500101", "F"
    ds.StudyDate, ds.StudyTime, ds.StudyDescription, ds.AccessionNumber = "20260101", "101500", "Chest", ""
    ds.StudyID, ds.ReferringPhysicianName, ds.Manufacturer = "1", "", "Tandem phantom"
    ds.Modality, ds.SeriesNumber, ds.SeriesDescription = modality, number, "Lung"
    ds.InstanceNumber, ds.SliceThickness, ds.ConvolutionKernel, ds.KVP = k + 1, SPACING[0], "B30f", "120"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + k * SPACING[0]]
    ds.ImageOrientationPatient, ds.PixelSpacing = [1, 0, 0, 0, 1, 0], list(SPACING[1:])
    ds.Rows, ds.Columns = plane.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = -1024, 1, "HU"
    ds.PixelData = (plane.astype(np.int16) + 1024).tobytes()
    return ds
