"""What a model says of more than one place: probabilities of a study, a series, a breast or an image."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedScore:
    """One probability. `level`: study, breast, series or image.

    calibrated  False: no more than what its network says
    threshold   the operating point of its label; None where it has none at this level
    sop_instance_uid, frame  of an image (frame from 0; None in an object of one frame)
    """

    level: str
    label: str
    probability: float
    calibrated: bool = True
    threshold: float | None = None
    laterality: str = ""
    sop_instance_uid: str = ""
    frame: int | None = None

    @property
    def flagged(self) -> bool:
        """At or above its operating point."""
        return self.threshold is not None and self.probability >= self.threshold


def of_whole(scores: Iterable[StatedScore]) -> tuple[StatedScore, ...]:
    """What is said of the study or a series: of each label once, the study before the series."""
    said: dict[str, StatedScore] = {}
    for score in sorted(scores, key=lambda s: s.level != "study"):
        if score.level in ("study", "series"):
            said.setdefault(score.label, score)
    return tuple(said.values())


def of_images(scores: Iterable[StatedScore], label: str) -> tuple[StatedScore, ...]:
    """What is said of single images for that label."""
    return tuple(s for s in scores if s.level == "image" and s.label == label)
