"""Sentences that stand both in the structured reports and on the page. Plain English, no markup."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from inference.protocol import Domain, Measurement, OperatingPoint
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading.arbitration import Arbitration
from viewer.core.reading.chance import chance, percent
from viewer.core.reading.concepts import Rating
from viewer.core.reading.finding import Finding
from viewer.core.reading.lung_rads import rounded_mean_mm
from viewer.core.reading.pictures import Shown
from viewer.core.reading.reading import Distance, Judgement, Verdict
from viewer.core.reading.scores import StatedScore
from viewer.core.report.place import by_slice
from viewer.core.report.second_read import SecondRead
from viewer.core.report.terms import reject_reasons

NOTICE = "Research software. Not a medical device. For research use only, not for diagnosis."

_DOMAIN = {
    "in": "like the data that the model learnt from",
    "near": "at the edge of the data that the model learnt from",
    "outside": "unlike the data that the model learnt from",
}


def domain_words(domain: Domain | None) -> str:
    """How far the study is like the training data, with the reasons."""
    if domain is None:
        return "not stated by the model"
    said = _DOMAIN.get(domain.verdict, domain.verdict)
    return f"{said}: {'; '.join(domain.reasons)}" if domain.reasons else said


def operating_point_words(point: OperatingPoint | None) -> str:
    """Name, threshold and false rate of an operating point."""
    if point is None:
        return "not stated by the model"
    rate = f"{point.rate:.1f} {point.unit}" if point.measured else "rate of false marks not measured"
    return f"{point.name}: marks from a probability of {point.threshold:.2f}, {rate}"


def status_words(read: SecondRead) -> str:
    """One sentence: what came out of a second read. No findings, not run and failed never read alike."""
    who, model = "The second reader", "the model"
    if read.document:
        who, model = f"Another program, {read.name},", "that program"
    if read.status == "not_run":
        return f"{who} did not run: {_reason(read)} Nothing was looked at by {model}."
    if read.status == "failed":
        return f"{who} failed: {_reason(read)} There is no answer of {model}."
    part = f" Not everything was read: {_reason(read)}" if read.status == "partial" else ""
    part = " ".join((part, *read.remarks)).rstrip()
    if not read.marked:
        return f"{who} read the study and found nothing above its operating point.{part}"
    count = len(read.marked)
    return f"{who} marked {count} finding{'' if count == 1 else 's'}.{part}"


def _reason(read: SecondRead) -> str:
    return f"{read.reason.strip().rstrip('.') or 'no reason was given'}."


def reject_words(judgement: Judgement) -> str:
    """Why a finding was rejected: the reason and the reader's own words."""
    reason = reject_reasons().get(judgement.reason)
    said = [f"{reason.title} ({reason.detail})"] if reason and judgement.reason != "other" else []
    said += [judgement.text] if judgement.text else []
    return ": ".join(said) or ("Other reason" if reason else "No reason given")


def verdict_words(judgement: Judgement) -> str:
    """Accepted, Rejected, or in which way undecided."""
    if judgement.verdict is Verdict.UNDECIDED:
        return "Looked at, left undecided" if judgement.at else "Not reviewed"
    return judgement.verdict.value.capitalize()


def arbitration_rows(between: Arbitration) -> list[tuple[str, str]]:
    """Who read, what differed and what was decided: a caption and a sentence each."""
    both = (("First reader", between.first), ("Second reader", between.second))
    rows = [(caption, f"{o.reader}, signed {clock(o.signed_at)}") for caption, o in both]
    if between.agreed:
        rows.append(("Both marked", ", ".join(f.name for f in between.agreed)))
    for difference in between.differences:
        title = (
            difference.title
            if difference.finding is None
            else f"{difference.name}, {difference.title.lower()}"
        )
        said = f"{between.first.reader}: {difference.first}; {between.second.reader}: {difference.second}"
        decided = between.chosen(difference)
        rows.append(("Differed", f"{title}: {said}. Decided: {decided or 'not decided'}."))
    return rows


def unaided_words(verdict: Mapping[str, object]) -> str:
    """What the reader committed beside marks and category: "probability 40 %, recall True"."""
    chance = verdict.get("probability")
    said = {**verdict, "probability": f"{100 * chance:.0f} %"} if isinstance(chance, float) else verdict
    return ", ".join(f"{name} {value}" for name, value in said.items())


def size_words(finding: Finding) -> str:
    """13.4 × 11.2 mm, mean 12.3 mm · 970 mm³; says so where nothing was measured."""
    long, short, mean = finding.long_axis_mm, finding.short_axis_mm, rounded_mean_mm(finding)
    parts = []
    if long is not None and short is not None:
        parts.append(f"{long:.1f} × {short:.1f} mm, mean {mean:.1f} mm")
    elif long is not None:
        parts.append(f"{long:.1f} mm")
    if finding.solid_part_mm is not None:
        parts.append(f"solid part {finding.solid_part_mm:.1f} mm")
    if finding.volume_mm3 is not None:
        parts.append(f"{finding.volume_mm3:.0f} mm³")
    return " · ".join(parts) or "Not measured"


def grey_words(shows: Shown) -> str:
    """The window of a picture, and whether it was inverted: "Lung: W 1400, L −600, inverted"."""
    window = shows.window
    if window.function == "LUT":
        said = window.name or "stored look-up table"
    elif window.width <= 0:
        said = "window as stored"
    else:
        numbers = f"W {window.width:g}, L {window.centre:g}".replace("-", "−")
        said = f"{window.name}: {numbers}" if window.name else numbers
    return f"{said}, inverted" if shows.invert else said


def measure_name(number: int, drawn: Distance) -> str:
    """What the report calls a measurement; `number` counts them from 1."""
    return f"{'Bidirectional' if drawn.short_axis is not None else 'Distance'} {number}"


def probability_words(finding: Finding) -> str:
    """Whose a finding is, with the model's calibrated probability, or what another program states."""
    who = finding.by or "Model"
    if finding.certainty is not None:
        return f"{who}: certainty {percent(finding.certainty)} as it states it, not calibrated here."
    if finding.probability is None:
        return f"{finding.by}: no probability stated." if finding.by else ""
    said = percent(finding.probability)
    if finding.interval is not None:
        said += f" (95 % interval {chance(finding.probability, finding.interval)})"
    return f"{who}: probability {said}."


def concept_words(rating: Rating | None) -> str:
    """What a malignancy score rests on, and what the reader rates otherwise; "" where it rests on nothing."""
    if rating is None:
        return ""
    said = ", ".join(f"{r.concept.name} {r.model:.1f} of {r.concept.highest}" for r in rating.concepts)
    words = f"Malignancy as readers rate it (no pathology): {percent(rating.model)}, from size and {said}."
    own = ", ".join(f"{r.concept.name} {r.reader:g}" for r in rating.corrected)
    return f"{words} The reader rates {own}: {percent(rating.score)}." if own else words


def score_rows(scores: Sequence[StatedScore], display_sets: Iterable[DisplaySet]) -> list[tuple[str, str]]:
    """What a model says of the study, its series, breasts and images: what of, and how probable."""
    images = [d for d in display_sets if d.kind == "image"]
    rows = [(_whose(s), score_words(s)) for s in scores if s.level != "image"]
    for label in dict.fromkeys(s.label for s in scores if s.level == "image"):
        rows += _image_rows([s for s in scores if s.level == "image" and s.label == label], images)
    return rows


def measurement_row(said: Measurement) -> tuple[str, str]:
    """What was measured of the whole study, and how much it is; not measured is as loud, with its reason."""
    if said.value_mm is None:
        return said.name, f"not measured: {said.reason}"
    side = {"L": " to the left", "R": " to the right"}.get(said.towards, "")
    return said.name, f"{said.value_mm:.0f} mm{side} (± {said.within_mm:.0f} mm)"


def score_words(score: StatedScore) -> str:
    """How probable, and on which side of its operating point."""
    said = percent(score.probability) + ("" if score.calibrated else ", not calibrated")
    if score.threshold is None:
        return said
    return f"{said}; {'flagged' if score.flagged else 'not flagged'}, threshold {percent(score.threshold)}"


def _whose(score: StatedScore) -> str:
    side = {"L": "left ", "R": "right "}.get(score.laterality, "")
    return f"{score.label}, {side}{score.level}"


def _image_rows(scores: list[StatedScore], images: list[DisplaySet]) -> list[tuple[str, str]]:
    """Of a stack the most probable slice and those that are flagged; of single images each."""
    rows = []
    for shown in images:
        here = by_slice(scores, shown)
        if not here:
            continue
        best = max(here, key=lambda k: here[k].probability)
        if shown.count == 1:
            rows.append((f"{here[0].label}, {shown.title}", score_words(here[0])))
            continue
        said = f"highest on slice {best + 1} of {shown.count}: {percent(here[best].probability)}"
        flagged = [k for k, score in here.items() if score.flagged]
        said += "" if here[best].calibrated else ", not calibrated"
        said += f"; flagged: {spans(flagged)}" if flagged else "; no slice flagged"
        rows.append((f"{here[best].label}, {shown.title}", said))
    return rows


def spans(indices: Iterable[int]) -> str:
    """Slice numbers (from 0) as people count them: "14-17, 21"."""
    parts: list[tuple[int, int]] = []
    for index in sorted(indices):
        if parts and index == parts[-1][1] + 1:
            parts[-1] = (parts[-1][0], index)
        else:
            parts.append((index, index))
    return ", ".join(f"{a + 1}" if a == b else f"{a + 1}-{b + 1}" for a, b in parts)


def clock(at: str) -> str:
    """An ISO time as "2026-01-02 03:04:05 UTC"; "not recorded" for what is none."""
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        return "not recorded"
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
