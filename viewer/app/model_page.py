"""The page of a model (F1 on a finding): what its readers here decided, examples of its mistakes, its card.

Put together on a thread of its own: it folds every signed reading of the log.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from viewer.app import mistakes, seeing
from viewer.app.desk_state import DeskState
from viewer.app.display import Severity
from viewer.app.jobs import Report, Stopped
from viewer.app.reviewing import reasons
from viewer.app.store import EventLog, StoreError
from viewer.core.reading.changes import Refused
from viewer.core.reading.fold import fold
from viewer.core.reading.reading import ModelRun, Reading, Stage, Verdict
from viewer.core.reading.site_record import SiteRecord, site_record

NOBODY = "No model has read this study."
COMING = "The page of the model is being put together: it counts what readers here decided."


def turn_to(desk: DeskState) -> None:
    """Show the page of the model whose finding is in focus, else of the first that read this study."""
    run = asked_for(desk)
    desk.jobs.cancel(desk.screen.card_job)
    desk.screen.card = (NOBODY if run is None else COMING,)
    if run is None:
        return
    desk.screen.card_job = desk.jobs.start(
        f"The page of {run.name}",
        partial(_page, desk.log, desk.home, run),
        lambda page: _arrived(desk, page),
        lambda error: desk.say(f"The page of {run.name} cannot be shown: {error}", Severity.WARNING),
    )


def asked_for(desk: DeskState) -> ModelRun | None:
    """The model whose page is meant; None where none has read this study."""
    return _asked_for(desk.reading, desk.review.focus)


def why_no_examples(desk: DeskState) -> str:
    """Why there is no model whose mistakes could be shown; "" where there is."""
    return seeing.why_sealed(desk) or ("" if asked_for(desk) is not None else NOBODY)


def show_examples(desk: DeskState) -> None:
    """Open the page of the model that is meant, and look for its mistakes in a job that can be cancelled."""
    run = asked_for(desk)
    if run is None:
        return
    desk.screen.overlay = "card"
    turn_to(desk)
    if desk.jobs.running(desk.screen.examples_job):
        return
    desk.screen.examples_job = desk.jobs.start(
        f"Mistakes of {run.name}",
        partial(_examples, desk.home, run.model_sha256, desk.settings.device),
        lambda _: _made(desk),
        lambda error: desk.say(f"No examples: {str(error).rstrip('.')}.", Severity.WARNING),
    )
    desk.say(f"Looking for mistakes of {run.name}; its page shows them then (F1).")


def _examples(home: Path, sha256: str, device: str, report: Report, cancelled: Callable[[], bool]) -> None:
    from inference.bundle import installed_bundles

    installed = next((item for item in installed_bundles(home / "models") if item[1].sha256 == sha256), None)
    if installed is None:
        raise LookupError("the model is no longer installed with these weights")
    mistakes.make(home, *installed, device, report, cancelled)


def _made(desk: DeskState) -> None:
    if desk.screen.overlay == "card":
        turn_to(desk)
    desk.say("Examples of its mistakes are on the page of the model (F1).")


def _arrived(desk: DeskState, page: str) -> None:
    if desk.screen.overlay == "card":
        desk.screen.card = (page,)


def _page(
    log: EventLog | None, home: Path, run: ModelRun, report: Report, cancelled: Callable[[], bool]
) -> str:
    """Markdown. On a thread of its own."""
    from inference.bundle import CARD, installed_bundles  # only here, long after the first image

    told = _told(_record(log, run.model_sha256, report, cancelled))
    for folder, bundle in installed_bundles(home / "models"):
        if bundle.sha256 == run.model_sha256:
            card = (folder / CARD).read_text(encoding="utf-8")
            return _after_title(card, told, mistakes.section(home, bundle))
    gone = f"# {run.name}\n\nThe model is no longer installed with the weights that read this study."
    return _after_title(gone, told)


def _asked_for(reading: Reading | None, focus: str) -> ModelRun | None:
    runs = () if reading is None else [run for run in reading.runs if not run.other_kind]
    return next((run for run in runs if focus in run.findings), next(iter(runs), None))


def _record(log: EventLog | None, sha256: str, report: Report, cancelled: Callable[[], bool]) -> SiteRecord:
    """Of all signed readings of the log; one that cannot be read counts nothing."""
    if log is None:
        return SiteRecord()
    readings, lines = [], log.readings()
    for number, line in enumerate(lines):
        if cancelled():
            raise Stopped
        report(number / len(lines), f"reading {number + 1} of {len(lines)}")
        if line.stage is Stage.SIGNED:
            with suppress(StoreError, Refused):
                readings.append(fold(log.events(line.reading_id)))
    return site_record(readings, sha256)


def _after_title(card: str, *parts: str) -> str:
    """The card with these parts between what it begins with and its first heading."""
    head, mark, rest = card.partition("\n## ")
    return "\n\n".join((head, *filter(None, parts), f"{mark.lstrip()}{rest}"))


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
