"""The page of a model (F1 on a finding): what its readers here decided, then its card."""

from contextlib import suppress

from viewer.app.desk_state import DeskState
from viewer.app.reviewing import reasons
from viewer.app.store import EventLog, StoreError
from viewer.core.reading.changes import Refused
from viewer.core.reading.fold import fold
from viewer.core.reading.reading import ModelRun, Reading, Stage, Verdict
from viewer.core.reading.site_record import SiteRecord, site_record

NOBODY = "No model has read this study."


def model_page(desk: DeskState) -> str:
    """Markdown: of the model whose finding is in focus, else of the first that read this study."""
    from inference.bundle import CARD, installed_bundles  # only here, long after the first image

    run = _asked_for(desk.reading, desk.review.focus)
    if run is None:
        return NOBODY
    record = _record(desk.log, run.model_sha256)
    for folder, bundle in installed_bundles(desk.home / "models"):
        if bundle.sha256 == run.model_sha256:
            return _with_record((folder / CARD).read_text(encoding="utf-8"), record)
    gone = f"# {run.name}\n\nThe model is no longer installed with the weights that read this study."
    return _with_record(gone, record)


def _asked_for(reading: Reading | None, focus: str) -> ModelRun | None:
    runs = () if reading is None else [run for run in reading.runs if not run.other_kind]
    return next((run for run in runs if focus in run.findings), next(iter(runs), None))


def _record(log: EventLog | None, sha256: str) -> SiteRecord:
    """Of all signed readings of the log; one that cannot be read counts nothing."""
    if log is None:
        return SiteRecord()
    readings = []
    for line in log.readings():
        if line.stage is Stage.SIGNED:
            with suppress(StoreError, Refused):
                readings.append(fold(log.events(line.reading_id)))
    return site_record(readings, sha256)


def _with_record(card: str, record: SiteRecord) -> str:
    """The record stands between the card's title and the rest of it."""
    title, _, rest = card.partition("\n")
    return f"{title}\n\n{_told(record)}\n\n{rest}"


def _told(record: SiteRecord) -> str:
    head = "## Its record here"
    if not record.readings:
        return f"{head}\nNo signed reading here yet in which it spoke."
    span = record.first if record.first == record.last else f"{record.first} to {record.last}"
    shown = sum(record.marks.values())
    accepted, rejected = record.marks[Verdict.ACCEPTED], record.marks[Verdict.REJECTED]
    rows = [
        ("Signed readings in which it spoke", f"{record.readings} ({span})"),
        ("Its marks above the operating point", f"{shown}, {shown / record.readings:.1f} a reading"),
        ("Accepted", _share(accepted, shown)),
        ("... of them not marked by the reader before", str(record.added)),
        ("Rejected", _share(rejected, shown)),
        *((f"... {_reason(name)}", str(count)) for name, count in record.reasons.most_common()),
        ("Left undecided", _share(record.marks[Verdict.UNDECIDED], shown)),
        ("Readers' own marks where it showed nothing", str(record.missed)),
    ]
    lines = [f"| {name} | {value} |" for name, value in rows]
    told = "\n".join(("| what the readers here decided | |", "| --- | --- |", *lines))
    return f"{head}\n{told}\n\nWhat readers decided is not truth: no follow-up or biopsy is known here."


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else str(part)


def _reason(name: str) -> str:
    return (
        next((reason.title for reason in reasons() if reason.id == name), name) if name else "no reason given"
    )
