"""A mammography examination: every view is read, what several views show is joined, then scored."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inference.bundle import Bundle
from inference.cases import Case, Exam, View
from inference.pipelines import Progress, Read
from inference.pipelines.detect2d import Detect2D, Mark
from inference.protocol import Candidate, Place, Score, SkippedImage

NO_BREAST = "no breast was found on it"


class ExamReader:
    """Loaded networks that read the views of an examination."""

    def __init__(self, bundle: Bundle, detector: Detect2D) -> None:
        self.bundle, self.detector = bundle, detector

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "ExamReader":
        """Networks from the weights in `folder`; raises BundleError where they are not the bundle's."""
        return cls(bundle, Detect2D.load(bundle, folder, device))

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one examination; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Case):
            return Read(status="not_run", reason="a volume found, this model reads mammograms")
        views = [view for view in case.views if not view.prior]
        read: list[tuple[View, tuple[Mark, ...]]] = []
        skipped = []
        for number, view in enumerate(views):
            progress(number / len(views), f"reading {view.laterality} {view.view}")
            try:
                read.append((view, self.detector.marks(view)))
            except ValueError:
                skipped.append(SkippedImage(view.image, view.frame, NO_BREAST))
        if not read:
            return Read(status="not_run", reason="no image could be read", skipped=tuple(skipped))
        candidates = self._candidates([(view, mark) for view, marks in read for mark in marks])
        progress(1.0, "done")
        return Read(
            status="done",
            operating_point=self.bundle.operating_point,
            candidates=candidates,
            scores=scores(candidates, [view for view, _ in read]),
            skipped=tuple(skipped),
        )

    def _candidates(self, found: Sequence[tuple[View, Mark]]) -> tuple[Candidate, ...]:
        """Most probable first."""
        ranked = sorted(found, key=lambda pair: -pair[1].score)
        return tuple(self._candidate(f"c{n}", *pair) for n, pair in enumerate(ranked, start=1))

    def _candidate(self, name: str, view: View, mark: Mark) -> Candidate:
        probability = float(self.bundle.calibration(mark.score))
        return Candidate(
            id=name,
            label=self.bundle.labels[0],
            probability=probability,
            score=mark.score,
            above_operating_point=probability >= self.bundle.operating_point.threshold,
            malignancy=mark.malignancy,
            diameter_mm=diameter_mm(mark, view),
            places=(place(mark, view),),
        )


def place(mark: Mark, view: View) -> Place:
    """The mark in the words of the protocol."""
    row, column = mark.centre
    return Place(sop_instance_uid=view.image, frame=view.frame, column=column, row=row, box=mark.box)


def diameter_mm(mark: Mark, view: View) -> float:
    """Of the circle with the area of the mark's box, as an ellipse in it."""
    left, top, right, bottom = mark.box
    rows, columns = view.plane.spacing_mm
    return float(np.sqrt((right - left) * columns * (bottom - top) * rows))


def scores(candidates: Sequence[Candidate], views: Sequence[View]) -> tuple[Score, ...]:
    """Highest probability of any finding in the examination, in each breast and on each image."""
    highest: dict[tuple[str, int | None], float] = {(v.image, v.frame): 0.0 for v in views}
    for candidate in candidates:
        for at in candidate.places:
            key = (at.sop_instance_uid, at.frame)
            highest[key] = max(highest[key], candidate.probability)
    of_side = {
        side: max(highest[v.image, v.frame] for v in views if v.laterality == side)
        for side in sorted({v.laterality for v in views} - {""})
    }
    return (
        Score("study", "any", max(highest.values())),
        *(Score("breast", "any", p, laterality=side) for side, p in of_side.items()),
        *(
            Score("image", "any", highest[v.image, v.frame], v.laterality or None, v.image, v.frame)
            for v in views
        ),
    )
