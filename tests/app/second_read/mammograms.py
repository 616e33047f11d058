"""The drawn examination of the tests as DICOM files: one For Presentation object a view."""

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation as FOR_PRESENTATION
from pydicom.uid import ExplicitVRLittleEndian

from tests.inference import breasts

STUDY = "1.2.40"
VIEW_CODES = {"CC": "399162004", "MLO": "399368009", "ML": "399260004"}


def write_exam(folder, *names, **elements):
    """All four views, or those named; `elements` overwrite what they name in each."""
    for number, name in enumerate(names or breasts.MASSES, start=1):
        write_view(folder, *name, number=number, **elements)
    return folder


def write_view(folder, side, projection, *, number=1, modifiers=(), pixels=None, **elements):
    """One view of the drawn examination; an element that is None is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    view = breasts.view(side, projection if projection in ("CC", "MLO") else "CC")
    ds = _object(number)
    _place(ds, view, projection, modifiers)
    _stored(ds, view.pixels if pixels is None else pixels)
    for keyword, value in elements.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    ds.save_as(folder / f"{number:02d}.dcm", enforce_file_format=True)
    return ds.SOPInstanceUID


def _object(number):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = FOR_PRESENTATION
    meta.MediaStorageSOPInstanceUID = f"{STUDY}.{number}.1"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = FOR_PRESENTATION, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, f"{STUDY}.{number}"
    ds.PatientID, ds.PatientName, ds.PatientBirthDate, ds.PatientSex = "P-2", "Doe^Anne", "19600101", "F"
    ds.StudyDate, ds.StudyTime, ds.StudyDescription, ds.AccessionNumber = (
        "20260101",
        "101500",
        "Screening",
        "",
    )
    ds.StudyID, ds.ReferringPhysicianName, ds.Manufacturer = "1", "", "Tandem drawing"
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "MG", number, 1
    ds.SeriesDate, ds.SeriesTime = "20260101", f"1015{number:02d}"
    ds.PresentationIntentType, ds.ImageType = "FOR PRESENTATION", ["DERIVED", "PRIMARY"]
    return ds


def _place(ds, view, projection, modifiers):
    ds.ImageLaterality, ds.ViewPosition = view.laterality, projection
    ds.PatientOrientation = list(view.patient_orientation)
    code = _coded(VIEW_CODES[projection])
    code.ViewModifierCodeSequence = [_coded(value) for value in modifiers]
    ds.ViewCodeSequence = [code]
    ds.BreastImplantPresent, ds.PartialView = "NO", "NO"
    ds.ImagerPixelSpacing = [breasts.MM, breasts.MM]


def _coded(value):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "view"
    return item


def _stored(ds, pixels):
    """12 bits, MONOCHROME1, a window over all of them: what the table makes of it is `pixels` again."""
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME1"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PresentationLUTShape, ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "INVERSE", 0, 1, "US"
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 2047.5, 4095, "LINEAR_EXACT"
    ds.PixelData = (4095 - np.rint(pixels / 65535 * 4095)).astype("<u2").tobytes()
