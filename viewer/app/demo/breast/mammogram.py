"""A mammogram as a Digital Mammography X-Ray Image for presentation (PS3.3 A.26)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID, DigitalMammographyXRayImageStorageForPresentation

from inference.phantom.breast.exam import VIEWS, Exam, Picture
from inference.phantom.breast.truth import Mark, mirrored
from viewer.app.demo.breast.study import (
    BREAST,
    coded,
    distances,
    equipment,
    gantry_angle,
    study,
    uid,
    view_code,
)
from viewer.app.demo.breast.vendors import Vendor
from viewer.app.demo.place import file_meta

SOP_CLASS = DigitalMammographyXRayImageStorageForPresentation


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and whose it is."""

    exam: Exam
    vendor: Vendor
    picture: Picture

    @property
    def name(self) -> str:
        """RCC, LCC, RMLO or LMLO."""
        return f"{self.picture.side}{self.picture.view.projection}"


def mammogram(shot: Shot) -> Dataset:
    """The whole object, pixels and all; `save_as` writes it."""
    out = Dataset()
    parts = (
        study(shot.exam), equipment(shot.exam, shot.vendor), _series(shot), _view(shot),
        _technique(shot), _geometry(shot.vendor), shot.vendor.grey(),
    )  # fmt: skip
    for part in parts:
        out.update(part)
    pixels = stored(shot)
    out.Rows, out.Columns = pixels.shape
    out.PixelData = pixels.astype("<u2").tobytes()
    out.file_meta = file_meta(SOP_CLASS, UID(out.SOPInstanceUID))
    return out


def stored(shot: Shot) -> NDArray[np.uint16]:
    """Stored values as the vendor lays them down."""
    pixels = shot.vendor.stored(shot.picture.light, shot.picture.inside)
    return np.ascontiguousarray(pixels[:, ::-1]) if shot.vendor.mirrors(shot.picture.side) else pixels


def stored_marks(shot: Shot) -> tuple[Mark, ...]:
    """The truth in pixels of the stored picture."""
    marks = shot.picture.marks
    if not shot.vendor.mirrors(shot.picture.side):
        return marks
    return tuple(mirrored(mark, shot.picture.light.shape[1]) for mark in marks)


def orientation(side: str, projection: str, mirrors: bool) -> list[str]:
    """Patient Orientation: where columns go, and where rows go."""
    inward = "L" if side == "R" else "R"
    return ["P" if mirrors else "A", inward if projection == "CC" else f"F{inward}"]


def _series(shot: Shot) -> Dataset:
    out = Dataset()
    out.SOPClassUID, out.SOPInstanceUID = SOP_CLASS, uid(shot.exam, f"image {shot.name}")
    number = VIEWS.index((shot.picture.side, shot.picture.view.projection)) + 1
    out.SeriesInstanceUID, out.SeriesNumber = uid(shot.exam, f"series {shot.name}"), number
    out.InstanceNumber, out.AcquisitionNumber = 1, number
    out.SeriesDescription = f"{shot.name[0]} {shot.name[1:]} phantom"
    out.PresentationIntentType, out.ImageType = "FOR PRESENTATION", ["DERIVED", "PRIMARY"]
    out.ImageComments = "Research only. Made by a program, not by a detector."
    out.QualityControlImage, out.BurnedInAnnotation, out.LossyImageCompression = "YES", "NO", "00"
    return out


def _view(shot: Shot) -> Dataset:
    """Which breast is seen from where."""
    side, view = shot.picture.side, shot.picture.view
    out = Dataset()
    out.ImageLaterality, out.ViewPosition = side, view.projection
    out.PatientOrientation = orientation(side, view.projection, shot.vendor.mirrors(side))
    out.ViewCodeSequence, out.AnatomicRegionSequence = [view_code(view)], [coded(BREAST)]
    out.BodyPartExamined, out.OrganExposed = "BREAST", "BREAST"
    out.BreastImplantPresent, out.PartialView = "NO", "NO"
    out.AcquisitionContextSequence = []
    return out


def _technique(shot: Shot) -> Dataset:
    """How it was exposed; thicker breasts take more."""
    view = shot.picture.view
    out = Dataset()
    out.PositionerType = "MAMMOGRAPHIC"
    out.PositionerPrimaryAngle = gantry_angle(view, shot.picture.side)
    out.BodyPartThickness, out.CompressionForce = round(view.thickness, 1), 95
    out.KVP, out.AnodeTargetMaterial = 29, "TUNGSTEN"
    out.FilterMaterial = "RHODIUM"
    out.ExposureTime, out.XRayTubeCurrent = 900, 100
    out.Exposure = round(40 + view.thickness)
    out.ExposureInuAs = out.Exposure * 1000
    out.EntranceDoseInmGy, out.OrganDose = round(0.09 * view.thickness, 2), round(0.00024 * view.thickness, 4)
    out.FocalSpots, out.Grid = 0.3, "RECIPROCATING"
    out.ExposureControlMode = "AUTOMATIC"
    out.OperatorsName = "Phantom^T"
    return out


def _geometry(vendor: Vendor) -> Dataset:
    """Pixels are measured at the detector; the breast is nearer to the source."""
    out = Dataset()
    out.ImagerPixelSpacing = [vendor.imager_mm] * 2
    out.DistanceSourceToDetector, out.DistanceSourceToPatient = distances(vendor)
    out.EstimatedRadiographicMagnificationFactor = vendor.magnification
    out.DetectorType, out.DetectorConfiguration = "DIRECT", "AREA"
    out.DetectorID, out.DetectorDescription = "PHANTOM", "No detector: a program"
    out.FieldOfViewShape = "RECTANGLE"
    out.FieldOfViewDimensions = [round(n * vendor.imager_mm) for n in reversed(vendor.shape)]
    return out
