"""Questions answered by single keys: what a finding in a breast looks like, and what the examination shows.

Each answer is an event at once. Enter keeps what stands there and goes on, Backspace goes back, Esc leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from viewer.app import asking, locating, rating, signing, suggesting
from viewer.app.desk_state import DeskState
from viewer.app.display import Question, Severity
from viewer.core.reading import birads
from viewer.core.reading.birads import KEYS, SIDES
from viewer.core.reading.concepts import Rating
from viewer.core.reading.description import Description
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading, Stage

FINDING, EXAM, CONCEPTS = "finding", "exam", "concepts"
NIPPLE, NOTE, CHANCE = "nipple", "note", "chance"
"""Questions that are answered in figures and in words: two about a finding, one about the examination."""
Suggested = Mapping[str, tuple[str, str]]
"""By question: the answer that the second reader names, and how often such an answer is right."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question as it is asked now.

    options  (key, words)
    chosen   keys of what stands there
    computed  it follows from the marks, and was not confirmed
    suggested  keys of what the model names, while nothing stands there; Enter takes it over
    accuracy  how often such a suggestion is right
    side     of a category: the breast
    """

    id: str
    title: str
    options: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...] = ()
    many: bool = False
    computed: bool = False
    suggested: tuple[str, ...] = ()
    accuracy: str = ""
    side: str = ""


# --- opening and walking


def describe(desk: DeskState) -> None:
    """Ask about the finding in focus, from what it is on; from the first open question where that is said."""
    desk.screen.page, desk.review.strip, desk.review.asked = "reading", False, FINDING
    desk.review.question = _first_open(steps(desk))
    desk.changed()


def rate_concepts(desk: DeskState) -> None:
    """Ask for the concepts that the malignancy of the finding in focus rests on."""
    desk.screen.page, desk.review.strip, desk.review.asked = "reading", False, CONCEPTS
    desk.review.question = 0
    desk.changed()


def assess(desk: DeskState) -> None:
    """Ask for density, a category for each breast, and recall."""
    desk.screen.page, desk.review.strip, desk.review.asked = "reading", False, EXAM
    desk.review.question = _first_open(steps(desk))
    desk.changed()


def _first_open(asked: tuple[Step, ...]) -> int:
    """The first question without an answer; the first of all where every one has one."""
    return next((n for n, step in enumerate(asked) if not step.chosen and step.options), 0)


def close(desk: DeskState) -> None:
    """Leave the questions; what was answered stays."""
    desk.review.asked, desk.review.question = "", 0
    desk.changed()


def go(desk: DeskState, ways: int = 1) -> None:
    """The next or the previous question; after the last one they are left. What was computed is confirmed."""
    now = current(desk)
    if ways > 0 and now is not None and now.computed:
        _confirm(desk, now)
    elif ways > 0 and now is not None and now.suggested:
        answer(desk, now.suggested[0])
        return
    desk.review.question += ways
    if desk.review.question < 0:
        desk.review.question = 0
    if desk.review.question >= len(steps(desk)):
        close(desk)
    desk.changed()


def steps(desk: DeskState) -> tuple[Step, ...]:
    """The questions that are asked now."""
    if desk.review.asked == EXAM and desk.reading is not None:
        return _exam_steps(desk, desk.reading)
    if desk.review.asked == CONCEPTS:
        return _concept_steps(rating.of_focus(desk))
    finding = subject(desk)
    if desk.review.asked == FINDING and finding is not None:
        return _finding_steps(finding, _description(desk), _suggested(desk))
    return ()


def current(desk: DeskState) -> Step | None:
    """The question that is open; None where none is asked."""
    asked = steps(desk)
    return asked[desk.review.question] if desk.review.question < len(asked) else None


def why_nothing_asked(desk: DeskState) -> str:
    """Why a key answers nothing; "" where it does."""
    return "" if current(desk) is not None else "No question is open (E or Shift+E)."


def subject(desk: DeskState) -> Finding | None:
    """The finding that is described: the one in focus, or the reader's mark at the same place."""
    finding, reading = desk.focused, desk.reading
    if finding is None or reading is None:
        return None
    return reading.finding(reading.joined.get(finding.tracking_uid, "")) or finding


def is_in_breast(desk: DeskState) -> bool:
    """True where the finding in focus lies on mammograms: it is described in the terms of BI-RADS."""
    finding = subject(desk)
    return finding is not None and bool(finding.places) and not why_not_assess(desk)


def why_not_assess(desk: DeskState) -> str:
    """Why there is no assessment to give; "" where there is."""
    if desk.reading is None or desk.reading.scheme != birads.scheme():
        return "BI-RADS is asked for mammographies only."
    return ""


# --- answering


def answer(desk: DeskState, key: str) -> None:
    """The answer of that key; of several that may hold together it is switched on or off."""
    step = current(desk)
    if step is None or all(key != k for k, _ in step.options):
        return
    if desk.review.asked == CONCEPTS:
        rating.rate(desk, step.id, float(key))
        go(desk)
    elif desk.review.asked == EXAM:
        _answer_exam(desk, step, key)
    else:
        _answer_finding(desk, step, key)


def clear(desk: DeskState) -> None:
    """No answer to the open question."""
    step = current(desk)
    if step is None:
        return
    if desk.review.asked == CONCEPTS:
        rating.rate(desk, step.id, None)
    elif step.id == CHANCE:
        signing.set_chance(desk, None)
    elif desk.review.asked == EXAM:
        _assess(desk, step, "")
    elif step.id not in (NIPPLE, NOTE):
        _describe(desk, step, ())


def _answer_exam(desk: DeskState, step: Step, key: str) -> None:
    if step.id == CHANCE:
        _ask_chance(desk, key)
        return
    question = birads.exam_questions()[step.id]
    _assess(desk, step, next(a.id for a in question.answers if a.key == key))
    go(desk)


def _assess(desk: DeskState, step: Step, value: str) -> None:
    if desk.session is None or desk.reading is None:
        return
    before = desk.reading.assessment
    if step.side:
        others = {side: given for side, given in before.categories.items() if side != step.side}
        after = replace(before, categories=others | ({step.side: value} if value else {}))
    elif step.id == "density":
        after = replace(before, density=value)
    else:
        after = replace(before, recall=value)
    with desk.telling_refusals():
        desk.session.assess(after, f"{step.title.rstrip('?').lower()} {value}".strip())
        if after != before:
            desk.acted()
            told = birads.contradictions(after, desk.reading.in_force())
            desk.say(" ".join(told) or f"{step.title.rstrip('?')}: {value or 'open'}.",
                     Severity.WARNING if told else Severity.INFO)  # fmt: skip


def _answer_finding(desk: DeskState, step: Step, key: str) -> None:
    if step.id == NIPPLE:
        _ask_distance(desk, key)
        return
    if step.id == NOTE:
        _ask_note(desk)
        return
    question = next(q for q in birads.finding_questions() if q.id == step.id)
    given = next(a.id for a in question.answers if a.key == key)
    if not step.many:
        _describe(desk, step, (given,))
        go(desk)
        return
    before = _description(desk).all_of(step.id)
    toggled = tuple(a for a in before if a != given) if given in before else (*before, given)
    _describe(desk, step, toggled)


def _description(desk: DeskState) -> Description:
    """What is said of the finding; of one of the model, at first, what follows from its places."""
    finding = subject(desk)
    if finding is None:
        return Description()
    return finding.description or locating.described(desk, finding)


def _describe(desk: DeskState, step: Step, given: tuple[str, ...]) -> None:
    _change(desk, _description(desk).saying(step.id, *given))


def _confirm(desk: DeskState, step: Step) -> None:
    if desk.review.asked == FINDING and step.id in birads.LOCATION:
        said = _description(desk)
        _change(desk, said.saying(step.id, *said.all_of(step.id)))


def _change(desk: DeskState, description: Description) -> None:
    finding = subject(desk)
    if finding is None or desk.session is None:
        return
    label = birads.kind_words(replace(finding, description=description)).lower()
    with desk.telling_refusals():
        after = desk.session.change(finding.tracking_uid, description=description, label=label)
        if after != finding:
            desk.acted()
            desk.say(f"{finding.name}: {birads.kind_words(after).lower()}. Ctrl+Z takes the answer back.")


def _ask_distance(desk: DeskState, key: str) -> None:
    if key == KEYS[0]:
        go(desk)
        return
    question = Question(
        kind="text",
        title="Distance from the nipple",
        text="In millimetres.",
        fields=(("mm", "mm"),),
        accept="Take it",
        refuse="Leave it",
    )
    asking.ask(desk, question, lambda values: _distance(desk, values))


def _distance(desk: DeskState, values: dict[str, str] | None) -> None:
    if values is None:
        return
    typed = values.get("mm", "").strip().replace(",", ".")
    try:
        distance = float(typed)
    except ValueError:
        distance = -1.0
    if not 0 <= distance <= 300:
        desk.say(
            f"Distance: found '{typed}', allowed a number of millimetres from 0 to 300.", Severity.WARNING
        )
        return
    _change(desk, replace(_description(desk), nipple_mm=distance, nipple_in=""))
    go(desk)


def _ask_chance(desk: DeskState, key: str) -> None:
    if key == KEYS[0]:
        go(desk)
        return
    question = Question(
        kind="text",
        title="Probability of cancer",
        text="Yours, in per cent.",
        fields=(("chance", "per cent"),),
        accept="Take it",
        refuse="Leave it",
    )
    asking.ask(desk, question, lambda values: _chance(desk, values))


def _chance(desk: DeskState, values: dict[str, str] | None) -> None:
    if values is None:
        return
    typed = values.get("chance", "").strip().removesuffix("%").strip()
    if not (typed.isascii() and typed.isdigit() and int(typed) <= 100):
        desk.say(f"Probability: found '{typed}', allowed a whole number from 0 to 100.", Severity.WARNING)
        return
    signing.set_chance(desk, int(typed))
    go(desk)


def _ask_note(desk: DeskState) -> None:
    finding = subject(desk)
    question = Question(
        kind="text",
        title="Note",
        text="One sentence for the report.",
        fields=(("text", "Note"),),
        accept="Take it",
        refuse="Leave it",
        values=(("text", "" if finding is None else finding.note),),
    )
    asking.ask(desk, question, lambda values: _note(desk, values))


def _note(desk: DeskState, values: dict[str, str] | None) -> None:
    finding = subject(desk)
    if values is None or finding is None or desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.change(finding.tracking_uid, note=values.get("text", "").strip())
        desk.acted()
    go(desk)


# --- the questions


def _exam_steps(desk: DeskState, reading: Reading) -> tuple[Step, ...]:
    asked, said = birads.exam_questions(), reading.assessment
    density = _step(asked["density"], (said.density,))
    if not said.density:
        named = {density.id: (suggesting.density(reading), suggesting.accuracy(reading, density.id))}
        density = _with_suggestion(density, asked["density"], named)
    by_breast = tuple(
        _step(asked["category"], (said.categories.get(side, ""),), f"{SIDES[side]}: category", side)
        for side in locating.examined(desk)
    )
    return (
        density,
        *by_breast,
        _step(asked["recall"], (said.recall,)),
        *(_chance_step(desk),) * (reading.stage is Stage.UNAIDED),
    )


def _chance_step(desk: DeskState) -> Step:
    """The reader's own probability: part of the unaided verdict, so it is asked before the commit only."""
    given = "not given" if desk.review.chance is None else f"{desk.review.chance} %"
    return Step(CHANCE, f"Probability of cancer, yours: {given}", ((KEYS[0], "Keep"), (KEYS[1], "Another")))


def _finding_steps(finding: Finding, said: Description, suggested: Suggested) -> tuple[Step, ...]:
    by_table = tuple(
        _with_suggestion(
            replace(_step(q, said.all_of(q.id)), computed=q.id in said.computed),
            q,
            suggested if not said.all_of(q.id) and not q.many else {},
        )
        for q in birads.asked(said)
    )
    if not said.of("kind"):
        return by_table
    distance = "not measured" if said.nipple_mm is None else f"{said.nipple_mm:.0f} mm"
    nipple = Step(NIPPLE, f"Distance from the nipple: {distance}", ((KEYS[0], "Keep"), (KEYS[1], "Another")))
    note = Step(NOTE, f"Note: {finding.note or 'none'}", ((KEYS[0], "Write"),))
    return (*by_table, nipple, note)


def _suggested(desk: DeskState) -> Suggested:
    finding, reading = desk.focused, desk.reading
    if finding is None or reading is None:
        return {}
    named = locating.suggested(desk, finding)
    return {name: (said, suggesting.accuracy(reading, name, finding)) for name, said in named.items()}


def _with_suggestion(step: Step, question: birads.Question, suggested: Suggested) -> Step:
    answer_id, accuracy = suggested.get(step.id, ("", ""))
    keys = tuple(a.key for a in question.answers if a.id == answer_id)
    return replace(step, suggested=keys, accuracy=accuracy if keys else "")


def _step(question: birads.Question, given: tuple[str, ...], title: str = "", side: str = "") -> Step:
    return Step(
        id=question.id,
        title=title or question.title,
        options=tuple((a.key, a.title) for a in question.answers),
        chosen=tuple(a.key for a in question.answers if a.id in given),
        many=question.many,
        side=side,
    )


def _concept_steps(rests_on: Rating | None) -> tuple[Step, ...]:
    """One question a concept; the title says what the model rates."""
    return tuple(
        Step(
            id=one.concept.name,
            title=f"{one.concept.name.capitalize()}: the model {one.model:.1f} ± {one.concept.error:.1f}",
            options=tuple(zip(KEYS, one.concept.words, strict=False)),
            chosen=() if one.reader is None else (f"{one.reader:g}",),
        )
        for one in (() if rests_on is None else rests_on.concepts)
    )
