"""Independent double reading: which studies two readers have signed, where they differ, and the third reader.

Nothing of one reader is shown to the other before both have signed: until then only how many have.
"""

from collections.abc import Callable, Iterable

from viewer.app import asking, reviewing
from viewer.app.desk_state import DeskState
from viewer.app.display import Question
from viewer.app.reading_list import ReadingLine
from viewer.app.store import EventLog
from viewer.core.reading.arbitration import Arbitration, Choice, Difference
from viewer.core.reading.discordance import arbitration
from viewer.core.reading.fold import fold
from viewer.core.reading.reading import Paradigm, Reading, Stage

Pair = tuple[Reading, Reading]
"""Two signed readings of one study by two readers, the one opened first first."""
State = tuple[str, str]
"""Kind and words of the study list."""

# --- what the log holds


def take_stock(desk: DeskState) -> None:
    """The readings of the log as they are now, for the study list. Raises `StoreError`, `Refused`."""
    if desk.log is not None:
        desk.listing.readings = desk.log.readings()
        desk.listing.doubles = states(desk.log, desk.listing.readings)


def states(log: EventLog, lines: Iterable[ReadingLine]) -> dict[str, State]:
    """By study: how far its double reading is. Raises `StoreError`, `Refused`."""
    by_study: dict[str, list[ReadingLine]] = {}
    for line in lines:
        if line.paradigm == Paradigm.INDEPENDENT:
            by_study.setdefault(line.study_instance_uid, []).append(line)
    return {study: state for study, read in by_study.items() if (state := _state(log, read)) is not None}


def _state(log: EventLog, lines: list[ReadingLine]) -> State | None:
    both = _pair(log, lines)
    if both is None:
        signed = {line.reader for line in lines if line.stage is Stage.SIGNED}
        return ("draft", f"{len(signed)} of 2 signed") if signed else None
    third = [line for line in lines if line.reader not in {r.reader.name for r in both}]
    if any(line.stage is Stage.SIGNED for line in third):
        return "signed", "Arbitrated"
    differ = len(arbitration(*both).differences)
    if not differ:
        return "signed", "2 of 2, agree"
    return "differ", f"2 of 2, differ: {differ}{', in arbitration' if third else ''}"


def pair(log: EventLog, study_instance_uid: str) -> Pair | None:
    """The two signed readings of a study; None before both are signed."""
    lines = log.readings(study_instance_uid)
    return _pair(log, [line for line in lines if line.paradigm == Paradigm.INDEPENDENT])


def _pair(log: EventLog, lines: Iterable[ReadingLine]) -> Pair | None:
    """The first signed reading of each of the first two readers."""
    signed = sorted((line for line in lines if line.stage is Stage.SIGNED), key=lambda line: line.opened_at)
    first_of: dict[str, Reading] = {}
    for line in signed:
        if len(first_of) < 2 and line.reader not in first_of:
            reading = fold(log.events(line.reading_id))
            if reading.arbitration is None:
                first_of[line.reader] = reading
    if len(first_of) < 2:
        return None
    first, second = first_of.values()
    return first, second


# --- the third reader


def offer(desk: DeskState, start: Callable[[], None]) -> bool:
    """Ask a third reader whether to arbitrate; False where there is nothing to. `start` begins a reading."""
    study, log = desk.study, desk.log
    if study is None or log is None or desk.settings.paradigm != Paradigm.INDEPENDENT:
        return False
    both = pair(log, study.study_instance_uid)
    if both is None or desk.settings.reader in {r.reader.name for r in both}:
        return False
    count = len(arbitration(*both).differences)
    if not count:
        return False
    names = " and ".join(r.reader.name for r in both)
    points = "one point" if count == 1 else f"{count} points"
    question = Question(
        kind="arbitrate",
        title="Arbitrate between two readings?",
        text=f"{names} have signed and differ on {points}. You see both readings and decide each point.",
        accept="Arbitrate",
        refuse="Read it without them",
    )

    def answered(values: dict[str, str] | None) -> None:
        start()
        if values is not None:
            _arbitrate(desk, both)

    asking.ask(desk, question, answered)
    return True


def _arbitrate(desk: DeskState, both: Pair) -> None:
    if desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.arbitrate(*both)
        desk.screen.series_open = False
        reviewing.walk(desk)
        desk.say("F7 takes the first reader's word, F8 the second's, F9 neither's.")
    desk.looked()


# --- deciding


def between(desk: DeskState) -> Arbitration | None:
    """The two readings that are decided between; None in any other reading."""
    return None if desk.reading is None else desk.reading.arbitration


def focused(desk: DeskState) -> Difference | None:
    """The difference in focus."""
    found = between(desk)
    return None if found is None else next((d for d in found.differences if d.row == desk.review.focus), None)


def decide(desk: DeskState, *, choice: Choice) -> None:
    """Whose word holds on the difference in focus; then the next one that is open."""
    difference, session = focused(desk), desk.session
    if difference is None or session is None:
        return
    with desk.telling_refusals():
        session.decide(difference.key, choice)
        desk.acted()
        said = session.reading.arbitration.chosen(difference) if session.reading.arbitration else ""
        _next_open(desk)
        desk.say(f"{difference.name}: {said}. Ctrl+Z takes it back.")


def _next_open(desk: DeskState) -> None:
    found = between(desk)
    rows = [d.row for d in found.open_ones()] if found is not None else []
    if rows:
        order = [d.row for d in found.differences] if found is not None else []
        here = order.index(desk.review.focus)
        after = [row for row in order[here + 1 :] if row in rows]
        reviewing.focus(desk, after[0] if after else rows[0])


def why_not_decide(desk: DeskState) -> str:
    """Why there is nothing to decide; "" where there is."""
    found = between(desk)
    if found is None:
        return "Only a third reader decides between two readings."
    if desk.stage is Stage.SIGNED:
        return "This reading is signed; it can be amended, not changed."
    return "" if focused(desk) is not None else "Choose a point first (N)."


def listed(desk: DeskState) -> str:
    """How far the double reading of the study on the desk is, in words; "" outside of one."""
    study = desk.study
    state = None if study is None else desk.listing.doubles.get(study.study_instance_uid)
    return "" if state is None else state[1]
