"""The data set `mg`: digitised films of CBIS-DDSM with boxes, and normal views of DDSM. Its only reader.

The normal views are never learnt from: DDSM states no licence. They are measured only.
"""

import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from inference.cases import Plane, TruthMark, View

CALIBRATION_SHARE = 10
"""One training patient in so many is kept for calibration."""
NORMAL_MM = 0.25
"""Assumed pixel of the normal views, whose scale is not known."""
SIDES = {"LEFT": "L", "RIGHT": "R"}


class Part(StrEnum):
    """On which side of the split a patient stands; nothing of one patient is ever on two sides."""

    TRAINING = "training"
    CALIBRATION = "calibration"
    """Scores to probabilities and operating points are chosen on these."""
    VALIDATION = "validation"
    """Only measured, once everything is frozen."""
    NORMAL = "normal"
    """Normal views, of whatever split: only measured."""


@dataclass(frozen=True, slots=True)
class Film:
    """One row of `views.csv` with its lesions; `spacing_mm` of the stored image."""

    id: str
    patient: str
    part: Part
    split: str
    side: str
    view: str
    density: str
    wall: str
    spacing_mm: float
    archive: Path
    member: str
    truth: tuple[TruthMark, ...] = ()

    @property
    def orientation(self) -> tuple[str, str]:
        """Patient Orientation as a header would have it: columns grow away from the measured chest wall."""
        return ("A" if self.wall == "left" else "P", "F" if self.view == "MLO" else "")

    def read(self) -> View:
        """Decode it."""
        with zipfile.ZipFile(self.archive) as archive:
            grey = imagecodecs.imread(archive.read(self.member))
        return self.shown(np.asarray(grey))

    def shown(self, grey: NDArray[np.uint8]) -> View:
        """(rows, columns) stored values as a view."""
        pixels = grey.astype(np.uint16) * np.uint16(257)
        plane = Plane((self.spacing_mm, self.spacing_mm), (pixels.shape[0], pixels.shape[1]))
        meta = {"Modality": "MG", "density": self.density}
        side = SIDES[self.side]
        return View(pixels, plane, self.id, side, self.view, self.orientation, truth=self.truth, meta=meta)


def part(patient: str, split: str, kind: str) -> Part:
    """By the split of the data set; one in ten training patients calibrates, by the name's MD5."""
    if kind == "normal":
        return Part.NORMAL
    if split != "train":
        return Part.VALIDATION
    digest = hashlib.md5(patient.encode(), usedforsecurity=False).digest()
    return Part.CALIBRATION if digest[0] % CALIBRATION_SHARE == 0 else Part.TRAINING


def films(data: Path, wanted: Callable[[Film], bool] = lambda _: True) -> list[Film]:
    """Those that are wanted, by name."""
    truth: dict[str, list[TruthMark]] = {}
    for row in _rows(data / "lesions.csv"):
        truth.setdefault(row["view_id"], []).append(_mark(row))
    found = [_film(data, row, tuple(truth.get(row["view_id"], ()))) for row in _rows(data / "views.csv")]
    return sorted((film for film in found if wanted(film)), key=lambda film: film.id)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _film(data: Path, row: dict[str, str], truth: tuple[TruthMark, ...]) -> Film:
    return Film(
        id=row["view_id"],
        patient=row["patient"],
        part=part(row["patient"], row["split"], row["kind"]),
        split=row["split"],
        side=row["side"],
        view=row["view"],
        density=row["density"],
        wall=row["chest_wall_side"],
        spacing_mm=float(row["mm_per_px"] or NORMAL_MM),
        archive=data / row["zip"],
        member=row["file"],
        truth=truth,
    )


def _mark(row: dict[str, str]) -> TruthMark:
    """Boxes are given between pixels (first edge 0), marks between pixel centres (first edge -0.5)."""
    left, top, right, bottom = (float(row[key]) - 0.5 for key in ("x1", "y1", "x2", "y2"))
    mass = row["type"] == "mass"
    linked = row["abn_id"] not in ("", "-1")
    return TruthMark(
        id=row["lesion_id"],
        kind="mass" if mass else "calcifications",
        box=(left, top, right, bottom),
        malignant=row["malignant"] == "1",
        finding=f"{row['patient']}_{row['view_id'].split('_')[2]}_{row['abn_id']}" if linked else "",
        shape=row["mass_shape"].lower().replace("_", " ") if mass and row["attr_ok"] == "1" else "",
        margin=row["mass_margins"].lower().replace("_", " ") if mass and row["attr_ok"] == "1" else "",
    )
