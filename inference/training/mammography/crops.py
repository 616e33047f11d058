"""What the classifiers learn from: plates round masses and false marks, and augmented crops of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import TruthMark
from inference.evidence.marks import FALSE
from inference.networks.classify2d import SIDE
from inference.pipelines.classify2d import CONCEPTS, MARGINS, SHAPES, terms
from inference.pipelines.detect2d import Detect2D
from inference.pipelines.mammogram import COARSE_MM, Prepared, prepare
from inference.pipelines.mass_crops import Crop, Place, ellipse, log_size, plate, step_mm
from inference.pipelines.masses import stored
from inference.training.mammography.patches import coarse_box, shaded
from inference.training.mammography.truth import hits, masses
from inference.training.mammography.views import Film

PLATE = 160
"""Pixels of a plate a side: room to turn and shift a crop."""
FALSE_A_FILM = 2
"""The best false marks of a film that are learnt from."""
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Plates:
    """n plates: of masses (in their marked boxes and in those of the detectors) and of false marks.

    images     (n, 2, PLATE, PLATE) float16
    sides      (n, 2) height and width of the box in plate pixels; sizes (n,) its log size
    malignant  (n,) 0, 1, or UNKNOWN for a false mark
    concepts   (n, len(CONCEPTS)) 0, 1 or UNKNOWN
    """

    images: NDArray[np.float16]
    sides: NDArray[np.float32]
    sizes: NDArray[np.float32]
    malignant: NDArray[np.int8]
    concepts: NDArray[np.int8]

    def save(self, path: Path) -> None:
        """Write an .npz file."""
        partial = path.with_suffix(".part.npz")
        np.savez(partial, **{name: getattr(self, name) for name in Plates.__slots__})
        partial.replace(path)

    @staticmethod
    def load(path: Path) -> "Plates":
        """Read it back."""
        with np.load(path, allow_pickle=False) as file:
            return Plates(**{name: file[name] for name in Plates.__slots__})


def harvest(detectors: Detect2D, films: Iterable[Film]) -> Plates:
    """Plates of all masses of the films and of the detectors' best false marks on them."""
    rows: list[tuple[NDArray[np.float16], Place, int, NDArray[np.int8]]] = []
    for film in films:
        view = film.read()
        prepared = prepare(view)
        if prepared is not None:
            rows += [_row(prepared, *found) for found in _places(detectors, prepared, view.truth)]
    places = [place for _, place, _, _ in rows]
    pixel = [step_mm(place) / COARSE_MM for place in places]
    return Plates(
        np.stack([image for image, *_ in rows]),
        np.array([np.divide(p[2:], s) for p, s in zip(places, pixel, strict=True)], np.float32),
        np.array([log_size(place) for place in places], np.float32),
        np.array([malignant for _, _, malignant, _ in rows], np.int8),
        np.stack([concepts for *_, concepts in rows]),
    )


def _places(
    detectors: Detect2D, prepared: Prepared, truth: Sequence[TruthMark]
) -> list[tuple[Place, TruthMark | None]]:
    own = masses(truth)
    peaks = detectors.peaks(prepared)
    hit = hits([stored(prepared, peak)[0] for peak in peaks], truth)
    out: list[tuple[Place, TruthMark | None]] = [(coarse_box(prepared, mass), mass) for mass in own]
    out += [(peak.place, own[k]) for peak, k in zip(peaks, hit, strict=True) if k >= 0]
    false = [peak.place for peak, k in zip(peaks, hit, strict=True) if k == FALSE]
    return out + [(place, None) for place in false[:FALSE_A_FILM]]


def _row(
    prepared: Prepared, place: Place, mass: TruthMark | None
) -> tuple[NDArray[np.float16], Place, int, NDArray[np.int8]]:
    image = plate(prepared, place, PLATE).astype(np.float16)
    malignant = UNKNOWN if mass is None or mass.malignant is None else int(mass.malignant)
    return image, place, malignant, _concepts(mass)


def _concepts(mass: TruthMark | None) -> NDArray[np.int8]:
    """Which terms the reader of the set chose; a property without any of ours is not known."""
    out = np.full(len(CONCEPTS), UNKNOWN, np.int8)
    if mass is not None:
        for own, said in ((SHAPES, terms(mass.shape)), (MARGINS, terms(mass.margin))):
            if said:
                first = CONCEPTS.index(own[0])
                out[first : first + len(own)] = [word in said for word in own]
    return out


def augmented(rng: np.random.Generator, plates: Plates, k: int) -> Crop:
    """A crop of plate `k`: turned, scaled, mirrored, shaded, its box as inexact as a detector's."""
    sides = plates.sides[k].astype(np.float64)
    turn, scale = _turn(rng)
    shift = rng.uniform(-0.15, 0.15, 2) * sides
    start = (PLATE - 1) / 2 + shift - turn @ np.full(2, (SIDE - 1) / 2)
    image = plates.images[k].astype(np.float32)
    planes = [ndimage.affine_transform(p, turn, start, (SIDE, SIDE), order=1) for p in image]
    inexact = np.exp(rng.uniform(-0.15, 0.15, 2))
    seen = np.sqrt(np.linalg.inv(turn) ** 2 @ sides**2) * inexact
    around = ellipse(np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2, (float(seen[0]), float(seen[1])))
    size = float(plates.sizes[k] - np.log(scale) + np.log(inexact).mean())
    return Crop(shaded(rng, np.stack(planes).astype(np.float32)), around, size)


def _turn(rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """(2, 2) from crop offsets to plate offsets, and by how much it makes the mass smaller."""
    angle = rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 else np.deg2rad(rng.uniform(-15, 15))
    scale = float(np.exp(rng.uniform(-0.2, 0.2)))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation @ np.diag(rng.choice([-1.0, 1.0], 2)) * scale, scale
