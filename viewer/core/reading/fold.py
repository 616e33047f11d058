"""The fold of events into a reading: pure, and the only place that says what an event does.

`apply` refuses (raises `Refused`) what the rules do not allow, so that nothing untrue enters a log, and a log
that was written by something else does not pass for a reading.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from viewer.core.reading import birads, lung_rads
from viewer.core.reading.arbitration import Arbitration
from viewer.core.reading.changes import (
    CHANGES,
    Content,
    Refused,
    content_of,
    finding_of,
    text_of,
    with_content,
)
from viewer.core.reading.codec import BadPayload, from_json
from viewer.core.reading.concepts import bottleneck_of
from viewer.core.reading.events import Event, Kind
from viewer.core.reading.finding import Author, Finding
from viewer.core.reading.pictures import Snapshot
from viewer.core.reading.reading import Assessment, Category, ModelRun, Paradigm, Reader, Reading, Stage
from viewer.core.reading.rules import UNDOABLE, allowed, why_not

RETRYABLE = ("not_run", "failed")
"""After these a second reveal is allowed: nothing of the model was on screen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One undoable step: the event that made it, its title in the menu, the content around it."""

    seq: int
    title: str
    before: Content
    after: Content


@dataclass(frozen=True, slots=True)
class Progress:
    """A reading with what undo needs.

    Commit, reveal and signature start with empty `done` and `undone`: undo never crosses them.
    """

    reading: Reading
    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()


def fold(events: Iterable[Event]) -> Reading:
    """The reading that these events make; raises `Refused` for an empty or a forbidden sequence."""
    return replay(events).reading


def replay(events: Iterable[Event]) -> Progress:
    """Like `fold`, with the undo history."""
    progress: Progress | None = None
    for event in events:
        progress = apply(progress, event)
    if progress is None:
        raise Refused("There is no such reading in the log.")
    return progress


def apply(progress: Progress | None, event: Event) -> Progress:
    """The progress after one more event; raises `Refused` where it may not happen."""
    try:
        if progress is None:
            return _opened(event)
        if event.kind not in allowed(progress.reading.paradigm, progress.reading.stage):
            raise Refused(why_not(event.kind, progress.reading.stage))
        return _HANDLERS[event.kind](progress, event)
    except (ValueError, KeyError) as error:
        raise Refused(f"Event {event.seq} ({event.kind}) cannot be read: {error}.") from error


# --- life of a reading


def _opened(event: Event) -> Progress:
    if event.kind is not Kind.OPENED:
        raise Refused(f"The log of this reading starts with '{event.kind}' instead of 'opened'.")
    return Progress(
        Reading(
            reading_id=event.reading,
            study_instance_uid=text_of(event, "study_instance_uid"),
            reader=Reader(event.reader, event.experience),
            paradigm=Paradigm(event.paradigm),
            arm=event.arm,
            scheme=text_of(event, "scheme"),
            category=_first_category(text_of(event, "scheme")),
            opened_at=event.at_utc,
        )
    )


def _first_category(scheme: str) -> Category | None:
    """What a reading without a word says."""
    if scheme == birads.scheme():
        return birads.category(Assessment())
    return lung_rads.category(()) if scheme == lung_rads.SCHEME else None


def _commit(progress: Progress, event: Event) -> Progress:
    reading = progress.reading
    verdict = event.payload.get("verdict") or {}
    if not isinstance(verdict, Mapping):
        raise BadPayload("verdict is not an object")
    return Progress(
        replace(
            reading,
            stage=Stage.COMMITTED,
            unaided=reading.own,
            unaided_category=_category_of(event),
            unaided_assessment=reading.assessment,
            verdict=dict(verdict),
            committed_at=event.at_utc,
            seal=event.hash,
        )
    )


def _reveal(progress: Progress, event: Event) -> Progress:
    reading = progress.reading
    if reading.stage is Stage.REVEALED and reading.second_read_status not in RETRYABLE:
        raise Refused("The second reader's findings are on screen already.")
    if text_of(event, "seal") != reading.seal:
        raise Refused("The second reader stays sealed: the seal is not that of this reading's commit.")
    model = from_json(event.payload["findings"], tuple[Finding, ...])
    if any(f.author is not Author.MODEL for f in model):
        raise Refused("A finding of the reveal is not the second reader's.")
    return Progress(
        replace(
            reading,
            stage=Stage.REVEALED,
            model=model,
            joined=from_json(event.payload["joined"], dict[str, str]),
            runs=from_json(event.payload["runs"], tuple[ModelRun, ...]),
            revealed_at=event.at_utc,
            second_read_status=text_of(event, "status"),
            second_read_reason=text_of(event, "reason"),
        )
    )


def _arbitrate(progress: Progress, event: Event) -> Progress:
    """Two readings of others are on screen from here on; what they agree on is part of the reading."""
    between = from_json(event.payload["arbitration"], Arbitration)
    reading = progress.reading
    if progress.done or reading.reader.name in (between.first.reader, between.second.reader):
        raise Refused("A third reader arbitrates, before any word of their own.")
    if between.decisions:
        raise Refused("An arbitration begins without a decision.")
    content = replace(
        content_of(reading),
        own=between.agreed,
        assessment=from_json(event.payload["assessment"], Assessment),
        category=_category_of(event),
        arbitration=between,
    )
    return Progress(replace(with_content(reading, content), stage=Stage.REVEALED, revealed_at=event.at_utc))


def _sign(progress: Progress, event: Event) -> Progress:
    reading = progress.reading
    without = from_json(event.payload["without"], tuple[str, ...])
    undecided = reading.left_open()
    if without != undecided:
        raise Refused(undecided_sentence(undecided))
    return Progress(replace(reading, stage=Stage.SIGNED, signed_at=event.at_utc, signed_without=without))


def _amend(progress: Progress, event: Event) -> Progress:
    text = text_of(event, "text")
    if not text.strip():
        raise Refused("An amendment needs its text.")
    reading = progress.reading
    return replace(
        progress,
        reading=replace(
            reading,
            amendments=(*reading.amendments, text),
            amended_at=(*reading.amended_at, event.at_utc),
        ),
    )


def _category_of(event: Event) -> Category | None:
    """The category as it was in force then: later versions of the rules do not touch what was signed."""
    given = event.payload["category"]
    return None if given is None else from_json(given, Category)


def undecided_sentence(names: tuple[str, ...]) -> str:
    """Why a reading is not signed at the first press."""
    if not names:
        return "No finding is undecided any more: sign again."
    verb, them = ("is", "it") if len(names) == 1 else ("are", "them")
    return f"{_list(names)} {verb} undecided: decide, or sign once more to leave {them} out of the report."


# --- undo and redo


def _step(progress: Progress, event: Event) -> Progress:
    _must_be_the_models(progress.reading, event)
    _must_be_sealed_in(progress.reading, event)
    _must_be_a_concept(progress.reading, event)
    before = content_of(progress.reading)
    after, title = CHANGES[event.kind](before, event)
    step = Step(event.seq, title, before, after)
    return Progress(with_content(progress.reading, after), (*progress.done, step))


def _undo(progress: Progress, event: Event) -> Progress:
    if not progress.done:
        raise Refused("There is nothing to undo in this stage of the reading.")
    *kept, step = progress.done
    _must_be(step, event)
    return Progress(with_content(progress.reading, step.before), tuple(kept), (*progress.undone, step))


def _redo(progress: Progress, event: Event) -> Progress:
    if not progress.undone:
        raise Refused("There is nothing to redo.")
    *kept, step = progress.undone
    _must_be(step, event)
    return Progress(with_content(progress.reading, step.after), (*progress.done, step), tuple(kept))


def _must_be(step: Step, event: Event) -> None:
    """The log names the event that is taken back or done again; it must be the one on top."""
    if event.payload.get("of") != step.seq:
        raise Refused(
            f"Event {event.seq} ({event.kind}) names event {event.payload.get('of')}, not {step.seq}."
        )


def _must_be_a_concept(reading: Reading, event: Event) -> None:
    """A rating is of a concept that the finding's score rests on, and on its scale."""
    if event.kind is not Kind.CONCEPT:
        return
    finding = reading.finding(text_of(event, "tracking_uid"))
    weighs = None if finding is None else bottleneck_of(reading, finding)
    concept = None if weighs is None else weighs.concept(text_of(event, "concept"))
    if concept is None:
        raise Refused("The score of this finding does not rest on such a concept.")
    rating = event.payload["rating"]
    if rating is not None and not 1 <= from_json(rating, float) <= concept.highest:
        raise Refused(f"{concept.name.capitalize()}: found {rating}, allowed 1 to {concept.highest}.")


def _must_be_the_models(reading: Reading, event: Event) -> None:
    """A judgement, or a change by the author 'model', needs a finding that the reveal brought."""
    if event.kind in (Kind.ACCEPT, Kind.REJECT, Kind.UNDECIDED, Kind.CONCEPT):
        uid = text_of(event, "tracking_uid")
    elif event.kind is Kind.MARK_CHANGE and finding_of(event).author is Author.MODEL:
        uid = finding_of(event).tracking_uid
    else:
        return
    if all(f.tracking_uid != uid for f in reading.model):
        raise Refused("There is no such finding of the second reader on screen.")


def _must_be_sealed_in(reading: Reading, event: Event) -> None:
    """A snapshot holds only what the reading holds then: before the reveal nothing of the model's."""
    if event.kind is not Kind.SNAPSHOT:
        return
    taken = from_json(event.payload["snapshot"], Snapshot)
    known = {f.tracking_uid for f in (*reading.own, *reading.model)}
    wanted = {*taken.marks, *([taken.heat] if taken.heat else [])}
    if not wanted <= known or taken.revealed != bool(reading.revealed_at):
        raise Refused("The snapshot names a finding that is not part of the reading yet.")


# --- viewing


def _shown(progress: Progress, event: Event) -> Progress:
    reading, series = progress.reading, text_of(event, "series")
    index = event.payload["slice"]
    if not isinstance(index, int):
        raise BadPayload("slice is not a whole number")
    seen = reading.slices_seen.get(series, frozenset())
    if index in seen:
        return progress
    return replace(
        progress, reading=replace(reading, slices_seen=reading.slices_seen | {series: seen | {index}})
    )


def _part(progress: Progress, event: Event) -> Progress:
    reading, series = progress.reading, text_of(event, "series")
    runs = event.payload["runs"]
    if not isinstance(runs, list) or not all(_is_run(run) for run in runs):
        raise BadPayload("runs are not (row, first, past the last) in whole numbers")
    seen = reading.parts_seen.get(series, frozenset()) | {tuple(run) for run in runs}
    return replace(progress, reading=replace(reading, parts_seen=reading.parts_seen | {series: seen}))


def _is_run(run: object) -> bool:
    return isinstance(run, list) and len(run) == 3 and all(isinstance(n, int) and n >= 0 for n in run)


def _view(progress: Progress, event: Event) -> Progress:
    views = progress.reading.views | {text_of(event, "viewport"): dict(event.payload)}
    return replace(progress, reading=replace(progress.reading, views=views))


def _focus(progress: Progress, event: Event) -> Progress:
    return replace(progress, reading=replace(progress.reading, focus=text_of(event, "tracking_uid")))


def _noted(progress: Progress, event: Event) -> Progress:
    """Kept in the record; changes nothing of the reading."""
    return progress


_HANDLERS: dict[Kind, Callable[[Progress, Event], Progress]] = {
    **dict.fromkeys(UNDOABLE, _step),
    Kind.RESUMED: _noted,
    Kind.CLOSED: _noted,
    Kind.MARKS: _noted,
    Kind.HEAT: _noted,
    Kind.ALIKE: _noted,
    Kind.REPORT: _noted,
    Kind.SHOWN: _shown,
    Kind.PART: _part,
    Kind.VIEW: _view,
    Kind.FOCUS: _focus,
    Kind.UNDO: _undo,
    Kind.REDO: _redo,
    Kind.ARBITRATE: _arbitrate,
    Kind.COMMIT: _commit,
    Kind.REVEAL: _reveal,
    Kind.SIGN: _sign,
    Kind.AMEND: _amend,
}


def _list(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
