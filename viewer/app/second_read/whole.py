"""What a model says of a whole series: scores by slice, and an answer by label that can be judged. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from inference.bundle import Bundle
from inference.protocol import Candidate, Patch, Score
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading.finding import Author, Finding, ImagePlace

ANY = "any"
"""The label of an answer about all labels together."""


def of_slices(scores: Sequence[Score], display_set: DisplaySet) -> tuple[Score, ...]:
    """The same scores with slices named as images of the study; of a slice that is missing there is none."""
    named = (_named(score, display_set) for score in scores)
    return tuple(score for score in named if score is not None)


def _named(score: Score, display_set: DisplaySet) -> Score | None:
    if score.level != "image" or score.sop_instance_uid is not None or score.frame is None:
        return score
    image = display_set.instance_at(score.frame)
    if image is None:
        return None
    frame = image.frame if image.frames > 1 else None
    return msgspec.structs.replace(score, sop_instance_uid=image.sop_instance_uid, frame=frame)


def whole_answers(
    scores: Sequence[Score], candidates: Sequence[Candidate], thresholds: Mapping[str, float]
) -> list[Candidate]:
    """What is said of the study or the series, most probable first: one answer for each label.

    Its heat map is that of the most probable place of the same label, where there is one.
    """
    said: dict[str, float] = {}
    for score in sorted(scores, key=lambda s: s.level != "study"):
        if score.level in ("study", "series"):
            said.setdefault(score.label, score.probability)
    return [
        Candidate(
            id=f"whole {label}",
            label=label,
            probability=probability,
            score=probability,
            above_operating_point=probability >= thresholds[label],
            heat=_heat(label, candidates),
        )
        for label, probability in sorted(said.items(), key=lambda item: -item[1])
    ]


def _heat(label: str, candidates: Sequence[Candidate]) -> Patch | None:
    fitting = [c for c in candidates if c.heat is not None and label in (c.label, ANY)]
    return max(fitting, key=lambda c: c.probability).heat if fitting else None


def whole_finding(
    answer: Candidate, name: str, uid: str, display_set: DisplaySet, scores: Sequence[Score], bundle: Bundle
) -> Finding:
    """An answer about a whole series as the desk shows it.

    Its place is all of the image that the model holds most probable for this label; where it says nothing of
    single images, the middle one, without a box: it is no more than where to begin.
    """
    of_label = [s for s in scores if s.level == "image" and s.label == answer.label]
    best = max(of_label, key=lambda s: s.probability, default=None)
    middle = display_set.instances[len(display_set.instances) // 2]
    rows, columns = middle.rows, middle.columns
    place = ImagePlace(
        sop_instance_uid=middle.sop_instance_uid,
        series_instance_uid=display_set.series_instance_uid,
        frame=middle.frame if middle.frames > 1 else None,
        column=(columns - 1) / 2,
        row=(rows - 1) / 2,
    )
    if best is not None and best.sop_instance_uid is not None:
        box = (-0.5, -0.5, columns - 0.5, rows - 0.5)
        place = replace(place, sop_instance_uid=best.sop_instance_uid, frame=best.frame, box=box)
    return Finding(
        name=name,
        tracking_uid=uid,
        author=Author.MODEL,
        label=answer.label,
        series_instance_uid=display_set.series_instance_uid,
        frame_of_reference_uid=middle.frame_of_reference_uid,
        places=(place,),
        probability=answer.probability if bundle.calibrated else None,
        certainty=None if bundle.calibrated else answer.probability,
        above_operating_point=answer.above_operating_point,
        whole=True,
        in_breast=False,
    )
