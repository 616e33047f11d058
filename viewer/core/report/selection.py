"""Which findings a report speaks of, and how those of model and reader belong together."""

from dataclasses import replace
from enum import StrEnum

from viewer.core.reading.arbitration import Arbitration
from viewer.core.reading.finding import Finding, ImagePlace
from viewer.core.reading.reading import Reading, Verdict


class SeenBy(StrEnum):
    """Who marked a finding first; the values name terms of resources/codes/report_terms.toml."""

    READER = "BY-READER"
    READER_AFTER = "BY-READER-AFTER"
    BOTH = "BY-BOTH"
    MODEL = "BY-MODEL"
    TWO = "BY-TWO"
    ONE = "BY-ONE"
    THIRD = "BY-THIRD"


def judged(reading: Reading) -> list[Finding]:
    """Findings of the model that the report speaks of: above the operating point, or judged nevertheless."""
    return [f for f in reading.model if f.above_operating_point or f.tracking_uid in reading.judgements]


def accepted(reading: Reading) -> list[Finding]:
    """Findings of the model that the reader accepted."""
    return [f for f in judged(reading) if reading.judgement(f.tracking_uid).verdict is Verdict.ACCEPTED]


def separate(reading: Reading) -> list[Finding]:
    """The reader's findings, without those that are reported as an accepted finding of the model."""
    merged = {reading.joined.get(f.tracking_uid) for f in accepted(reading)}
    return [f for f in reading.own if f.tracking_uid not in merged]


def own_mark(reading: Reading, finding: Finding) -> Finding | None:
    """The reader's mark at the place of a finding of the model."""
    uid = reading.joined.get(finding.tracking_uid)
    return next((f for f in reading.own if f.tracking_uid == uid), None)


def reported(reading: Reading, finding: Finding) -> Finding:
    """What holds for an accepted finding: the reader's own mark, else as the reader corrected it."""
    mark = own_mark(reading, finding)
    corrected = reading.edited.get(finding.tracking_uid, finding)
    if mark is not None and mark.places:
        return replace(mark, places=_with_boxes(mark.places, corrected.places))
    return mark if mark is not None and mark.long_axis is not None else corrected


_Places = tuple[ImagePlace, ...]


def _with_boxes(mine: _Places, models: _Places) -> _Places:
    """The reader's places, boxed as the model boxed the same image; then the model's other views."""
    boxes = {(p.sop_instance_uid, p.frame): p for p in models}
    drawn = tuple(
        replace(p, box=p.box or boxes[p.sop_instance_uid, p.frame].box)
        if (p.sop_instance_uid, p.frame) in boxes
        else p
        for p in mine
    )
    here = {(p.sop_instance_uid, p.frame) for p in mine}
    return (*drawn, *(p for p in models if (p.sop_instance_uid, p.frame) not in here))


def seen_by(reading: Reading, finding: Finding) -> SeenBy:
    """Who marked `finding` (of the model or the reader) without knowing of the other."""
    if reading.arbitration is not None:
        return _of_two(reading.arbitration, finding)
    committed = {f.tracking_uid for f in reading.unaided}
    mark = own_mark(reading, finding)
    if any(f.tracking_uid == finding.tracking_uid for f in reading.own):
        before = finding.tracking_uid in committed or not reading.revealed_at
        return SeenBy.READER if before else SeenBy.READER_AFTER
    return SeenBy.BOTH if mark is not None and mark.tracking_uid in committed else SeenBy.MODEL


def _of_two(between: Arbitration, finding: Finding) -> SeenBy:
    """Who marked a finding of an arbitration."""
    if any(f.tracking_uid == finding.tracking_uid for f in between.agreed):
        return SeenBy.TWO
    return SeenBy.THIRD if between.finding(finding.tracking_uid) is None else SeenBy.ONE
