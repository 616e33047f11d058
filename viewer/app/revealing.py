"""The second reader of the study on the desk: started beside the window, sealed, then revealed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app import explaining, seeing, triage, viewing
from viewer.app.desk_state import DeskState
from viewer.app.display import Severity
from viewer.app.jobs import Report, Stopped
from viewer.core.dicom.display_set import Study
from viewer.core.reading.events import Kind
from viewer.core.reading.fold import RETRYABLE
from viewer.core.reading.reading import Stage
from viewer.core.reading.rules import allowed, reveals

if TYPE_CHECKING:  # the second reader's parts load when it starts, after the first image
    from viewer.app.second_read.model_read import StudyRead
    from viewer.app.second_read.pool import WorkerPool
    from viewer.app.second_read.sealed import SealedRead

MOST_KEPT = 32
"""So many reads of a session are kept, sealed: a study that is opened again is not read again."""

# --- before the commit


def start(desk: DeskState) -> None:
    """Read the study on the desk in the background. Nothing of it shows but waiting, ready, or not run."""
    study = desk.study
    if study is None or desk.second.job:
        return
    before = triage.known(desk, study)
    if before is not None and before.sealed is not None and desk.second.sealed is None:
        _take_sealed(desk, before.sealed)
        return
    triage.pause(desk)
    desk.second.sealed = None
    desk.second.stands("waiting")
    generation = desk.case.generation
    work = _work(desk, study, explaining.pool(desk))
    desk.second.job = desk.jobs.start(
        "Second reader",
        work,
        lambda sealed: _ended(desk, generation, sealed),
        lambda error: _failed(desk, generation, error),
        quiet=True,
    )
    desk.changed()


def _work(
    desk: DeskState, study: Study, workers: "WorkerPool"
) -> "Callable[[Report, Callable[[], bool]], SealedRead]":
    loader, home, points = desk.loader, desk.home, desk.settings.operating_points
    before = desk.listing.sealed
    assert loader is not None

    def read(report: Report, cancelled: Callable[[], bool]) -> "SealedRead":
        from inference.bundle import installed_bundles
        from viewer.app.second_read.asking import ReadCancelled
        from viewer.app.second_read.operating_point import with_choice
        from viewer.app.second_read.sealed import read_sealed

        bundles = with_choice(installed_bundles(home / "models"), points)
        models = tuple((own.sha256, own.version, own.default_operating_point) for _, own in bundles)
        same = study.fingerprint, models  # weights alone would miss a model that was only calibrated anew
        if same in before:
            return before[same]
        try:
            sealed = read_sealed(
                study, loader.complete, bundles, workers, scratch=home / "run", cancelled=cancelled
            )
        except ReadCancelled as stopped:
            raise Stopped from stopped
        if sealed.state == "ready":  # what failed, or was not run, may go otherwise the next time
            before[same] = sealed
            for old in list(before)[:-MOST_KEPT]:
                before.pop(old, None)
        return sealed

    return read


def _ended(desk: DeskState, generation: int, sealed: "SealedRead") -> None:
    if generation != desk.case.generation:
        return
    desk.second.job = ""
    if desk.study is not None:
        triage.keep(desk, desk.study, sealed)
    _take_sealed(desk, sealed)


def _take_sealed(desk: DeskState, sealed: "SealedRead") -> None:
    """The answer is there: it is revealed where the record allows it already."""
    desk.second.sealed = sealed
    ready = sealed.state == "ready"
    desk.second.stands("ready" if ready else "not_run", "" if ready else sealed.reason)
    catch_up(desk)
    read_list(desk)


def read_list(desk: DeskState) -> None:
    """In the triage paradigm: read the studies of the list, one after the other."""
    if not triage.is_on(desk):
        return
    workers = explaining.pool(desk)
    triage.read_next(desk, lambda study: _work(desk, study, workers))


def catch_up(desk: DeskState) -> None:
    """Reveal what the record already allows: after the commit, on resuming after it, in triage at once."""
    reading = desk.reading
    if desk.second.sealed is None or desk.second.read is not None or reading is None:
        return
    if Kind.REVEAL in allowed(reading.paradigm, reading.stage):
        reveal(desk)


def _failed(desk: DeskState, generation: int, error: Exception) -> None:
    if generation == desk.case.generation:
        desk.second.job = ""
        desk.second.stands("failed", str(error))
        desk.say(f"The second reader failed: {error}", Severity.DANGER)
        read_list(desk)


def cancel(desk: DeskState) -> None:
    """Stop the second reader; it can be started again."""
    desk.jobs.cancel(desk.second.job)
    desk.second.job = ""
    desk.second.stands("not_run", "stopped by the reader")
    desk.say("The second reader is stopped.")


def again(desk: DeskState) -> None:
    """Read once more: after it failed, was stopped, or the study has grown."""
    desk.second.read = None
    start(desk)


def why_not_again(desk: DeskState) -> str:
    """Why the second reader cannot be started; "" where it can."""
    if desk.study is None:
        return "Open a study first (Ctrl+O)."
    return "" if desk.second.kind in ("not_run", "failed") else "The second reader is at work, or done."


def why_not_cancel(desk: DeskState) -> str:
    """Why there is nothing to stop; "" where there is."""
    return "" if desk.second.job else "The second reader is not at work."


# --- commit and reveal


def commit(desk: DeskState) -> None:
    """Seal the unaided read, then reveal the second reader's findings as soon as they are there."""
    if desk.session is None:
        return
    desk.review.asked = ""
    with desk.telling_refusals():
        desk.note_views()
        verdict = {} if desk.review.chance is None else {"probability": desk.review.chance / 100}
        desk.session.commit(verdict)
        desk.review.undo_order.clear()
        if not reveals(desk.session.reading.paradigm):
            desk.say("Committed. Nothing of another reader is shown; Ctrl+Shift+Enter signs.")
            desk.looked()
            return
        desk.say("Committed. The second reader's findings appear when it is done.")
        if desk.second.sealed is not None:
            reveal(desk)
        elif not desk.second.job:
            start(desk)


def why_not_commit(desk: DeskState) -> str:
    """Why there is nothing to commit; "" where there is."""
    if desk.session is None:
        return "Open a study first (Ctrl+O)."
    if desk.stage is not Stage.UNAIDED and triage.is_read_in(desk):
        return "In triage the second reader is shown at once: there is nothing to commit."
    return "" if desk.stage is Stage.UNAIDED else "The unaided read is committed already."


def reveal(desk: DeskState) -> None:
    """Open the seal with the record of the commit; from here on the findings are part of the reading."""
    from viewer.app.second_read.sealed import StillSealed

    session, sealed, log = desk.session, desk.second.sealed, desk.log
    if session is None or sealed is None or log is None:
        return
    with desk.telling_refusals():
        try:
            events = log.events(session.reading.reading_id)
            read = sealed.open(session.reading.seal, events, _patches(desk, session.reading.reading_id))
        except StillSealed as refusal:
            desk.say(str(refusal), Severity.WARNING)
            return
        again = desk.stage is Stage.REVEALED and session.reading.second_read_status not in RETRYABLE
        if not again:
            session.reveal(read)
        _take(desk, read)
        if not again:
            desk.review.undo_order.clear()
            _arrange(desk)


def _patches(desk: DeskState, reading_id: str) -> Path:
    return desk.home / explaining.MAPS / reading_id


def _take(desk: DeskState, read: "StudyRead") -> None:
    """Heat maps of the revealed findings, for the viewports."""
    from viewer.app.second_read.model_read import heats_of

    desk.second.read = read
    desk.second.heat = heats_of(read)


def _arrange(desk: DeskState) -> None:
    """The step of the second reader, its first finding in focus."""
    desk.screen.panel, desk.screen.series_open = False, False
    last = next((n for n, step in enumerate(desk.hanging.steps) if step.after_commit), None)
    if last is not None and desk.hanging.step != last:
        viewing.go_to_step(desk, last)
    found = seeing.walked(desk)
    remarks = [remark for run in (desk.reading.runs if desk.reading else ()) for remark in run.remarks]
    if remarks:
        more = f" {len(remarks) - 1} more are told in the report." if len(remarks) > 1 else ""
        desk.say(f"{remarks[0]}{more}", Severity.WARNING)
    elif found:
        some, goes = ("findings", "through them") if len(found) > 1 else ("finding", "to it")
        desk.say(f"{len(found)} {some} above the threshold. N goes {goes}.")
    elif desk.second.kind == "ready":
        desk.say("The second reader found nothing above its threshold.")
    else:
        desk.say(f"Second reader: not run: {desk.second.reason}", Severity.WARNING)
