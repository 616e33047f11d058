"""A tomosynthesis stack as Breast Tomosynthesis Image (PS3.3 A.55): multi-frame, losslessly compressed.

Beside it the 2-D picture that is made of its slices.
"""

from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, BreastTomosynthesisImageStorage, JPEGLSLossless

from inference.phantom.breast.exam import Exam, Picture, Side, marks
from inference.phantom.breast.synthetic import Synthetic
from inference.phantom.breast.tomosynthesis import slices
from inference.phantom.breast.truth import Mark
from inference.phantom.breast.view import Projection, View
from viewer.app.demo.breast.acquisition import acquisition, reconstruction, source
from viewer.app.demo.breast.frames import BLACK, IMAGE_TYPE, WHITE_VALUE, corner, frame, shared
from viewer.app.demo.breast.generated import generated
from viewer.app.demo.breast.mammogram import Shot, stored_marks
from viewer.app.demo.breast.study import equipment, study, uid, view_code
from viewer.app.demo.breast.vendors import Vendor
from viewer.app.demo.place import file_meta

SIDE: Side = "L"
"""The breast with the mass that has grown, in the oblique view."""
PROJECTION: Projection = "MLO"
BITS = 12


@dataclass(frozen=True, slots=True)
class Stack:
    """The object, and where its lesions are: pixels, and the frame that shows their middle.

    synthetic, synthetic_lesions  the same of the 2-D picture
    """

    image: Dataset
    lesions: tuple[Mark, ...]
    synthetic: Dataset
    synthetic_lesions: tuple[Mark, ...]


def stack(exam: Exam, vendor: Vendor, shape: tuple[int, int], pixel_mm: float) -> Stack:
    """The stack of `SIDE` on a matrix of (rows, columns) of `pixel_mm`."""
    detector = replace(vendor.detector, shape=shape, pixel_mm=pixel_mm)
    view = exam.view(SIDE, PROJECTION)
    heights, frames, flat = [], [], Synthetic()
    for height, light in slices(exam.breast(SIDE), view, detector, exam.seed):
        heights.append(height)
        frames.append(_encoded(light))
        flat.add(light)
    low = detector.low(view)
    top = low + (shape[0] - 1) * pixel_mm
    image = _header(exam, vendor, view)
    image.Rows, image.Columns, image.NumberOfFrames = *shape, len(frames)
    image.SharedFunctionalGroupsSequence = [shared(view, SIDE, pixel_mm)]
    image.PerFrameFunctionalGroupsSequence = [
        frame(number, corner(view, height, top, pixel_mm)) for number, height in enumerate(heights, start=1)
    ]
    image.PixelData = encapsulate(frames)
    image["PixelData"].VR = "OB"
    image.file_meta = file_meta(BreastTomosynthesisImageStorage, UID(image.SOPInstanceUID), JPEGLSLossless)
    found = marks(exam, SIDE, PROJECTION, detector)
    depths = [float(view.to_view(mark.breast_mm)[0]) for mark in found]
    frames_of = [1 + int(np.argmin(np.abs(np.array(heights) - depth))) for depth in depths]
    lesions = tuple(msgspec.structs.replace(mark, frame=n) for mark, n in zip(found, frames_of, strict=True))
    shot = _shot(exam, vendor, shape, pixel_mm, flat.picture(), found)
    return Stack(image, lesions, generated(shot, image), stored_marks(shot))


def _shot(
    exam: Exam,
    vendor: Vendor,
    shape: tuple[int, int],
    pixel_mm: float,
    light: NDArray[np.float32],
    found: tuple[Mark, ...],
) -> Shot:
    """The 2-D picture as if a detector with the pixels of the stack had exposed it."""
    detector = replace(vendor, shape=shape, imager_mm=pixel_mm * vendor.magnification)
    picture = Picture(SIDE, exam.view(SIDE, PROJECTION), pixel_mm, light, light > 0, found)
    return Shot(exam, detector, picture)


def _encoded(light: NDArray[np.float32]) -> bytes:
    from imagecodecs import jpegls_encode  # takes longer to import than all else here

    value = BLACK + light / np.float32(0.9) * (WHITE_VALUE - BLACK)
    return bytes(jpegls_encode(np.clip(np.rint(value), 0, 4095).astype(np.uint16)))


def _header(exam: Exam, vendor: Vendor, view: View) -> Dataset:
    out = study(exam)
    out.update(equipment(exam, vendor))
    out.SOPClassUID, out.SOPInstanceUID = BreastTomosynthesisImageStorage, uid(exam, "stack")
    out.SeriesInstanceUID, out.SeriesNumber, out.InstanceNumber = uid(exam, "series stack"), 5, 1
    out.SeriesDescription = f"{SIDE} {PROJECTION} tomosynthesis phantom"
    out.FrameOfReferenceUID, out.PositionReferenceIndicator = uid(exam, "frame of reference"), ""
    del out.AcquisitionDate, out.AcquisitionTime
    out.ImageType = IMAGE_TYPE
    out.ImageComments = "Research only. Made by a program, not by a detector."
    out.ContentQualification, out.QualityControlImage = "RESEARCH", "YES"
    out.BurnedInAnnotation, out.LossyImageCompression = "NO", "00"
    out.VolumetricProperties, out.VolumeBasedCalculationTechnique = "VOLUME", "TOMOSYNTHESIS"
    out.PixelPresentation, out.PresentationLUTShape = "MONOCHROME", "IDENTITY"
    out.SamplesPerPixel, out.PhotometricInterpretation = 1, "MONOCHROME2"
    out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation = 16, BITS, BITS - 1, 0
    out.BodyPartExamined, out.ViewCodeSequence = "BREAST", [view_code(view)]
    out.BreastImplantPresent, out.PartialView = "NO", "NO"
    out.AcquisitionContextSequence, out.DimensionOrganizationSequence = [], [_organization(exam)]
    out.DimensionIndexSequence = [_index(exam)]
    out.XRay3DAcquisitionSequence = [acquisition(vendor, view, SIDE)]
    out.XRay3DReconstructionSequence = [reconstruction()]
    out.ContributingSourcesSequence = [source(exam, vendor)]
    return out


def _organization(exam: Exam) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = uid(exam, "dimensions")
    return item


def _index(exam: Exam) -> Dataset:
    """Frames are ordered by their place in the stack."""
    item = Dataset()
    item.DimensionOrganizationUID = uid(exam, "dimensions")
    item.DimensionIndexPointer, item.FunctionalGroupPointer = 0x00209057, 0x00209111
    item.DimensionDescriptionLabel = "In-stack position"
    return item
