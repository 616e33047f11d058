"""How a tomosynthesis stack would have been taken: its module's sequences (PS3.3 C.8.21)."""

from pydicom.dataset import Dataset

from inference.phantom.breast.exam import Exam
from inference.phantom.breast.view import View
from viewer.app.demo.breast.study import DAYS, distances, equipment, gantry_angle
from viewer.app.demo.breast.vendors import Vendor

PROJECTIONS = 15
"""Exposures, one degree apart."""


def acquisition(vendor: Vendor, view: View, side: str) -> Dataset:
    """Fifteen exposures over fifteen degrees."""
    item = _geometry(vendor, view)
    start = gantry_angle(view, side) - (PROJECTIONS - 1) / 2
    item.PrimaryPositionerScanArc = float(PROJECTIONS - 1)
    item.PrimaryPositionerScanStartAngle, item.PrimaryPositionerIncrement = start, 1.0
    item.AnodeTargetMaterial, item.FilterType, item.FilterMaterial = "TUNGSTEN", "STRIP", "ALUMINUM"
    item.FilterThicknessMinimum, item.FilterThicknessMaximum = 0.7, 0.7
    item.KVP, item.XRayTubeCurrentInmA, item.HalfValueLayer = 31, 100.0, 0.56
    item.ExposureTimeInms, item.ExposureInmAs = 40.0 * PROJECTIONS, 4.0 * PROJECTIONS
    item.EntranceDoseInmGy, item.OrganDose = (
        round(0.1 * view.thickness, 2),
        round(0.00027 * view.thickness, 4),
    )
    item.ExposureControlMode, item.ExposureControlModeDescription = "AUTOMATIC", "None: a program"
    item.FocalSpots, item.Grid, item.XRayReceptorType = 0.3, "NONE", "DIGITAL_DETECTOR"
    item.DetectorTemperature = 25
    item.PerProjectionAcquisitionSequence = [_projection(start + n) for n in range(PROJECTIONS)]
    return item


def _geometry(vendor: Vendor, view: View) -> Dataset:
    item = Dataset()
    item.DistanceSourceToDetector, item.DistanceSourceToPatient = distances(vendor)
    item.EstimatedRadiographicMagnificationFactor = vendor.magnification
    item.BodyPartThickness, item.CompressionForce = round(view.thickness, 1), 95
    item.PaddleDescription = "None: a program"
    item.FieldOfViewShape, item.FieldOfViewOrigin = "RECTANGLE", [1, 1]
    item.FieldOfViewDimensionsInFloat = [n * vendor.imager_mm for n in vendor.shape]
    return item


def _projection(angle: float) -> Dataset:
    """One exposure."""
    item = Dataset()
    item.PositionerPrimaryAngle, item.ExposureTimeInms, item.ExposureInmAs = angle, 40.0, 4.0
    item.KVP, item.XRayTubeCurrentInmA = 31, 100.0
    item.RelativeXRayExposure, item.OrganDose = 100, 0.001
    return item


def reconstruction() -> Dataset:
    """Said to be none."""
    item = Dataset()
    item.ReconstructionDescription = "Procedural slices, not reconstructed"
    item.ApplicationName, item.ApplicationVersion = "Tandem", "phantom"
    item.ApplicationManufacturer = "Tandem"
    item.AlgorithmType, item.AcquisitionIndex = "FILTER_BACK_PROJ", 1
    return item


def source(exam: Exam, vendor: Vendor) -> Dataset:
    """The projections that would have been the source."""
    item = equipment(exam, vendor)
    del item.Modality, item.InstitutionName
    item.Rows, item.Columns = vendor.shape
    item.BitsStored, item.LossyImageCompression = 12, "00"
    item.DetectorType, item.DetectorID = "DIRECT", "PHANTOM"
    item.DetectorElementSpacing = [vendor.imager_mm] * 2
    item.DateOfLastDetectorCalibration, item.TimeOfLastDetectorCalibration = DAYS[exam.epoch], "060000"
    return item
