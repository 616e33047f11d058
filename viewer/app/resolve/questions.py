"""The questions that are answered by keys, and what the examination says so far, as the panel shows them."""

from viewer.app import describing, locating, reviewing
from viewer.app.desk_state import DeskState
from viewer.app.display import Strip
from viewer.core.reading import birads
from viewer.core.reading.reading import Assessment, Reading

KEEP = ("Enter: keep it, and the next question",)
CONFIRM = ("Computed from the marks, not confirmed.", "Enter: confirm it, and the next question")
SUGGESTED = "Suggested by the second reader, not confirmed"
TAKE_OVER = "Enter: take it over, and the next question"
RATE = ("Enter: leave it, the next. Del: the model's again. Esc: done",)
SEVERAL = ("Several may hold. Enter: the next question",)


def finding_strip(desk: DeskState) -> Strip:
    """What is asked about the finding in focus: why it is rejected, or what it looks like."""
    if desk.review.strip:
        reasons = (*((r.digit, r.title) for r in reviewing.reasons()), ("Enter", "No reason"))
        return Strip(options=reasons)
    about = (describing.FINDING, describing.CONCEPTS)
    return _asked(desk) if desk.review.asked in about else Strip()


def exam_strip(desk: DeskState) -> Strip:
    """What is asked about the examination."""
    return _asked(desk) if desk.review.asked == describing.EXAM else Strip()


def _asked(desk: DeskState) -> Strip:
    step = describing.current(desk)
    if step is None:
        return Strip()
    notes = CONFIRM if step.computed else SEVERAL if step.many else KEEP
    if desk.review.asked == describing.CONCEPTS:
        notes = RATE
    if step.suggested:
        measured = (f"{step.accuracy.capitalize()}.",) if step.accuracy else ()
        notes = (f"{SUGGESTED}.", *measured, TAKE_OVER)
    chosen = step.chosen or step.suggested
    return Strip(title=step.title, options=step.options, chosen=chosen, notes=notes)


def exam_lines(desk: DeskState, reading: Reading) -> tuple[tuple[str, str, bool], ...]:
    """(what, what was said, whether it is said) of a mammography: density, category by breast, recall."""
    if reading.scheme != birads.scheme():
        return ()
    said, asked = reading.assessment, birads.exam_questions()
    values = [("Breast density", asked["density"], said.density)]
    values += [
        (birads.SIDES[side], asked["category"], said.categories.get(side, ""))
        for side in locating.examined(desk)
    ]
    values.append(("Recall", asked["recall"], said.recall))
    return tuple(
        (what, q.title_of(given) if given else "not given", bool(given)) for what, q, given in values
    )


def short(assessment: Assessment | None) -> str:
    """Categories of both breasts in short: "R 2, L 4A"; "none" where there is none."""
    given = {} if assessment is None else assessment.categories
    return ", ".join(f"{side} {given[side]}" for side in birads.SIDES if side in given) or "none"
