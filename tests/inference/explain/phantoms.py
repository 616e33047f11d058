"""Findings of the shipped models on phantoms of known truth, with what their networks were given."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from inference.bundle import load_bundle
from inference.cases import Exam, Plane, View
from inference.phantom.breast.exam import VIEWS, exams, picture
from inference.phantom.breast.picture import Detector
from inference.phantom.chest import chest
from inference.pipelines import load
from inference.protocol import Candidate, Place

NODULES_MM = (8.0, 16.0)
"""Twice the stride of the map (2 mm: that of the layer, and what it was drawn from) and more."""
MAMMOGRAM = Detector((1150, 960), 0.2, 0.004)


def shipped(name):
    """A bundle of the project, loaded."""
    folder = Path(str(files("resources"))) / "models" / name
    return load(load_bundle(folder), folder, "cpu")


@dataclass(frozen=True)
class Nodule:
    """A candidate on a nodule of the chest, and where that lies on the grid of the series (low, high)."""

    candidate: Candidate
    texture: str
    low: np.ndarray
    high: np.ndarray

    def share_inside(self, heat, start):
        """Of the mass of a map of the series, in the nodule's box dilated by its radius."""
        box = [
            slice(max(int(np.ceil(a)) - s, 0), max(int(np.floor(b)) + 1 - s, 0))
            for a, b, s in zip(self.low, self.high, start, strict=True)
        ]
        return float(heat[tuple(box)].sum() / heat.sum())


def nodules(model, out):
    """The nodules that the model found in a slab of the procedural chest of 95002."""
    case = chest(95002, nodules=8, sizes_mm=NODULES_MM, spacing_mm=(2.0, 0.9, 0.9), shape=(60, 330, 400))
    read = model.read(case, out, lambda done, doing: None)
    found = []
    for candidate in read.candidates:
        for lesion in case.lesions:
            far = np.subtract(lesion.center_lps_mm, candidate.center_lps_mm)
            if np.linalg.norm(far) < lesion.diameter_mm / 2 and candidate.look is not None:
                ends = [
                    case.grid.patient_to_index(np.array(lesion.center_lps_mm) + side * lesion.diameter_mm)
                    for side in (-1, 1)
                ]
                found.append(Nodule(candidate, lesion.texture, np.min(ends, axis=0), np.max(ends, axis=0)))
    return found


@dataclass(frozen=True)
class Mark:
    """A place of a candidate on a lesion of a phantom view; `box` of the lesion dilated by its radius."""

    place: Place
    kind: str
    box: tuple[float, float, float, float]

    def share_inside(self, heat, spread):
        """Of the mass of a map that is spread over a box of the image."""
        left, top, right, bottom = spread
        rows = top + (np.arange(heat.shape[0]) + 0.5) * (bottom - top) / heat.shape[0]
        columns = left + (np.arange(heat.shape[1]) + 0.5) * (right - left) / heat.shape[1]
        first, start, last, end = self.box
        down = (rows >= first) & (rows <= last)
        across = (columns >= start) & (columns <= end)
        return float(heat[np.ix_(down, across)].sum() / heat.sum())


def marks(model, out, seed=7):
    """What the model found of the lesions of a phantom examination."""
    exam, views, truth = exams(seed)[0], [], {}
    for side, projection in VIEWS:
        drawn = picture(exam, side, projection, MAMMOGRAM)
        pixels = (np.clip(drawn.light, 0, 1) * 65535).astype(np.uint16)
        plane = Plane((MAMMOGRAM.pixel_mm,) * 2, MAMMOGRAM.shape)
        lies = ("A", "L") if projection == "CC" else ("A", "FL")
        views.append(View(pixels, plane, side + projection, side, projection, lies))
        truth[side + projection] = drawn.marks
    read = model.read(Exam(tuple(views)), out, lambda done, doing: None)
    places = [(c, p) for c in read.candidates for p in c.places if p.look is not None]
    return [
        Mark(place, lesion.kind, _dilated(lesion))
        for candidate, place in places
        for lesion in truth[place.sop_instance_uid]
        if ("cluster" in lesion.kind) == ("cluster" in candidate.label) and _on(place, lesion)
    ]


def _on(place, lesion):
    far = np.hypot(place.row - lesion.row, place.column - lesion.column)
    return far * MAMMOGRAM.pixel_mm < lesion.diameter_mm / 2


def _dilated(lesion):
    radius = lesion.diameter_mm / 2 / MAMMOGRAM.pixel_mm
    top, left, bottom, right = lesion.box
    return top - radius, left - radius, bottom + radius, right + radius
