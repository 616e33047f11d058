"""A screening examination of one woman, and the one a year before: what is in the pictures, and where.

In the current examination there are an oval circumscribed mass (as large as a year ago), a spiculated mass
that has grown, and a calcification cluster that is new. One seed gives one examination, as in
`phantom.chest`.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.build import Build, Points
from inference.phantom.breast.lesions import Lesion, lesion
from inference.phantom.breast.picture import Breast, Detector, expose
from inference.phantom.breast.strands import strands
from inference.phantom.breast.tissue import tissue, woman
from inference.phantom.breast.truth import Mark, mark
from inference.phantom.breast.view import Projection, View

GENERATOR = 5
"""Rises with every change that makes another picture of a seed."""
DEMO_SEED = 7
Side = Literal["R", "L"]
Epoch = Literal["current", "prior"]
VIEWS: tuple[tuple[Side, Projection], ...] = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
GROWTH = 0.55
"""Diameter of the growing mass a year ago, as a share of today's."""


@dataclass(frozen=True, slots=True)
class Exam:
    """Two breasts on one day. `pose` gives the angle of the oblique views and how each breast was laid."""

    seed: int
    epoch: Epoch
    build: Build
    right: Breast
    left: Breast
    angle: float
    shifts: NDArray[np.float64]

    def breast(self, side: Side) -> Breast:
        """The breast of that side."""
        return self.right if side == "R" else self.left

    def view(self, side: Side, projection: Projection) -> View:
        """How that breast lies for that view."""
        number = VIEWS.index((side, projection))
        shift = (float(self.shifts[number, 0]), float(self.shifts[number, 1]))
        return View(self.build, projection, 0.0 if projection == "CC" else self.angle, shift)


@dataclass(frozen=True, slots=True)
class Picture:
    """One mammogram as hung from the left: chest wall at column 0, axilla or lateral side at row 0.

    light   float32 (rows, columns): 0 air, about 1 white
    inside  bool: the breast
    marks   what there is to be found, in pixels of this picture
    """

    side: Side
    view: View
    pixel_mm: float
    light: NDArray[np.float32]
    inside: NDArray[np.bool_]
    marks: tuple[Mark, ...]


def exams(seed: int) -> tuple[Exam, Exam]:
    """The current examination and its prior."""
    rng = np.random.default_rng([seed, 3])
    both = woman(rng)
    bare = []
    for _ in range(2):
        own = tissue(rng, both)
        bare.append(Breast(own, strands(rng, own), ()))
    today = _lesions(rng, both.build)
    return (
        _exam(seed, "current", both.build, bare, today),
        _exam(seed, "prior", both.build, bare, _a_year_ago(today)),
    )


def _exam(seed: int, epoch: Epoch, build: Build, bare: list[Breast], lesions: tuple[Lesion, ...]) -> Exam:
    rng = np.random.default_rng([seed, 4, epoch == "prior"])
    right, left = (
        replace(breast, lesions=tuple(what for what in lesions if what.side == side))
        for breast, side in zip(bare, "RL", strict=True)
    )
    return Exam(seed, epoch, build, right, left, float(rng.uniform(40, 50)), rng.uniform(-3, 2, (4, 2)))


def _lesions(rng: np.random.Generator, build: Build) -> tuple[Lesion, ...]:
    """Places where both views show them: in front of the muscle, off the rim."""
    scale = np.array([build.depth, build.reach, build.reach])

    def place(depth: float, lateral: float, up: float) -> Points:
        return np.asarray((np.array([depth, lateral, up]) + rng.uniform(-0.03, 0.03, 3)) * scale)

    return (
        lesion(rng, "L1", "spiculated mass", "L", place(0.52, 0.36, 0.26), rng.uniform(12, 15)),
        lesion(rng, "L2", "circumscribed mass", "R", place(0.5, -0.3, -0.24), rng.uniform(9, 12)),
        lesion(rng, "L3", "calcification cluster", "R", place(0.6, 0.16, 0.2), rng.uniform(8, 11)),
    )


def _a_year_ago(today: tuple[Lesion, ...]) -> tuple[Lesion, ...]:
    """The spiculated mass smaller, the circumscribed one as it is, no calcifications."""
    grown, stable, _ = today
    return grown.scaled(GROWTH), stable


def picture(exam: Exam, side: Side, projection: Projection, detector: Detector) -> Picture:
    """One of the four views."""
    view = exam.view(side, projection)
    seed = exam.seed * 8 + VIEWS.index((side, projection)) + 4 * (exam.epoch == "prior")
    light, inside = expose(exam.breast(side), view, detector, seed)
    return Picture(side, view, detector.pixel_mm, light, inside, marks(exam, side, projection, detector))


def marks(exam: Exam, side: Side, projection: Projection, detector: Detector) -> tuple[Mark, ...]:
    """What there is to be found in that view, in pixels of the detector."""
    view = exam.view(side, projection)
    top = detector.low(view) + (detector.shape[0] - 1) * detector.pixel_mm
    lesions = exam.breast(side).lesions
    return tuple(mark(what, view, exam.build, top, detector.pixel_mm) for what in lesions)
