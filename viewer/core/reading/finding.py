"""A finding: what a reader marked or a model proposed, as one type with different authors."""

from dataclasses import dataclass
from enum import StrEnum

from viewer.core.dicom.geometry import Vector
from viewer.core.reading.mask import PackedMask

Axis = tuple[Vector, Vector]
"""The two ends of a measured axis, patient mm (LPS)."""


class Author(StrEnum):
    """Who said it."""

    READER = "reader"
    MODEL = "model"


class Texture(StrEnum):
    """Attenuation type of a nodule (RadLex RID50151, RID50152, RID50153)."""

    SOLID = "solid"
    PART_SOLID = "part-solid"
    NON_SOLID = "non-solid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding in one place.

    name            what the screen calls it: R1, R2 of the reader, M1, M2 of the model
    tracking_uid    DICOM Tracking Unique Identifier: the join between model, reader and objects on disk
    center_lps_mm   patient mm, in `frame_of_reference_uid`
    long_axis, short_axis  ends of the axes as drawn; None where not measured
    volume_mm3      None where not segmented
    probability     calibrated probability that the finding is what `label` says (model only)
    interval        the 95 % interval of `probability`, where the model knows it
    score           the same before calibration (model only)
    malignancy      probability that it is malignant, where the model gives one
    mask            of an own mark whose axes were measured on it; None once they were drawn by hand
    """

    name: str
    tracking_uid: str
    author: Author
    label: str
    series_instance_uid: str
    frame_of_reference_uid: str
    center_lps_mm: Vector
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
