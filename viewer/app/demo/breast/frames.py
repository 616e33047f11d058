"""Functional groups of a stack of a left breast: where its frames are and how they are shown."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from inference.phantom.breast.tomosynthesis import SLICE_MM
from inference.phantom.breast.view import View
from viewer.app.demo.breast.study import BREAST, coded

IMAGE_TYPE = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
BLACK, WHITE_VALUE = 120, 3600
"""Stored values that are shown black and white."""


def _directions(view: View) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors (LPS) of growing column, growing row, and along the beam, for a left breast."""
    turn = np.deg2rad(view.angle)
    down = np.array([-np.cos(turn), 0.0, -np.sin(turn)])  # against lateral and up
    beam = np.array([np.sin(turn), 0.0, -np.cos(turn)])
    return np.array([0.0, -1.0, 0.0]), down, beam


def corner(view: View, height: float, top: float, pixel_mm: float) -> list[float]:
    """Centre of the first pixel, mm; the origin lies at the chest wall behind the nipple."""
    forward, down, beam = _directions(view)
    return [round(float(v), 4) for v in beam * height - down * top + forward * pixel_mm / 2]


def shared(view: View, side: str, pixel_mm: float) -> Dataset:
    """What is the same for all frames."""
    out = Dataset()
    out.PixelMeasuresSequence = [_measures(pixel_mm)]
    out.PlaneOrientationSequence = [_orientation(view)]
    out.FrameAnatomySequence = [_anatomy(side)]
    out.FrameVOILUTSequence = [_window()]
    out.PixelValueTransformationSequence = [_identity()]
    return out


def _measures(pixel_mm: float) -> Dataset:
    item = Dataset()
    item.PixelSpacing, item.SliceThickness, item.SpacingBetweenSlices = [pixel_mm] * 2, SLICE_MM, SLICE_MM
    return item


def _orientation(view: View) -> Dataset:
    forward, down, _ = _directions(view)
    item = Dataset()
    item.ImageOrientationPatient = [round(float(v), 6) for v in (*forward, *down)]
    return item


def _anatomy(side: str) -> Dataset:
    item = Dataset()
    item.AnatomicRegionSequence, item.FrameLaterality = [coded(BREAST)], side
    return item


def _window() -> Dataset:
    item = Dataset()
    width = WHITE_VALUE - BLACK
    item.WindowCenter, item.WindowWidth = BLACK + width / 2, width
    item.WindowCenterWidthExplanation, item.VOILUTFunction = "NORMAL", "LINEAR_EXACT"
    return item


def _identity() -> Dataset:
    item = Dataset()
    item.RescaleIntercept, item.RescaleSlope, item.RescaleType = 0, 1, "US"
    return item


def _frame_type() -> Dataset:
    item = Dataset()
    item.FrameType, item.PixelPresentation = IMAGE_TYPE, "MONOCHROME"
    item.VolumetricProperties, item.VolumeBasedCalculationTechnique = "VOLUME", "TOMOSYNTHESIS"
    item.ReconstructionIndex = 1
    return item


def frame(number: int, first_pixel_mm: list[float]) -> Dataset:
    """Place of one frame."""
    content = Dataset()
    content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = "1", number, [number]
    position = Dataset()
    position.ImagePositionPatient = first_pixel_mm
    out = Dataset()
    out.FrameContentSequence, out.PlanePositionSequence = [content], [position]
    out.XRay3DFrameTypeSequence = [_frame_type()]
    return out
