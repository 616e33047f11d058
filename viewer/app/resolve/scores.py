"""Probabilities of studies, series, breasts and images in the display state: panel, card and scroll bar."""

from viewer.app import scoring, text
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane, Profile
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading.chance import percent
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading
from viewer.core.reading.scores import StatedScore
from viewer.core.report.place import by_slice
from viewer.core.report.words import measurement_row

MOST_IMAGES = 8
"""Single images whose probabilities are listed one by one."""


def profile_of(desk: DeskState, view: View, shown: DisplaySet, index: int) -> Profile | None:
    """How probable each image of a stack is; None where no model says so, with marks off, and before the
    reveal.
    """
    scores = scoring.of_stack(desk, shown) if view.plane is Plane.STACK and desk.review.marks_on else {}
    if not scores:
        return None
    first = next(iter(scores.values()))
    said = (scores.get(k) for k in range(shown.count))
    here = scores.get(index)
    return Profile(
        label=first.label,
        values=tuple(None if s is None else s.probability for s in said),
        threshold=first.threshold,
        text=f"{first.label} {'not known' if here is None else percent(here.probability)}",
    )


def score_lines(desk: DeskState, reading: Reading) -> tuple[tuple[str, str, bool], ...]:
    """(what of, how probable, flagged) of all that is said of more than a place; of stacks in short.

    What has an operating point has a line of its own; the rest is one line for each label.
    """
    several = sum(bool(run.scores) for run in reading.runs) > 1
    lines = []
    for run in reading.runs:
        head = f"{run.title or run.model_id}: " if several else ""
        named = [(s, _whose(s)) for s in run.scores if s.level != "image"] + _of_images(desk, run.scores)
        weighed = [(s, of) for s, of in named if s.threshold is not None]
        lines += [(f"{head}{s.label}, {of}", _said(s), s.flagged) for s, of in weighed]
        for label in dict.fromkeys(s.label for s, _ in named):
            said = [f"{of} {_said(s)}" for s, of in named if s.label == label and s.threshold is None]
            lines += [(f"{head}{label}", text.DOT.join(said), False)] if said else []
        lines += [(f"{head}{what}", said, False) for what, said in map(measurement_row, run.measurements)]
    return tuple(lines)


def _of_images(desk: DeskState, scores: tuple[StatedScore, ...]) -> list[tuple[StatedScore, str]]:
    """Of single images each with its name, where they are few."""
    of_images = [s for s in scores if s.level == "image"]
    single = [shown for shown in desk.display_sets if shown.count == 1]
    named = [(s, _image_name(shown)) for shown in single for s in of_images if by_slice([s], shown)]
    return named if len(named) <= MOST_IMAGES else []


def _image_name(shown: DisplaySet) -> str:
    breast = shown.instances[0].mammogram
    return f"{breast.side} {breast.view}".strip() if breast is not None else shown.title


def _whose(score: StatedScore) -> str:
    side = {"L": "left ", "R": "right "}.get(score.laterality, "")
    return f"{side}{score.level}"


def _said(score: StatedScore) -> str:
    certain = "" if score.calibrated else ", not calibrated"
    if score.threshold is None:
        return f"{percent(score.probability)}{certain}"
    side = "flagged from" if score.flagged else "not flagged, below"
    return f"{percent(score.probability)}{certain}{text.DOT}{side} {percent(score.threshold)}"


def slice_lines(desk: DeskState, reading: Reading, finding: Finding) -> list[tuple[str, str]]:
    """Of an answer about a whole series: its most probable image, and which are flagged."""
    if not finding.of_series:
        return []
    run = next((r for r in reading.runs if finding.tracking_uid in r.findings), None)
    scores = [s for s in (run.scores if run else ()) if (s.level, s.label) == ("image", finding.label)]
    lines = []
    for shown in desk.display_sets:
        here = by_slice(scores, shown)
        if here:
            k = scoring.best(here)
            flagged = [n for n, score in here.items() if score.flagged]
            words = f"; flagged: {text.spans(flagged)}" if flagged else "; none is flagged"
            lines.append(("By image", f"highest on image {k + 1}, {percent(here[k].probability)}{words}"))
    return lines or [("By image", "the model says nothing of single images")]
