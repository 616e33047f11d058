"""A finding: what a reader marked or a model proposed, as one type with different authors."""

from dataclasses import dataclass
from enum import StrEnum

from viewer.core.dicom.geometry import Vector
from viewer.core.reading.description import Description
from viewer.core.reading.mask import PackedMask

Axis = tuple[Vector, Vector]
"""The two ends of a measured axis, patient mm (LPS)."""

PixelBox = tuple[float, float, float, float]
"""left, top, right, bottom edges in pixels of the stored image: the first pixel spans -0.5 to 0.5."""


class Author(StrEnum):
    """Who said it."""

    READER = "reader"
    MODEL = "model"


class Outline(StrEnum):
    """What a reader draws round a finding on an image; both fill the box of its place."""

    ELLIPSE = "ellipse"
    BOX = "box"


class Texture(StrEnum):
    """Attenuation type of a nodule (RadLex RID50151, RID50152, RID50153)."""

    SOLID = "solid"
    PART_SOLID = "part-solid"
    NON_SOLID = "non-solid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlace:
    """Where a finding lies on one image, in pixels of the stored image (the first pixel's centre is 0, 0).

    frame  from 0; None in an object of one frame
    box    where its extent is known
    outline  what a reader drew in that box; None for the extent that a model gave
    """

    sop_instance_uid: str
    series_instance_uid: str
    column: float
    row: float
    frame: int | None = None
    box: PixelBox | None = None
    outline: Outline | None = None

    def is_on(self, sop_instance_uid: str, frame: int) -> bool:
        """True on that image; `frame` from 0, also in an object of one frame."""
        return (self.sop_instance_uid, self.frame or 0) == (sop_instance_uid, frame)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: in one place of the patient, or on one or more images (one place a view), never both.

    name            what the screen calls it: R1, R2 of the reader, M1, M2 of the model
    tracking_uid    DICOM Tracking Unique Identifier: the join between model, reader and objects on disk
    center_lps_mm   patient mm, in `frame_of_reference_uid`; None where `places` say where it lies
    places          on images that have no place in the patient, such as mammograms
    description     what was said of it in the terms of BI-RADS; None for what lies in no breast
    laterality      "L" or "R" of a paired organ, "" where it is not known or does not apply
    long_axis, short_axis  ends of the axes as drawn; None where not measured
    volume_mm3      None where not segmented
    probability     calibrated probability that the finding is what `label` says (model only)
    interval        the 95 % interval of `probability`, where the model knows it
    score           the same before calibration (model only)
    malignancy      probability that it is malignant, where the model gives one
    concepts        (name, rating) of what `malignancy` rests on, where the model says so
    suggested       texture that the model names, with its probability; never taken over by itself
    mask            of an own mark whose axes were measured on it; None once they were drawn by hand
    by              whose it is, where neither our model's nor the reader's: a program of others and its
                    version, or in an arbitration one of two readers
    whole           the answer is about its whole series or image: `places` only say where to look first
    in_breast       False for places on images that are no mammograms
    certainty       that it is what `label` says, as others' models or programs state it: not calibrated here
    """

    name: str
    tracking_uid: str
    author: Author
    label: str
    series_instance_uid: str = ""
    frame_of_reference_uid: str = ""
    center_lps_mm: Vector | None = None
    places: tuple[ImagePlace, ...] = ()
    laterality: str = ""
    description: Description | None = None
    long_axis: Axis | None = None
    short_axis: Axis | None = None
    volume_mm3: float | None = None
    texture: Texture = Texture.SOLID
    solid_part_mm: float | None = None
    note: str = ""
    probability: float | None = None
    interval: tuple[float, float] | None = None
    score: float | None = None
    malignancy: float | None = None
    above_operating_point: bool = True
    mask: PackedMask | None = None
    by: str = ""
    certainty: float | None = None
    whole: bool = False
    in_breast: bool = True
    concepts: tuple[tuple[str, float], ...] = ()
    suggested: tuple[Texture, float] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a finding that lies nowhere, or both in the patient and on images."""
        if (self.center_lps_mm is None) == (not self.places):
            raise ValueError(f"{self.name} needs either a place in the patient or places on images")

    @property
    def of_series(self) -> bool:
        """True of an answer about a whole series; its box is that of the image that it rests on most."""
        return self.whole and bool(self.series_instance_uid)

    @property
    def series(self) -> frozenset[str]:
        """UIDs of the series that it lies in."""
        return frozenset(p.series_instance_uid for p in self.places) or frozenset((self.series_instance_uid,))

    def place_on(self, sop_instance_uid: str, frame: int) -> ImagePlace | None:
        """Its place on an image (frame from 0); None where it has none there."""
        return next((p for p in self.places if p.is_on(sop_instance_uid, frame)), None)

    @property
    def long_axis_mm(self) -> float | None:
        """Length of the long axis, mm."""
        return None if self.long_axis is None else _length(self.long_axis)

    @property
    def short_axis_mm(self) -> float | None:
        """Length of the short axis, mm."""
        return None if self.short_axis is None else _length(self.short_axis)

    @property
    def mean_diameter_mm(self) -> float | None:
        """(long + short) / 2 as Lung-RADS v2022 asks, mm; the long axis alone where there is no short one."""
        if self.long_axis is None:
            return None
        long = _length(self.long_axis)
        return long if self.short_axis is None else (long + _length(self.short_axis)) / 2


def _length(axis: Axis) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(*axis, strict=True)) ** 0.5)
