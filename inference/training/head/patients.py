"""The patients of the data set (`data/ct_head`), prepared once: heads set upright, labels, folds."""

import csv
import io
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.pipelines.head import Floats, Mask, find_head
from inference.pipelines.head_heat import Slices, below_top, depth_of
from inference.training.general.samples import DataError

LABELS = ("any", "ivh", "iph", "sah", "edh", "sdh")
"""Columns of the labels; the first is any of the others."""
COLUMNS = ("any_ich", *LABELS[1:])
PICTURES = "ct_ich_slices.zip"
SLICE_MM = 5.0
DOUBTFUL = 70
"""Its "epidural" slices show a low-density collection: labels not trusted, never trained on."""


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient: pictures from the lowest slice up.

    grey, brain, depth  (slices, 144, 144); depth: pixels to the edge of the brain
    labels   (slices, 6), 0 or 1, order of `LABELS`
    number   (slices,) number of the slice in the data set
    position (slices,) (number - 0.5) / number of the last
    """

    patient: int
    fold: int
    male: bool
    age: float
    grey: NDArray[np.uint8]
    brain: Mask
    depth: Floats
    below_top_mm: Floats
    level: float
    labels: NDArray[np.float32]
    number: NDArray[np.int64]
    position: NDArray[np.float64]

    @property
    def slices(self) -> Slices:
        """As the networks read them."""
        return Slices(self.grey, self.brain, self.depth, self.level, self.below_top_mm, self.number)

    @property
    def bleeds(self) -> bool:
        """Whether any slice is labelled."""
        return bool(self.labels[:, 0].any())

    @property
    def area(self) -> NDArray[np.float64]:
        """Pixels of brain of each slice, a share of the most."""
        pixels = self.brain.sum(axis=(1, 2)).astype(np.float64)
        out: NDArray[np.float64] = pixels / pixels.max()
        return out


def pictures(data: Path, patient: int) -> Floats:
    """The pictures of a patient, lowest first, grey 0 to 255."""
    with zipfile.ZipFile(data / PICTURES) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(f"{patient:03d}/"))
        return np.stack(
            [np.asarray(Image.open(io.BytesIO(archive.read(n))).convert("L")) for n in names]
        ).astype(np.float32)


def load_patients(data: Path, cache: Path | None) -> list[Patient]:
    """All patients; the heads are found once and kept in `cache`, where given.

    Raises FileNotFoundError, or DataError where the pictures of a patient show no head.
    """
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
    rows: dict[int, list[dict[str, str]]] = defaultdict(list)
    with (data / "ct_ich_slices.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows[int(row["patient"])].append(row)
    with (data / "ct_ich_patients.csv").open(newline="", encoding="utf-8") as file:
        people = {int(row["patient"]): row for row in csv.DictReader(file)}
    return [_patient(data, cache, number, rows[number], people[number]) for number in sorted(rows)]


def _head(data: Path, path: Path | None, patient: int) -> tuple[NDArray[np.uint8], Mask, float]:
    """Pictures upright, brain and its level; from `path` where it is there, else found and kept there."""
    if path is not None and path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            return arrays["grey"], arrays["brain"], float(arrays["level"])
    head = find_head(pictures(data, patient))
    if head is None:
        raise DataError(
            f"{data / PICTURES}: no head with a closed skull found in the pictures of patient {patient} "
            "(allowed: axial slices in the brain window, bone white); put them right or leave the patient out"
        )
    grey = head.grey.astype(np.uint8)
    if path is not None:
        np.savez(path, grey=grey, brain=head.brain, level=head.level)
    return grey, head.brain, head.level


def _patient(
    data: Path, cache: Path | None, patient: int, rows: list[dict[str, str]], person: dict[str, str]
) -> Patient:
    grey, brain, level = _head(data, None if cache is None else cache / f"{patient:03d}.npz", patient)
    last = max(int(row["slice"]) for row in rows)
    shown = sorted((row for row in rows if row["image_present"] == "1"), key=lambda row: int(row["slice"]))
    number = np.array([int(row["slice"]) for row in shown])
    area = brain.sum(axis=(1, 2)) / max(int(brain.sum(axis=(1, 2)).max()), 1)
    return Patient(
        patient=patient,
        fold=int(person["fold"]),
        male=person["sex"] == "M",
        age=float(person["age_years"]),
        grey=grey,
        brain=brain,
        depth=depth_of(brain),
        below_top_mm=below_top(area, number * SLICE_MM),
        level=level,
        labels=np.array([[float(row[c]) for c in COLUMNS] for row in shown], np.float32),
        number=number,
        position=(number - 0.5) / last,
    )
