"""The report of the study on the desk: impression, category, signature, amendment, and its files."""

from collections.abc import Callable
from pathlib import Path

from viewer.app import asking, double_reading, locating, roaming, seeing
from viewer.app.desk_state import DeskState
from viewer.app.display import Question, Severity
from viewer.app.jobs import Report
from viewer.app.report_folder import Written, version_folder, written_in
from viewer.app.report_stacks import Stacks
from viewer.core.reading import birads, lung_rads
from viewer.core.reading.reading import Stage
from viewer.core.reading.rules import reveals

REPORTS = "reports"
"""Folder below the home folder: one folder for each reading."""

# --- what the report says


def open_report(desk: DeskState) -> None:
    """The report page, or back to the images."""
    desk.screen.page = "reading" if desk.screen.page == "report" else "report"
    desk.review.strip, desk.report.armed = False, False
    desk.looked()


def set_category(desk: DeskState, value: str) -> None:
    """A category by hand."""
    if desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.set_category(value)
        desk.acted()
        desk.say(f"Category {value}, set by you. Ctrl+Z takes it back.")


def next_category(desk: DeskState, steps: int = 1) -> None:
    """The next category by hand; beyond the ends it goes back to the one that the rules give."""
    reading = desk.reading
    if reading is None or not reading.scheme:
        desk.say("There is no category for this kind of study.")
        return
    if reading.scheme == birads.scheme():
        desk.say("Categories are given by breast: Shift+E.")
        return
    values = list(lung_rads.CATEGORIES)
    here = (
        values.index(reading.category.value) if reading.category and reading.category.value in values else 0
    )
    wanted = here + steps
    if 0 <= wanted < len(values):
        set_category(desk, values[wanted])


def category_by_rule(desk: DeskState) -> None:
    """Back to the category that the rules give."""
    if desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.set_category(None)
        desk.acted()


def set_chance(desk: DeskState, per_cent: int | None) -> None:
    """The reader's own probability of cancer, 0 to 100 %, part of the unaided verdict; None: not given."""
    if desk.stage is Stage.UNAIDED:
        desk.review.chance = per_cent
        desk.looked()


def edit_impression(desk: DeskState) -> None:
    """Open the impression for writing."""
    desk.screen.page, desk.report.editing = "report", True
    desk.changed()


def set_impression(desk: DeskState, text: str, done: bool = True) -> None:
    """Take over the impression; `done` closes its editor."""
    if done:
        desk.report.editing = False
    if desk.session is not None and desk.reading is not None and text != desk.reading.impression:
        with desk.telling_refusals():
            desk.session.set_impression(text)
            desk.acted()
    desk.changed()


def save(desk: DeskState) -> None:
    """Every act is on disk already; what was only looked at is written now."""
    desk.note_views()
    if desk.log is None:
        return
    with desk.telling_refusals():
        desk.log.flush()
        desk.say("Saved. Every mark and verdict was on disk before it was on screen.")


# --- the signature


def sign(desk: DeskState) -> None:
    """Sign; where findings are undecided the first press names them and the second signs without them."""
    session = desk.session
    if session is None:
        return
    desk.review.asked = ""
    said = _before_signing(desk)
    if said and not desk.report.armed:
        desk.screen.page, desk.report.armed = "report", True
        desk.say(said, Severity.WARNING)
        return
    with desk.telling_refusals():
        session.sign(force=desk.report.armed)
        double_reading.take_stock(desk)
        desk.screen.page, desk.report.armed = "report", False
        desk.review.undo_order.clear()
        desk.say("Signed. Writing the report ...")
        write(desk)


def _before_signing(desk: DeskState) -> str:
    """What the first press says instead of signing: doubts, then what is undecided; "" for nothing."""
    without = () if desk.reading is None else desk.reading.left_open()
    doubts = " ".join(doubts_of(desk))
    if not without:
        return f"{doubts} Ctrl+Shift+Enter once more signs all the same." if doubts else ""
    verb, them = ("is", "it") if len(without) == 1 else ("are", "them")
    undecided = f"{', '.join(without)} {verb} undecided. Ctrl+Shift+Enter once more signs without {them}."
    return f"{doubts} {undecided}".strip()


def doubts_of(desk: DeskState) -> tuple[str, ...]:
    """What is said at the first press of the signature, beside undecided findings: one sentence each."""
    unseen = roaming.not_seen(desk)
    seen = (unseen,) if unseen else ()
    reading = desk.reading
    if reading is None or reading.scheme != birads.scheme():
        return seen
    open_ones = birads.missing(reading.assessment, locating.examined(desk))
    missing = (f"Not given: {', '.join(open_ones)} (Shift+E).",) if open_ones else ()
    contradicting = birads.contradictions(reading.assessment, reading.in_force())
    sides = locating.warn_of_sides(desk)
    return (*missing, *contradicting, *((sides,) if sides else ()), *seen)


def why_not_sign(desk: DeskState) -> str:
    """Why the reading cannot be signed now; "" where it can."""
    if desk.session is None:
        return "Open a study first (Ctrl+O)."
    if desk.stage is Stage.UNAIDED:
        return "Commit your own read first (Shift+Enter)."
    if desk.stage is Stage.COMMITTED and desk.reading is not None and reveals(desk.reading.paradigm):
        return seeing.why_sealed(desk)
    return "This reading is signed; it can be amended." if desk.stage is Stage.SIGNED else ""


def folder_of(desk: DeskState) -> Path:
    """Where the objects of the reading on the desk are written."""
    assert desk.reading is not None
    return desk.home / REPORTS / desk.reading.reading_id


def list_files(desk: DeskState) -> None:
    """A signed reading is on the desk again: its report lies on disk."""
    if desk.reading is not None and desk.stage is Stage.SIGNED:
        desk.report.written = written_in(version_folder(folder_of(desk), desk.reading))


def amend(desk: DeskState) -> None:
    """Ask for the text of an amendment."""
    question = Question(
        kind="text",
        title="Amend the signed report",
        text="What was signed stays as it is; this is added with your name and the time.",
        fields=(("text", "Amendment"),),
        accept="Amend",
        refuse="Cancel",
    )
    asking.ask(desk, question, lambda values: _amend(desk, values))


def _amend(desk: DeskState, values: dict[str, str] | None) -> None:
    if values is None or desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.amend(values.get("text", "").strip())
        desk.say("Amended. Writing the report ...")
        write(desk)


def why_not_amend(desk: DeskState) -> str:
    """Why there is nothing to amend; "" where there is."""
    return "" if desk.stage is Stage.SIGNED else "Only a signed report is amended."


# --- writing


def write(desk: DeskState) -> None:
    """Write the objects, the page and its PDF, beside the window; what was signed is never touched."""
    study, reading, log = desk.study, desk.reading, desk.log
    loader = desk.loader
    if study is None or reading is None or log is None or loader is None:
        return
    folder, read, at_hand, press = folder_of(desk), desk.second.read, dict(desk.pixels.stacks), desk.printer
    refused: list[str] = []
    events = len(log.events(reading.reading_id))
    generation = desk.case.generation

    def work(report: Report, cancelled: Callable[[], bool]) -> tuple[Written, ...]:
        from viewer.app.reporting import write_reading  # loads the report's parts, after the first image

        report(-1, "objects, page and pictures")
        stacks = Stacks(at_hand, study.display_sets, lambda shown: loader.complete(shown, cancelled))
        written = write_reading(
            folder, study, reading, read, stacks, press=press, events=events, refused=refused.append
        )
        refused.extend(stacks.refused)
        return written

    desk.jobs.start(
        "Writing the report",
        work,
        lambda written: _written(desk, generation, written, tuple(refused)),
        lambda error: desk.say(f"The report was not written: {error}", Severity.DANGER),
    )


def _written(
    desk: DeskState, generation: int, written: tuple[Written, ...], refused: tuple[str, ...]
) -> None:
    if generation != desk.case.generation or desk.session is None:
        return
    desk.report.written, desk.report.not_written = written, refused
    with desk.telling_refusals():
        objects = [
            {"path": str(w.path), "kind": w.kind, "sop_instance_uid": w.sop_instance_uid} for w in written
        ]
        desk.session.reported(objects)
        folder = written[0].path.parent if written else folder_of(desk)
        desk.say(f"Written: {len(written)} files in {folder}.")
    if refused:
        desk.say(f"Not written: {refused[0]}", Severity.WARNING)
