"""Small mammograms on disk: a half-disc of breast at the chest wall, brighter towards the nipple.

`hung` is how a mammogram lies when it hangs; any of the eight ways in which a machine may store it is made
from that, with the Patient Orientation that goes with it.
"""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.core.hanging.exams import FOUR

MG = "1.2.840.10008.5.1.4.1.1.1.2"
CODES = {"CC": ("399162004", "cranio-caudal"), "MLO": ("399368009", "medio-lateral oblique")}
WAYS = tuple(
    (turned, across, down) for turned in (False, True) for across in (False, True) for down in (False, True)
)
"""(transposed, mirrored across, mirrored down) of the stored pixels."""
_OPPOSITE = str.maketrans("RLAPHF", "LRPAFH")


def hung(side, rows=80, columns=50):
    """(rows, columns) uint16 as hung: air 0, a breast whose chest wall is the right edge of a right breast.

    The upper half is brighter, so that a picture upside down is seen.
    """
    row, column = np.indices((rows, columns))
    depth = columns - 1 - column if side == "R" else column
    inside = (depth / (columns * 0.8)) ** 2 + ((row - rows / 2) / (rows * 0.4)) ** 2 < 1
    return np.where(inside, np.where(row < rows / 2, 3000, 1500), 0).astype(np.uint16)


def letters(side, view):
    """Patient Orientation of the hung picture: towards its right edge, towards its lower edge."""
    medial = "L" if side == "R" else "R"
    return ("P" if side == "R" else "A", medial if view == "CC" else f"F{medial}")


def stored(pixels, orientation, way):
    """The same picture as another machine stores it, and its Patient Orientation."""
    turned, across, down = way
    right, bottom = orientation
    if across:
        pixels, right = pixels[:, ::-1], right.translate(_OPPOSITE)
    if down:
        pixels, bottom = pixels[::-1], bottom.translate(_OPPOSITE)
    if turned:
        pixels, right, bottom = pixels.T, bottom, right
    return np.ascontiguousarray(pixels), [right, bottom]


def mammogram(number, side, view, *, study="1.2.7.1", date="20260105", way=WAYS[0], pixels=None, **changes):
    """One For Presentation mammogram; `changes` by keyword, None takes an element away."""
    image, orientation = stored(hung(side) if pixels is None else pixels, letters(side, view), way)
    out = Dataset()
    out.file_meta = FileMetaDataset()
    out.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out.SOPClassUID, out.SOPInstanceUID = MG, f"{study}.{number}.1"
    out.StudyInstanceUID, out.SeriesInstanceUID = study, f"{study}.{number}"
    out.PatientID, out.PatientName, out.PatientBirthDate, out.PatientSex = "P-1", "Doe^Jane", "19600101", "F"
    out.Modality, out.SeriesNumber, out.InstanceNumber = "MG", number, 1
    out.StudyDate = out.AcquisitionDate = date
    out.StudyDescription, out.SeriesDescription = "Screening mammography", f"{side} {view}"
    out.PresentationIntentType, out.ImageType = "FOR PRESENTATION", ["ORIGINAL", "PRIMARY"]
    out.ImageLaterality, out.PatientOrientation = side, orientation
    out.ViewPosition = view
    code = Dataset()
    code.CodeValue, code.CodeMeaning = CODES[view]
    code.CodingSchemeDesignator, code.ViewModifierCodeSequence = "SCT", []
    out.ViewCodeSequence = [code]
    out.ImagerPixelSpacing = [0.1, 0.1]
    out.Rows, out.Columns = image.shape
    out.SamplesPerPixel, out.PhotometricInterpretation = 1, "MONOCHROME2"
    out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation = 16, 12, 11, 0
    out.RescaleIntercept, out.RescaleSlope, out.RescaleType = 0, 1, "US"
    out.WindowCenter, out.WindowWidth, out.PresentationLUTShape = 2000, 4000, "IDENTITY"
    out.PixelData = image.tobytes()
    for keyword, value in changes.items():
        if value is None:
            delattr(out, keyword)
        else:
            setattr(out, keyword, value)
    return out


BTO = "1.2.840.10008.5.1.4.1.1.13.1.3"


def tomosynthesis(number, side, view, slices, *, windows=None, between=1.0, pixel_mm=0.1, **more):
    """A multi-frame stack of `slices` (frames, rows, columns), as hung; `windows`: one a frame."""
    out = mammogram(number, side, view, pixels=slices[0], **more)
    right, bottom = letters(side, view)
    out.SOPClassUID, out.ImageType = BTO, ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
    out.NumberOfFrames, out.FrameOfReferenceUID = len(slices), "1.2.7.9"
    out.PixelData = np.ascontiguousarray(slices).tobytes()
    for keyword in ("PatientOrientation", "WindowCenter", "WindowWidth", "ImagerPixelSpacing"):
        delattr(out, keyword)
    along = {"A": [0, -1, 0], "P": [0, 1, 0], "L": [1, 0, 0], "R": [-1, 0, 0], "FL": [0.7, 0, -0.714]}
    measures, place, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [pixel_mm, pixel_mm], between
    place.ImageOrientationPatient = [*along[right], *along[bottom]]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [place]
    out.SharedFunctionalGroupsSequence = [shared]
    normal = np.cross(along[right], along[bottom])
    out.PerFrameFunctionalGroupsSequence = [
        _frame(normal * between * k, (2000, 4000) if windows is None else windows[k])
        for k in range(len(slices))
    ]
    return out


def _frame(position, window):
    frame, place, voi = Dataset(), Dataset(), Dataset()
    place.ImagePositionPatient = [round(float(v), 6) for v in position]
    voi.WindowCenter, voi.WindowWidth = window
    frame.PlanePositionSequence, frame.FrameVOILUTSequence = [place], [voi]
    return frame


def exam(views=FOUR, **more):
    """The data sets of one examination, one series a view."""
    return [mammogram(number, side, view, **more) for number, (side, view) in enumerate(views, 1)]


def write(folder: Path, *datasets: Dataset) -> Path:
    """Write them into a folder, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    for dataset in datasets:
        dataset.save_as(folder / f"{dataset.SOPInstanceUID}.dcm", enforce_file_format=True)
    return folder
