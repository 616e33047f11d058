"""What the worklist says of a second read in the triage paradigm: flagged and why, or why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from viewer.app.second_read.model_read import ModelRead, StudyRead
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading.scores import StatedScore, of_images, of_whole
from viewer.core.report.place import by_slice
from viewer.core.report.words import spans

MOST_LABELS = 3
"""Labels that a reason names."""


@dataclass(frozen=True, slots=True)
class Triage:
    """One study. `kind`: flagged, clear, not_run or failed; `reason` is never empty.

    rank  orders flagged studies: calibrated ones before others, then the most probable first
    """

    kind: str
    reason: str
    rank: tuple[bool, float] = (False, 0.0)

    @property
    def flagged(self) -> bool:
        """It goes on top of the worklist."""
        return self.kind == "flagged"


def triage_of(read: StudyRead, display_sets: Sequence[DisplaySet]) -> Triage:
    """Only answers about the whole study, or a series, flag it: the marks of a detector are there for most.

    Models that gave no answer are named with their reason, also beside the answer of others.
    """
    ours = [part for part in read.reads if not part.document]
    mute = [part for part in ours if not part.finished]
    silent = [f"{part.name} {part.status.replace('_', ' ')}: {part.reason}" for part in mute]
    said = [(part, score) for part in ours for score in _answers(part)]
    flagged = sorted((s for s in said if s[1].flagged), key=lambda s: _rank(s[1]), reverse=True)
    if flagged:
        words = [_words(part, score, display_sets) for part, score in flagged[:MOST_LABELS]]
        return Triage("flagged", "; ".join([*words, *silent]), _rank(flagged[0][1]))
    if said:
        return Triage("clear", "; ".join(["not flagged", *silent]))
    if mute:
        failed = any(part.status == "failed" for part in mute)
        return Triage("failed" if failed else "not_run", "; ".join(f"{p.reason} ({p.name})" for p in mute))
    return Triage("not_run", "no installed model answers for a whole study of this kind")


def _answers(part: ModelRead) -> list[StatedScore]:
    return [s for s in of_whole(part.stated) if s.threshold is not None] if part.finished else []


def _rank(score: StatedScore) -> tuple[bool, float]:
    return score.calibrated, score.probability


def _words(part: ModelRead, score: StatedScore, display_sets: Sequence[DisplaySet]) -> str:
    """As in: haemorrhage likely 0.93, slices 14-17."""
    what = f"{part.title or part.model_id}: any" if score.label == "any" else score.label
    certain = "" if score.calibrated else " (not calibrated)"
    return f"{what} likely {score.probability:.2f}{certain}{_slices(part, score.label, display_sets)}"


def _slices(part: ModelRead, label: str, display_sets: Sequence[DisplaySet]) -> str:
    stated = of_images(part.stated, label)
    for shown in display_sets:
        flagged = [k for k, score in by_slice(stated, shown).items() if score.flagged]
        if flagged and shown.count > 1:
            return f", slice{'s' if len(flagged) > 1 else ''} {spans(flagged)}"
    return ""
