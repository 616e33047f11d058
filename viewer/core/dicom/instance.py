"""What is known of one DICOM object without its pixels. Reading it from bytes is in `header`."""

from dataclasses import dataclass

from viewer.core.dicom.geometry import Vector
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.dicom.presentation import Presentation
from viewer.core.dicom.problem import Problem
from viewer.core.dicom.text import clean
from viewer.core.pixels.grey import Grey, Lut, Window
from viewer.core.pixels.overlay import Bitmap, Overlay
from viewer.core.pixels.shutter import Shutter

SYNTHETIC = ("GENERATED_2D", "TOMO_2D")
"""Image Type of a 2-D picture that is made of a tomosynthesis stack: the standard's, and an older one."""
Orientation = tuple[float, float, float, float, float, float]
"""Image Orientation (Patient): direction of growing column index, then of growing row index."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the bytes of an object lie.

    kind     "file": the file `uri`; "zip": member `member` of the archive `uri`
    uri      absolute path
    offset, length   the part of the file that is the object; length 0 = all of it
    """

    kind: str
    uri: str
    member: str = ""
    offset: int = 0
    length: int = 0

    def __str__(self) -> str:
        """Printable, whatever bytes the path has."""
        return clean(f"{self.uri}!{self.member}" if self.member else self.uri, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the functional groups of a multi-frame object say about one of its frames; None = nothing."""

    position_mm: Vector | None = None
    orientation: Orientation | None = None
    spacing_mm: tuple[float, float] | None = None
    slice_thickness_mm: float | None = None
    slope: float | None = None
    intercept: float | None = None
    units: str = ""
    windows: tuple[Window, ...] = ()
    voi_luts: tuple[Lut, ...] = ()


_PROJECTIONS = ("1.2.840.10008.5.1.4.1.1.13.1.4", "1.2.840.10008.5.1.4.1.1.13.1.5")
"""Breast Projection X-Ray Image Storage, for presentation and for processing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One object, or (in a display set) one frame of it. Texts are clean: no control characters, bounded.

    kind            "image"; or what else it is: "segmentation", "report", "presentation state",
                    "key objects", "document", "registration", "protocol", "plan", "waveform", "raw data"
    frames          number of frames in the object; `frame`: which one this is, 0-based
    position_mm, orientation, spacing_mm
                    None where absent or not believable; spacing (between rows, between columns), mm
    spacing_source  "patient" (Pixel Spacing), "imager" (Imager Pixel Spacing, at the detector),
                    "magnified" (that divided by the magnification factor, at the breast), ""
    slope, intercept
                    1 and 0 where absent or not believable; then `rescaled` is False: claim no HU
    units           what the modality value is: "HU", another Rescale Type, or ""
    padding         (lowest, highest) stored value that is no data
    pixel_offset, pixel_length
                    where the value of Pixel Data lies in the object (after inflation, where it is deflated);
                    length -1 = encapsulated
    swapped         bytes stand in big-endian 16-bit words: each pair is to be swapped
    mammogram       what the header says of a mammogram; None for anything else
    presentation    what a grayscale presentation state holds; presentation_lut: of an image shown by one
    lossy           a lossy compression lies behind the pixels (transfer syntax or (0028,2110))
    problems        what is wrong but leaves the image usable
    broken          why its pixels cannot be had although its place is known; None where they can
    copy            0; 1, 2, ... for further objects with the same SOP Instance UID but other contents
    """

    location: Location
    kind: str = "image"
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    frame_of_reference_uid: str = ""
    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    accession_number: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    series_date: str = ""
    series_time: str = ""
    series_description: str = ""
    series_number: int | None = None
    acquisition_number: int | None = None
    instance_number: int | None = None
    temporal_position: int | None = None
    echo_number: int | None = None
    modality: str = ""
    manufacturer: str = ""
    model_name: str = ""
    institution: str = ""
    image_type: tuple[str, ...] = ()
    body_part: str = ""
    protocol: str = ""
    kernel: str = ""
    kvp: float | None = None
    exposure_mas: float | None = None
    contrast: str = ""
    slice_thickness_mm: float | None = None
    gantry_tilt_deg: float | None = None
    patient_position: str = ""
    patient_orientation: tuple[str, ...] = ()
    laterality: str = ""
    view_position: str = ""
    presentation_intent: str = ""
    transfer_syntax_uid: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    frame: int = 0
    samples: int = 1
    photometric: str = ""
    planar: int = 0
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    position_mm: Vector | None = None
    orientation: Orientation | None = None
    spacing_mm: tuple[float, float] | None = None
    spacing_source: str = ""
    slope: float = 1.0
    intercept: float = 0.0
    rescaled: bool = False
    units: str = ""
    modality_lut: Lut | None = None
    padding: tuple[int, int] | None = None
    windows: tuple[Window, ...] = ()
    voi_luts: tuple[Lut, ...] = ()
    palette: tuple[Lut, Lut, Lut] | None = None
    overlays: tuple[Overlay, ...] = ()
    shutters: tuple[Shutter, ...] = ()
    covered: Bitmap | None = None
    presentation_lut: Lut | None = None
    presentation: Presentation | None = None
    lossy: bool = False
    lossy_ratio: float | None = None
    pixel_offset: int = 0
    pixel_length: int = 0
    swapped: bool = False
    per_frame: tuple[Frame, ...] = ()
    mammogram: Mammogram | None = None
    problems: tuple[Problem, ...] = ()
    broken: Problem | None = None
    copy: int = 0

    @property
    def inverted(self) -> bool:
        """True where the lowest value is white (MONOCHROME1)."""
        return self.photometric == "MONOCHROME1"

    @property
    def colour(self) -> bool:
        """True where a pixel is a colour, not a grey level."""
        return self.samples == 3 or self.photometric == "PALETTE COLOR"

    @property
    def encapsulated(self) -> bool:
        """True where Pixel Data is a sequence of compressed fragments."""
        return self.pixel_length < 0

    @property
    def is_projection(self) -> bool:
        """True for the exposures that a tomosynthesis stack is made from: tilted, and no slices."""
        said = any("PROJ" in word for word in self.image_type)
        return self.sop_class_uid in _PROJECTIONS or (self.modality == "MG" and said)

    @property
    def is_synthetic(self) -> bool:
        """True for a 2-D mammogram that was made of a tomosynthesis stack (PS3.3 C.8.11.7.1.4)."""
        return self.modality == "MG" and any(word in SYNTHETIC for word in self.image_type)

    @property
    def vois(self) -> tuple[Window | Lut, ...]:
        """All that it offers itself to be windowed with, in order: windows, then VOI LUTs."""
        return (*self.windows, *self.voi_luts)

    @property
    def grey(self) -> Grey:
        """The grey pipeline without a VOI."""
        return Grey(
            signed=self.signed,
            slope=self.slope,
            intercept=self.intercept,
            modality_lut=self.modality_lut,
            invert=self.inverted,
            presentation_lut=self.presentation_lut,
            padding=self.padding,
            bits_stored=self.bits_stored,
        )
