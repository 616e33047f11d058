"""The masses that a model for mammograms compares new ones with: of its training films."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.cases import TruthMark
from inference.pipelines.mammogram import Prepared, prepare
from inference.pipelines.mass_crops import Place
from inference.pipelines.masses import Masses, stored
from inference.training.mammography.patches import coarse_box
from inference.training.mammography.truth import hits, masses
from inference.training.mammography.views import Film, Part, films
from inference.training.near_bank import Material, Rows, principal

DIMENSIONS = 16
"""Of the points. Fixed before anything was measured."""

Places = list[tuple[Place, TruthMark]]


def masses_of(bundle: Bundle, folder: Path, data: Path, device: str, say: Callable[[str], None]) -> Material:
    """Every mass of the training films in its marked box; asked for are those that the bundle finds on the
    films of the calibration patients, from whom no network learnt.
    """
    pipeline = Masses.load(bundle, folder, device)
    say("masses of the training films")
    rows = _rows(pipeline, films(data, lambda film: film.part is Part.TRAINING), lambda _, prepared, truth: [
        (coarse_box(prepared, mass), mass) for mass in masses(truth)
    ])  # fmt: skip
    say("masses found on the calibration films")
    asked = _rows(pipeline, films(data, lambda film: film.part is Part.CALIBRATION), _found)
    return Material(
        rows=rows,
        asked=asked,
        axes=principal(rows.features, DIMENSIONS),
        kind="masses",
        outcome="malignant",
        source="pathology or follow-up, as CBIS-DDSM tells it",
        measured_on="masses found on films of calibration patients, from whom no network learnt",
    )


def _found(pipeline: Masses, prepared: Prepared, truth: tuple[TruthMark, ...]) -> Places:
    peaks = pipeline.raw(prepared).peaks
    hit = hits([stored(prepared, peak)[0] for peak in peaks], truth)
    wanted = masses(truth)
    return [(peak.place, wanted[n]) for peak, n in zip(peaks, hit.tolist(), strict=True) if n >= 0]


def _rows(
    pipeline: Masses,
    chosen: list[Film],
    places: Callable[[Masses, Prepared, tuple[TruthMark, ...]], Places],
) -> Rows:
    seen = list(_seen(pipeline, chosen, places))
    return Rows(
        features=np.stack([features for *_, features in seen]),
        patient=tuple(film.patient for film, *_ in seen),
        lesion=tuple(mass.finding or f"{film.patient} {mass.id}" for film, mass, _ in seen),
        size_mm=np.array([_size_mm(film, mass) for film, mass, _ in seen]),
        outcome=np.array([bool(mass.malignant) for _, mass, _ in seen]),
        words=tuple(_words(mass) for _, mass, _ in seen),
    )


def _seen(
    pipeline: Masses,
    chosen: list[Film],
    places: Callable[[Masses, Prepared, tuple[TruthMark, ...]], Places],
) -> Iterator[tuple[Film, TruthMark, NDArray[np.float64]]]:
    for film in chosen:
        view = film.read()
        prepared = prepare(view)
        own = [] if prepared is None else places(pipeline, prepared, view.truth)
        if prepared is not None and own:
            said = pipeline.classifiers.judge(prepared, [place for place, _ in own])
            for (_, mass), features in zip(own, said.features, strict=True):
                yield film, mass, features


def _size_mm(film: Film, mass: TruthMark) -> float:
    """As `pipelines.exam.diameter_mm`: of the circle with the area of the ellipse in the box."""
    left, top, right, bottom = mass.box
    return float(np.sqrt((right - left) * (bottom - top)) * film.spacing_mm)


def _words(mass: TruthMark) -> str:
    kind = "malignant" if mass.malignant else "benign"
    return ", ".join((kind, *mass.shape.split("-"), *mass.margin.split("-"))).rstrip(", ")
