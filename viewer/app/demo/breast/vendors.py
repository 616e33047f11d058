"""Two vendors that do not exist: how mammography systems differ in matrix, polarity and grey scale."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from inference.phantom.breast.picture import Detector

WHITE = 0.9
"""Brightness of the phantom that is shown white."""
SOURCE_TO_DETECTOR_MM = 660.0


@dataclass(frozen=True, slots=True)
class Vendor(ABC):
    """A mammography system.

    imager_mm      distance of pixels at the detector; in the breast they are nearer, by `magnification`
    chest_wall     side of the stored picture where the chest wall is: of right breasts, of left ones
    """

    manufacturer: str
    model: str
    shape: tuple[int, int]
    imager_mm: float
    magnification: float
    noise: float
    chest_wall: tuple[str, str]

    @property
    def detector(self) -> Detector:
        """Its pixels as they lie in the breast."""
        return Detector(self.shape, self.imager_mm / self.magnification, self.noise)

    def mirrors(self, side: str) -> bool:
        """Whether pictures of that breast are stored with the chest wall at the last column."""
        return self.chest_wall["RL".index(side)] == "right"

    @abstractmethod
    def stored(self, light: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.uint16]:
        """Stored values of brightness (rows, columns) where `inside` is the breast."""

    @abstractmethod
    def grey(self) -> Dataset:
        """How these are to be shown: polarity, bits, padding, windows, look-up tables."""


@dataclass(frozen=True, slots=True)
class Sigmoid(Vendor):
    """MONOCHROME1 of 12 bits, sigmoid windows, and the same three contrasts as VOI LUTs."""

    centre, width = 2048.0, 1480.0
    contrasts = (("NORMAL", 1.0), ("HARDER", 0.75), ("SOFTER", 1.35))

    def stored(self, light: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.uint16]:
        """What its sigmoid turns into the brightness, inverted (PS3.3 C.11.2.1.3.1 solved for x)."""
        share = np.clip(light / WHITE, 0.004, 0.996)
        value = self.centre - self.width / 4 * np.log(1 / share - 1)
        return np.asarray(np.rint(4095 - np.clip(value, 0, 4095)), np.uint16)

    def grey(self) -> Dataset:
        """Windows and LUTs are of stored values; polarity follows after them."""
        out = _pixels("MONOCHROME1", 12)
        out.PresentationLUTShape = "INVERSE"
        out.VOILUTFunction = "SIGMOID"
        centre = 4095 - self.centre
        out.WindowCenter = [centre] * 3
        out.WindowWidth = [round(self.width * share, 1) for _, share in self.contrasts]
        out.WindowCenterWidthExplanation = [name for name, _ in self.contrasts]
        out.VOILUTSequence = [self._lut(name, centre, self.width * share) for name, share in self.contrasts]
        return out

    @staticmethod
    def _lut(name: str, centre: float, width: float) -> Dataset:
        """4096 entries of 12 bits from the first stored value on."""
        value = 4095 / (1 + np.exp(-4 * (np.arange(4096) - centre) / width))
        lut = Dataset()
        lut.add_new("LUTDescriptor", "US", [4096, 0, 12])
        lut.LUTExplanation = name
        lut.add_new("LUTData", "US", np.rint(value).astype(int).tolist())
        return lut


@dataclass(frozen=True, slots=True)
class Padded(Vendor):
    """MONOCHROME2 of 14 bits, linear windows, and padding beside the breast."""

    black, white = 800.0, 14_000.0
    air_mm = 5.0

    def stored(self, light: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.uint16]:
        """Air further than some mm from the skin is padding, 0."""
        from scipy.ndimage import uniform_filter  # heavy, and only pictures need it

        value = self.black + light / WHITE * (self.white - self.black)
        size = 2 * int(self.air_mm / self.imager_mm) + 1
        near = uniform_filter(inside.astype(np.float32), size, mode="nearest") > 1e-5
        return np.asarray(np.where(near, np.clip(np.rint(value), 1, 16_383), 0), np.uint16)

    def grey(self) -> Dataset:
        """Three windows about the same middle."""
        out = _pixels("MONOCHROME2", 14)
        out.PresentationLUTShape = "IDENTITY"
        out.PixelPaddingValue = 0
        out.VOILUTFunction = "LINEAR"
        width = self.white - self.black
        out.WindowCenter = [round(self.black + width / 2)] * 3
        out.WindowWidth = [round(width * share) for share in (1.0, 0.8, 1.3)]
        out.WindowCenterWidthExplanation = ["NORMAL", "HARDER", "SOFTER"]
        return out


def _pixels(photometric: str, bits: int) -> Dataset:
    out = Dataset()
    out.SamplesPerPixel, out.PhotometricInterpretation = 1, photometric
    out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation = 16, bits, bits - 1, 0
    out.PixelIntensityRelationship, out.PixelIntensityRelationshipSign = "LOG", -1
    if photometric == "MONOCHROME1":
        out.PixelIntensityRelationshipSign = 1
    out.RescaleIntercept, out.RescaleSlope, out.RescaleType = 0, 1, "US"
    return out


CURRENT = Sigmoid("Imaginary Imaging A", "Phantom A", (2394, 1914), 0.1, 1.04, 0.011, ("right", "left"))
"""Right breasts are stored as they are hung."""
PRIOR = Padded("Imaginary Imaging B", "Phantom B", (5120, 4096), 0.05, 1.02, 0.018, ("left", "left"))
"""Both breasts are stored with the chest wall at the first column: Patient Orientation tells how to hang."""
