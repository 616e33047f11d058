"""Cases whose truth is known and from which nothing was learnt: phantoms, or films of validation patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference.bundle import DETECT_2D, DETECT_3D, Bundle, BundleError
from inference.cases import Case, Exam, Plane, TruthMark, View
from inference.phantom.breast.exam import VIEWS, exams, picture
from inference.phantom.breast.picture import Detector
from inference.phantom.chest import MISTAKE_SEEDS, chest
from inference.training.mammography.views import Part, films

Told = Callable[[float, str], None]

PHANTOMS = MISTAKE_SEEDS[:4]
FILMS = 12
"""So many patients are read at most, the first by name."""
DETECTOR = Detector((1150, 960), 0.2, 0.004)
LIES = {"CC": ("A", "L"), "MLO": ("A", "FL")}


@dataclass(frozen=True, slots=True)
class Specimen:
    """One case, made or read when it is wanted; `name` says what it is on screen."""

    name: str
    case: Callable[[Told], Case | Exam]


def specimens(bundle: Bundle, data: Path | None) -> Sequence[Specimen]:
    """What a bundle can be tried on; `data` may hold the data set `mg`.

    Raises BundleError where there is nothing of the kind that it reads.
    """
    if bundle.task == DETECT_3D:
        return [_chest(seed) for seed in PHANTOMS]
    if bundle.task == DETECT_2D:
        return _films(data / "mg") if data is not None and (data / "mg").is_dir() else [
            _breasts(seed) for seed in PHANTOMS
        ]  # fmt: skip
    raise BundleError(f"no phantom of what {bundle.id} reads is drawn here; its card says where it fails")


def _chest(seed: int) -> Specimen:
    """A slab of lung with ten nodules, small ones among them."""

    def made(told: Told) -> Case:
        return chest(
            seed,
            nodules=10,
            sizes_mm=(4.0, 16.0),
            spacing_mm=(2.0, 0.9, 0.9),
            shape=(60, 330, 400),
            workers=1,
            progress=lambda done: told(done, "making a phantom chest"),
        )

    return Specimen(f"procedural chest {seed}", made)


def _breasts(seed: int) -> Specimen:
    """The four views of an examination with two masses and a cluster."""

    def made(told: Told) -> Exam:
        exam, views = exams(seed)[0], []
        for number, (side, projection) in enumerate(VIEWS):
            told(number / len(VIEWS), "making phantom mammograms")
            drawn = picture(exam, side, projection, DETECTOR)
            truth = tuple(
                TruthMark(id=m.id, kind=m.kind, box=(m.box[1], m.box[0], m.box[3], m.box[2]))
                for m in drawn.marks
            )
            pixels = (np.clip(drawn.light, 0, 1) * 65535).astype(np.uint16)
            plane = Plane((DETECTOR.pixel_mm,) * 2, DETECTOR.shape)
            name = f"{side} {projection}"
            views.append(View(pixels, plane, name, side, projection, LIES[projection], truth=truth))
        return Exam(tuple(views))

    return Specimen(f"procedural breasts {seed}", made)


def _films(data: Path) -> Sequence[Specimen]:
    """Validation patients of CBIS-DDSM, by their names."""
    own = films(data, lambda film: film.part is Part.VALIDATION)
    patients = sorted({film.patient for film in own})[:FILMS]

    def read(patient: str) -> Specimen:
        return Specimen(
            f"CBIS-DDSM (CC BY 3.0) {patient}",
            lambda _: Exam(tuple(film.read() for film in own if film.patient == patient)),
        )

    return [read(patient) for patient in patients]
