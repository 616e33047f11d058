"""What a model says about a mammogram: marks, suggestions, and what places them in the breast. No torch."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inference.cases import Plane
from inference.pipelines.mammogram import Prepared
from inference.protocol import NearCase

MASS = "mass"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A term, and how probable it is that a reader chose it too (calibrated)."""

    value: str
    probability: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A suspected lesion on a view.

    centre, box   (row, column); (left, top, right, bottom) in stored pixels, as `cases.TruthMark.box`
    score         0..1, as the networks say it
    malignancy    of a mass, if it is one; NaN where the network does not judge it
    probability   that this is a lesion, calibrated; the score where there is no calibration yet
    suggestions   by property: `shape`, `margin`
    nearest       masses of the training patients that are most like it
    asymmetry     how much brighter it is than the other breast there (see `left_right`); NaN where unknown
    """

    centre: tuple[float, float]
    box: tuple[float, float, float, float]
    score: float
    malignancy: float
    label: str = MASS
    probability: float = float("nan")
    suggestions: dict[str, Suggestion] = field(default_factory=dict)
    asymmetry: float = float("nan")
    nearest: tuple[NearCase, ...] = ()


@dataclass(frozen=True, slots=True)
class Marked:
    """One view after reading, with all that its findings are put together from.

    image, laterality, view  as of the view (`cases.View`)
    nipple   (row, column) stored pixels: the place of the breast farthest from the chest wall
    axis     of the stored image that leads away from the chest wall: 1, columns, but in an image that lies
    density  suggested BI-RADS density of the breast, "a" to "d"
    marks    most probable first, all labels
    prepared the breast as the networks see it, for comparing left and right
    """

    image: str
    laterality: str
    view: str
    plane: Plane
    nipple: tuple[float, float]
    marks: tuple[Mark, ...]
    axis: int = 1
    density: Suggestion | None = None
    prepared: Prepared | None = field(default=None, repr=False, compare=False)

    def nipple_mm(self, mark: Mark) -> float:
        """Distance of a mark from the nipple on this view, mm."""
        return float(np.hypot(*self._from_nipple(mark)))

    def behind_nipple_mm(self, mark: Mark) -> float:
        """The part of that distance that leads to the chest wall."""
        return abs(float(self._from_nipple(mark)[self.axis]))

    def _from_nipple(self, mark: Mark) -> NDArray[np.float64]:
        return self.plane.to_mm(mark.centre) - self.plane.to_mm(self.nipple)
