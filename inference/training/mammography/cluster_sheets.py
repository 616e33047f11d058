"""Breasts that procedural clusters are pasted into: films of the data set, and phantoms of reserved seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from inference.cases import Plane, TruthMark, View
from inference.phantom.breast.exam import VIEWS, Exam, exams, picture
from inference.phantom.breast.picture import Breast, Detector
from inference.training.mammography.cluster_patches import Sheet, sheet
from inference.training.mammography.views import Part, films

SEEDS = {Part.TRAINING: 1000, Part.CALIBRATION: 2000, Part.VALIDATION: 3000}
"""First seed of each side's phantoms; the demonstration's (7) is on none."""
PIXELS_MM = (0.1, 0.07, 0.085)
"""Of the detectors, one exam each, in turn."""
HIGH_MM, WIDE_MM = 250.0, 200.0
KIND = "calcification cluster"


def film_sheets(data: Path, part: Part, most: int) -> Iterator[Sheet]:
    """Of at most so many films of one side; those on which no breast is found are left out."""
    found = films(data, lambda film: film.part is part)
    for film in found[:: max(-(-len(found) // most), 1)]:
        made = sheet(film.read(), film.patient, film=True)
        if made is not None:
            yield made


def phantom_sheets(part: Part, count: int) -> Iterator[Sheet]:
    """Four views of each of `count` exams without clusters of the phantom's own."""
    for view in phantoms(part, count, own=False):
        found = sheet(view, view.meta["patient"], film=False)
        if found is not None:
            yield found


def phantoms(part: Part, count: int, *, own: bool) -> Iterator[View]:
    """Four views of each of `count` exams without clusters; with `own`, only those that hold one."""
    for number in range(count):
        exam, _ = exams(SEEDS[part] + number)
        pixel = PIXELS_MM[number % len(PIXELS_MM)]
        noise = float(np.random.default_rng([exam.seed, 5]).uniform(0.006, 0.018))
        detector = Detector((round(HIGH_MM / pixel), round(WIDE_MM / pixel)), pixel, noise)
        yield from _views(exam if own else _without_clusters(exam), detector, own=own)


def _views(exam: Exam, detector: Detector, *, own: bool) -> Iterator[View]:
    for side, projection in VIEWS:
        held = [what for what in exam.breast(side).lesions if what.kind == KIND]
        if own and not held:
            continue
        shown = picture(exam, side, projection, detector)
        pixels = (np.clip(shown.light, 0, 1) * 65535).astype(np.uint16)
        truth = tuple(
            TruthMark(id=m.id, kind=KIND, box=(m.box[1], m.box[0], m.box[3], m.box[2]))
            for m in shown.marks
            if m.kind == KIND
        )
        name = f"phantom_{exam.seed}_{side}_{projection}"
        plane = Plane((detector.pixel_mm, detector.pixel_mm), detector.shape)
        meta = {"patient": f"phantom_{exam.seed}"}
        yield View(pixels, plane, name, side, projection, ("A", "F"), truth=truth, meta=meta)


def _without_clusters(exam: Exam) -> Exam:
    right, left = (_kept(breast) for breast in (exam.right, exam.left))
    return replace(exam, right=right, left=left)


def _kept(breast: Breast) -> Breast:
    return replace(breast, lesions=tuple(what for what in breast.lesions if what.kind != KIND))


def drawn(rng: np.random.Generator, real: Sequence[Sheet], made: Sequence[Sheet], share: float) -> Sheet:
    """One sheet: a phantom with the chance `share`, where there are any of both."""
    source = made if made and (rng.random() < share or not real) else real
    return source[int(rng.integers(len(source)))]
