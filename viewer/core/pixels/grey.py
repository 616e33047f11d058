"""What the grey-scale pipeline of one image is made of. Values only: the arithmetic is in `table`."""

from dataclasses import dataclass
from enum import StrEnum


class VoiFunction(StrEnum):
    """VOI LUT Function (0028,1056)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window in modality values (HU for CT), PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    centre: float
    width: float
    name: str = ""
    function: str = VoiFunction.LINEAR


@dataclass(frozen=True, slots=True)
class Lut:
    """A look-up table of PS3.3 C.11.1 or C.11.2: `entries` maps input `first`, `first` + 1, ...

    entries  little-endian uint16, two bytes an entry
    bits     bits of an entry: the output range is 0 .. 2**bits - 1
    """

    first: int
    entries: bytes
    bits: int
    name: str = ""

    @property
    def centre(self) -> float:
        """The middle of its inputs."""
        return self.first + (len(self.entries) // 2 - 1) / 2

    @property
    def width(self) -> float:
        """The span of its inputs, at least 1."""
        return float(max(len(self.entries) // 2 - 1, 1))


@dataclass(frozen=True, slots=True)
class MovedLut:
    """A VOI LUT whose inputs were moved and stretched to another window: the curve keeps its shape.

    centre, width  modality values that its middle and the span of its inputs have come to
    """

    lut: Lut
    centre: float
    width: float


Voi = Window | Lut | MovedLut


@dataclass(frozen=True, slots=True, kw_only=True)
class Grey:
    """Everything that turns a stored value into a grey level; hashable, so tables can be cached by it.

    signed        stored values are two's complement (Pixel Representation 1)
    slope, intercept  modality value = stored * slope + intercept, where there is no `modality_lut`
    voi           window or VOI LUT; None stretches the whole range of stored values to black .. white
    presentation_lut  from the output of the VOI, over its whole range, to P-values (PS3.3 C.11.4)
    invert        MONOCHROME1 xor the user's inversion
    padding       (lowest, highest) stored value that is no data, drawn black; None where there is none
    calibration   digital driving level (uint8) of each P-value, 256 to 4096 entries; b"" = identity
    bits_stored   width of the stored values; only the default stretch of `voi` None asks for it
    """

    signed: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: Lut | None = None
    voi: Voi | None = None
    presentation_lut: Lut | None = None
    invert: bool = False
    padding: tuple[int, int] | None = None
    calibration: bytes = b""
    bits_stored: int = 16
