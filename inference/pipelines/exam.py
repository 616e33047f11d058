"""A mammography examination: every view is read, what several views show is joined, then scored."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inference.bundle import Bundle
from inference.cases import Case, Exam, View
from inference.pipelines import Progress, Read
from inference.pipelines.both_views import Agreement, Finding, findings, with_other_views
from inference.pipelines.left_right import with_other_sides
from inference.pipelines.marks2d import Mark, Marked
from inference.pipelines.masses import Masses
from inference.protocol import Candidate, Characteristic, Place, Score, SkippedImage

NO_BREAST = "no breast was found on it"


class ExamReader:
    """Loaded networks that read the views of an examination."""

    def __init__(self, bundle: Bundle, masses: Masses) -> None:
        self.bundle, self.masses = bundle, masses
        self.agreement = Agreement.of_settings(bundle.settings)

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "ExamReader":
        """Networks from the weights in `folder`; raises BundleError where they are not the bundle's."""
        return cls(bundle, Masses.load(bundle, folder, device))

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one examination; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Case):
            return Read(status="not_run", reason="a volume found, this model reads mammograms")
        views = [view for view in case.views if not view.prior]
        read: list[View] = []
        marked: list[Marked] = []
        skipped = []
        for number, view in enumerate(views):
            progress(number / len(views), f"reading {view.laterality} {view.view}")
            try:
                marked.append(self.masses.look(view))
                read.append(view)
            except ValueError:
                skipped.append(SkippedImage(view.image, view.frame, NO_BREAST))
        if not read:
            return Read(status="not_run", reason="no image could be read", skipped=tuple(skipped))
        found = findings(with_other_views(with_other_sides(marked), self.agreement), self.agreement)
        candidates = tuple(self._candidate(f"c{n}", f, read) for n, f in enumerate(found, start=1))
        progress(1.0, "done")
        return Read(
            status="done",
            operating_point=self.bundle.operating_point,
            candidates=candidates,
            scores=scores(candidates, read),
            skipped=tuple(skipped),
        )

    def _candidate(self, name: str, finding: Finding, views: Sequence[View]) -> Candidate:
        """The finding in the words of the protocol; its size is that on the view where it is likeliest."""
        number, mark = finding.places[0]
        suggested = {key: Characteristic(s.value, s.probability) for key, s in mark.suggestions.items()}
        return Candidate(
            id=name,
            label=finding.label,
            probability=finding.probability,
            score=mark.score,
            above_operating_point=finding.probability >= self.bundle.operating_point.threshold,
            malignancy=None if np.isnan(finding.malignancy) else finding.malignancy,
            characteristics=suggested,
            diameter_mm=diameter_mm(mark, views[number]),
            places=tuple(place(mark, views[number]) for number, mark in finding.places),
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
