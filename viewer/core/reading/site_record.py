"""What readers here decided about the marks of one model: its record at this site. Pure counting."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from viewer.core.reading.reading import ModelRun, Reading, Stage, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRecord:
    """Of the signed readings in which the model spoke.

    readings  how many; first, last: days of the first and the last signature (ISO), "" where there is none
    marks     above the operating point, by what the reader decided at last
    reasons   of the rejected ones, by their id; "" where none was given
    joined    accepted or not, marks at a place that the reader had marked before the reveal
    added     accepted marks at a place that the reader had not marked: what the model contributed
    missed    the readers' own marks, unaided, where the model showed nothing
    """

    readings: int = 0
    first: str = ""
    last: str = ""
    marks: Counter[Verdict] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    joined: int = 0
    added: int = 0
    missed: int = 0


def site_record(readings: Iterable[Reading], model_sha256: str) -> SiteRecord:
    """Count; readings that are not signed, or that another model or other weights read, count nothing."""
    marks: Counter[Verdict] = Counter()
    reasons: Counter[str] = Counter()
    days: list[str] = []
    joined = added = missed = 0
    for reading in readings:
        run = next((run for run in reading.runs if run.model_sha256 == model_sha256), None)
        if run is None or run.status not in ("done", "partial") or reading.stage is not Stage.SIGNED:
            continue
        days.append(reading.signed_at[:10])
        shown = [f for f in reading.model if f.above_operating_point and _said(run, reading, f.tracking_uid)]
        for finding in shown:
            judgement = reading.judgement(finding.tracking_uid)
            marks[judgement.verdict] += 1
            if judgement.verdict is Verdict.REJECTED:
                reasons[judgement.reason] += 1
            at_own = finding.tracking_uid in reading.joined
            joined += at_own
            added += judgement.verdict is Verdict.ACCEPTED and not at_own
        seen = {own for uid, own in reading.joined.items() if uid in {f.tracking_uid for f in shown}}
        missed += sum(own.tracking_uid not in seen for own in reading.unaided)
    return SiteRecord(
        readings=len(days),
        first=min(days, default=""),
        last=max(days, default=""),
        marks=marks,
        reasons=reasons,
        joined=joined,
        added=added,
        missed=missed,
    )


def _said(run: ModelRun, reading: Reading, tracking_uid: str) -> bool:
    """Whether this model said it; in records of older programs one model said all."""
    return tracking_uid in run.findings or (not run.findings and len(reading.runs) == 1)
