"""What the reveal writes into the record: every finding as shown, which model said it, how its read went."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from viewer.app.second_read.model_read import ModelRead, StudyRead
from viewer.core.reading.codec import to_json
from viewer.core.reading.finding import Finding
from viewer.core.reading.joins import join
from viewer.core.reading.reading import ModelRun, Reading

NO_MODEL = "no model is installed for this kind of study"


def reveal_payload(reading: Reading, study_read: StudyRead) -> dict[str, object]:
    """The payload of the `reveal` event; `joined` holds the pairs of model finding and own mark.

    What programs of others found follows our own models': their certainties are of another kind.
    """
    ours = [read for read in study_read.reads if not read.document]
    others = [f for read in study_read.reads if read.document for f in read.findings]
    findings = [*_ordered([f for read in ours for f in read.findings]), *others]
    status, reason = _overall(ours)
    return {
        "seal": reading.seal,
        "status": status,
        "reason": reason,
        "runs": [to_json(_run(read)) for read in study_read.reads],
        "findings": [to_json(f) for f in findings],
        "joined": join(findings, reading.own),
    }


def _ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Highest probability first; names as the models gave them, or M1, M2 ... where two models collide."""
    ordered = sorted(findings, key=lambda f: -(f.probability or f.certainty or 0.0))
    if len({f.name for f in ordered}) == len(ordered):
        return ordered
    return [replace(f, name=f"M{number}") for number, f in enumerate(ordered, start=1)]


def _overall(reads: Sequence[ModelRead]) -> tuple[str, str]:
    """Status and reason over all models: done only if each is; findings of one outweigh another's failure."""
    if not reads:
        return "not_run", NO_MODEL
    states = {read.status for read in reads}
    reasons = "; ".join(dict.fromkeys(read.reason for read in reads if read.reason))
    if len(states) == 1:
        return states.pop(), reasons
    if states & {"done", "partial"}:
        return "partial", reasons
    return "failed", reasons


def _run(read: ModelRead) -> ModelRun:
    point, domain = read.operating_point, read.domain
    return ModelRun(
        model_id=read.model_id,
        model_version=read.model_version,
        model_sha256=read.model_sha256,
        status=read.status,
        reason=read.reason or "",
        device=read.device,
        seconds=read.seconds,
        operating_point=point.name if point else "",
        threshold=point.threshold if point else None,
        rate=point.rate if point else None,
        unit=point.unit if point else "",
        domain=domain.verdict if domain else "",
        domain_score=domain.score if domain else None,
        domain_reasons=domain.reasons if domain else (),
        title=read.title,
        findings=tuple(f.tracking_uid for f in read.findings),
        document=read.document,
        other_kind=read.other_kind,
        remarks=read.remarks,
        densities=_densities(read),
        accuracies=read.accuracies,
        bottleneck=read.bottleneck,
        scores=read.stated,
        measurements=read.measurements,
    )


def _densities(read: ModelRead) -> tuple[tuple[str, int], ...]:
    """What the images of a mammography say of the density, the most probable first, each on how many."""
    images: Counter[str] = Counter()
    weights: defaultdict[str, float] = defaultdict(float)
    for score in read.scores:
        what, _, value = score.label.partition(" ")
        if (score.level, what) == ("image", "density"):
            images[value] += 1
            weights[value] += score.probability
    return tuple((value, images[value]) for value in sorted(images, key=lambda v: (-weights[v], v)))
