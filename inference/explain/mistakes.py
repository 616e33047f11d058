"""Where a model fails: a few lesions that it missed and a few of its false marks, as pictures with a caption.

The same bundle gives the same ones. They are examples; how often it fails stands on its card.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.bundle import Bundle
from inference.cases import Case, Exam, TruthMark, View
from inference.evidence.marks import FALSE, match
from inference.explain.specimens import Specimen, Told, specimens
from inference.pipelines import Pipeline
from inference.protocol import Candidate, Mistake

MISSED, FALSE_MARK = "missed", "false"
MOST = 3
"""Of each kind."""
SIDE = 200
"""Of a picture, pixels."""
CHEST_MM, BREAST_MM = 64.0, 48.0
"""Side of what a picture shows."""
WINDOW_HU = (-1250.0, 250.0)
RING_MM = 9.0
"""Radius of the ring round what is meant."""
HIT_MM = 3.0
"""A mark hits a nodule from so near at least, however small it is."""

Seen = tuple[str, str, NDArray[np.uint8]]
"""Missed or false, what it is, and the picture."""


def mistakes(
    bundle: Bundle, pipeline: Pipeline, data: Path | None, out: Path, told: Told
) -> tuple[Mistake, ...]:
    """Pictures in `out`. What `told` raises ends it. Raises BundleError as `specimens`."""
    found: dict[str, list[Mistake]] = {MISSED: [], FALSE_MARK: []}
    tried = specimens(bundle, data)
    for number, specimen in enumerate(tried):
        if all(len(some) == MOST for some in found.values()):
            break
        here = partial(_share, told, number, len(tried))
        for kind, what, shown in _tried(pipeline, specimen, here):
            if len(found[kind]) < MOST:
                name = f"{kind}_{len(found[kind]) + 1}.png"
                Image.fromarray(shown).save(out / name)
                found[kind].append(Mistake(kind=kind, caption=f"{what}; {specimen.name}", picture=name))
    return (*found[MISSED], *found[FALSE_MARK])


def _share(told: Told, number: int, count: int, done: float, doing: str) -> None:
    told((number + done) / count, f"case {number + 1}: {doing}")


def _tried(pipeline: Pipeline, specimen: Specimen, told: Told) -> Iterator[Seen]:
    case = specimen.case(lambda done, doing: told(done / 2, doing))
    with TemporaryDirectory() as folder:
        read = pipeline.read(case, Path(folder), lambda done, doing: told(0.5 + done / 2, doing))
    above = [candidate for candidate in read.candidates if candidate.above_operating_point]
    return _of_volume(case, above) if isinstance(case, Case) else _of_exam(case, above)


# --- in a volume


def _of_volume(case: Case, marks: list[Candidate]) -> Iterator[Seen]:
    placed = [(mark, centre) for mark in marks if (centre := mark.center_lps_mm) is not None]
    hit = match(
        [centre for _, centre in placed],
        [mark.score for mark, _ in placed],
        [lesion.center_lps_mm for lesion in case.lesions],
        [max(lesion.diameter_mm / 2, HIT_MM) for lesion in case.lesions],
        [lesion.ignore for lesion in case.lesions],
    )
    for number, lesion in enumerate(case.lesions):
        if number not in hit and not lesion.ignore:
            what = f"missed: {lesion.texture} {lesion.kind}, {lesion.diameter_mm:.1f} mm".replace("  ", " ")
            yield MISSED, what, _slice(case, lesion.center_lps_mm)
    for (mark, centre), number in zip(placed, hit.tolist(), strict=True):
        if number == FALSE:
            yield FALSE_MARK, _false(mark), _slice(case, centre)


def _slice(case: Case, centre: tuple[float, float, float]) -> NDArray[np.uint8]:
    k, row, column = case.grid.patient_to_index(centre).tolist()
    plane = np.asarray(case.hu[round(k)], np.float64)
    low, high = WINDOW_HU
    grey = np.clip((plane - low) / (high - low), 0, 1)
    return _ringed(grey, (row, column), case.grid.spacing_mm[1:], CHEST_MM)


# --- on views


def _of_exam(exam: Exam, marks: list[Candidate]) -> Iterator[Seen]:
    for view in exam.views:
        own = [(m, p) for m in marks for p in m.places if p.sop_instance_uid == view.image]
        for lesion in view.truth:
            counts = not lesion.ignore and lesion.kind != "calcifications"
            if counts and not any(_within((p.row, p.column), lesion) for _, p in own):
                left, top, right, bottom = lesion.box
                yield (
                    MISSED,
                    f"missed: {_lesion(lesion)}",
                    _part(view, (top + bottom) / 2, (left + right) / 2),
                )
        for mark, place in own:
            if not any(_within((place.row, place.column), lesion) for lesion in view.truth):
                yield FALSE_MARK, _false(mark), _part(view, place.row, place.column)


def _within(centre: tuple[float, float], lesion: TruthMark) -> bool:
    left, top, right, bottom = lesion.box
    return left <= centre[1] <= right and top <= centre[0] <= bottom


def _lesion(lesion: TruthMark) -> str:
    known = "" if lesion.malignant is None else "malignant " if lesion.malignant else "benign "
    return f"{known}{lesion.kind}"


def _part(view: View, row: float, column: float) -> NDArray[np.uint8]:
    grey = np.asarray(view.pixels, np.float64) / 65535
    return _ringed(grey, (row, column), view.plane.spacing_mm, BREAST_MM)


# --- a picture


def _false(mark: Candidate) -> str:
    return f"false mark: {mark.label}, {100 * mark.probability:.0f} %"


def _ringed(
    grey: NDArray[np.float64], at: tuple[float, float], spacing_mm: tuple[float, float], room_mm: float
) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3): what lies round a place, (rows, columns) 0..1, with a ring; beyond the image black."""
    step = room_mm / SIDE
    offsets = (np.arange(SIDE) - (SIDE - 1) / 2) * step
    rows, columns = (np.rint(a + offsets / s).astype(int) for a, s in zip(at, spacing_mm, strict=True))
    inside = np.ix_((rows >= 0) & (rows < grey.shape[0]), (columns >= 0) & (columns < grey.shape[1]))
    shown = np.zeros((SIDE, SIDE))
    shown[inside] = grey[np.ix_(rows[inside[0].ravel()], columns[inside[1].ravel()])]
    picture = Image.fromarray(np.rint(shown * 255).astype(np.uint8)).convert("RGB")
    radius, middle = RING_MM / step, (SIDE - 1) / 2
    ring = (middle - radius, middle - radius, middle + radius, middle + radius)
    ImageDraw.Draw(picture).ellipse(ring, outline=(255, 176, 32), width=2)
    return np.asarray(picture)
