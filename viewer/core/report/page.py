"""The readable report as values: what stands on the page, in which order, in which words. No markup here."""

from collections.abc import Sequence
from dataclasses import dataclass

from viewer.core.dicom.display_set import Study
from viewer.core.reading.finding import Finding
from viewer.core.reading.lung_rads import PRIOR_NOT_AVAILABLE, management
from viewer.core.reading.reading import Category, Reading, Stage, Verdict
from viewer.core.reading.rules import reveals
from viewer.core.report import breast_page
from viewer.core.report.cards import Card, Cards
from viewer.core.report.figures import Figure, key_figures, measurement_rows, snapshot_figures
from viewer.core.report.how import Row, how_model, how_read, patient_rows
from viewer.core.report.second_read import SecondRead
from viewer.core.report.selection import accepted, judged, reported, separate
from viewer.core.report.words import (
    NOTICE,
    clock,
    measurement_row,
    score_rows,
    status_words,
)


@dataclass(frozen=True, slots=True)
class State:
    """How a second read went. `kind`: found, none, partial, not_run or failed; each has its own look."""

    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The report.

    status    signed, amended, draft or model (no reader): the line under the title says it in words
    category  (value, headline, rule, what follows, how it compares with the unaided one), or None
    nothing   a sentence where there is no finding at all, else ""
    measurements  what the reader measured; key_images, snapshots: pictures that the reader put here
    scores    what the models say of the study, its series, breasts and images
    how       how it was read
    objects   what was written with it; refused: what could not be written, and why
    """

    title: str
    patient: tuple[Row, ...]
    status: str
    status_line: str
    category: tuple[str, str, str, str, str] | None = None
    impression: str = ""
    amendments: tuple[Row, ...] = ()
    states: tuple[State, ...] = ()
    nothing: str = ""
    findings: tuple[Card, ...] = ()
    rejected: tuple[Card, ...] = ()
    undecided: tuple[Card, ...] = ()
    measurements: tuple[Row, ...] = ()
    key_images: tuple[Figure, ...] = ()
    snapshots: tuple[Figure, ...] = ()
    scores: tuple[Row, ...] = ()
    comparison: str = ""
    how: tuple[Row, ...] = ()
    refused: tuple[str, ...] = ()
    objects: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
    notice: str = NOTICE

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All pictures that the reader put here."""
        return self.key_images + self.snapshots

    @property
    def cards(self) -> tuple[Card, ...]:
        """All findings on the page."""
        return self.findings + self.undecided + self.rejected


def reader_page(
    study: Study,
    reading: Reading,
    reads: Sequence[SecondRead] = (),
    *,
    events: int | None = None,
    objects: Sequence[Row] = (),
) -> Page:
    """The report of a reader.

    reads    as revealed to the reader; empty where nothing was revealed
    events   length of the reading's record
    """
    cards = Cards(study.display_sets)
    kept = [*accepted(reading), *separate(reading)]
    kept.sort(key=lambda f: -(reported(reading, f).mean_diameter_mm or 0.0))
    breast = breast_page.is_mammography(reading)
    sets, shown = study.display_sets, [reported(reading, f) for f in kept]
    if breast:
        kept = breast_page.by_breast(kept)
    decided = {Verdict.ACCEPTED, Verdict.REJECTED}
    open_ones = [f for f in judged(reading) if reading.judgement(f.tracking_uid).verdict not in decided]
    rejected = [f for f in judged(reading) if reading.judgement(f.tracking_uid).verdict is Verdict.REJECTED]
    return Page(
        title=study.description or "Reading",
        patient=patient_rows(study),
        status=_status(reading),
        status_line=_status_line(reading),
        category=breast_page.category(reading, sets)
        if breast
        else _category(reading.category, reading.unaided_category),
        impression=reading.impression,
        amendments=tuple(zip(map(clock, reading.amended_at), reading.amendments, strict=False)),
        states=tuple(_state(read) for read in reads) or _unseen(reading),
        nothing=_nothing(study, reading, shown),
        findings=tuple(cards.kept(reading, f) for f in kept),
        rejected=tuple(cards.rejected(reading, f) for f in rejected),
        undecided=tuple(cards.undecided(reading, f) for f in open_ones),
        measurements=measurement_rows(study.display_sets, reading),
        key_images=key_figures(study.display_sets, reading),
        snapshots=snapshot_figures(study.display_sets, reading),
        comparison=breast_page.comparison(sets, reading) if breast else PRIOR_NOT_AVAILABLE,
        scores=_scores(study, reads),
        how=(*how_read(study, reading, events), *(row for read in reads for row in how_model(read))),
        objects=tuple(objects),
        warnings=(*(breast_page.doubts(sets, reading, shown) if breast else ()), *_warnings(study)),
    )


def _nothing(study: Study, reading: Reading, kept: Sequence[Finding]) -> str:
    """What is said where nothing was found; of a mammography by breast."""
    if breast_page.is_mammography(reading):
        return breast_page.nothing(study.display_sets, reading, kept)
    return "" if kept else "The reader reports no findings."


def model_page(study: Study, reads: Sequence[SecondRead], *, objects: Sequence[Row] = ()) -> Page:
    """The page of a second read that no reader has seen."""
    cards = Cards(study.display_sets)
    answered = any(read.finished for read in reads)
    marked = [f for read in reads for f in read.marked]
    none = "None above the operating point." if answered else "Not known: no model gave an answer."
    by_breast = breast_page.nothing_marked(study.display_sets, marked) if answered else ""
    return Page(
        title=study.description or "Second read",
        patient=patient_rows(study),
        status="model",
        status_line="Second read only: no human has read this study with Tandem. Not verified.",
        states=tuple(_state(read) for read in reads),
        nothing=by_breast or ("" if marked else none),
        findings=tuple(cards.proposed(f) for f in breast_page.by_breast(marked)),
        comparison="Prior not available: nothing was compared.",
        scores=_scores(study, reads),
        how=tuple(row for read in reads for row in how_model(read)),
        objects=tuple(objects),
        warnings=_warnings(study),
    )


# --- parts of the page


def _status(reading: Reading) -> str:
    if reading.stage is not Stage.SIGNED:
        return "draft"
    return "amended" if reading.amendments else "signed"


def _status_line(reading: Reading) -> str:
    match _status(reading):
        case "draft":
            return f"Draft by {reading.reader.name}. Not signed."
        case "amended":
            return f"Signed by {reading.reader.name}, {clock(reading.signed_at)}; amended since."
        case _:
            return f"Signed by {reading.reader.name}, {clock(reading.signed_at)}."


def _category(given: Category | None, unaided: Category | None) -> tuple[str, str, str, str, str] | None:
    if given is None:
        return None
    if unaided is None:
        change = ""
    elif unaided.value == given.value:
        change = f"unaided {unaided.value or 'none'}, unchanged"
    else:
        change = f"unaided {unaided.value or 'none'}, changed after the reveal"
    meaning, _, advice = management(given.value).partition(": ")
    headline = f"{given.scheme}, category {given.value}: {meaning.lower()}" if meaning else given.scheme
    follows = f"Management: {advice}" if advice else ""
    return given.value or "–", headline, f"Rule: {given.rule}.", follows, change


def _scores(study: Study, reads: Sequence[SecondRead]) -> tuple[Row, ...]:
    """What the models say of the whole; with several models each says whose word it is."""
    several = sum(bool(read.scores) for read in reads) > 1
    return tuple(
        (f"{read.name}: {what}" if several else what, said)
        for read in reads
        for what, said in (
            *score_rows(read.scores, study.display_sets),
            *map(measurement_row, read.measurements),
        )
    )


def _state(read: SecondRead) -> State:
    match read.status:
        case "not_run":
            return State("not_run", f"{read.name}: not run", status_words(read))
        case "failed":
            return State("failed", f"{read.name}: failed", status_words(read))
        case "partial":
            return State("partial", f"{read.name}: read in part", status_words(read))
        case _ if not read.marked:
            return State("none", f"{read.name}: no findings", status_words(read))
        case _:
            count = len(read.marked)
            return State("found", f"{read.name}: {count} marked", status_words(read))


def _unseen(reading: Reading) -> tuple[State, ...]:
    """What is said where no read was handed over: the record's own word for it."""
    if not reveals(reading.paradigm):
        return (State("none", "No model", f"In {reading.paradigm.value} no model is shown to the reader."),)
    match reading.second_read_status:
        case "":
            return (State("not_run", "Second reader: not revealed", "The model's findings were not shown."),)
        case "failed":
            return (State("failed", "Second reader: failed", reading.second_read_reason),)
        case "not_run":
            return (State("not_run", "Second reader: not run", reading.second_read_reason),)
        case _:
            return ()


def _warnings(study: Study) -> tuple[str, ...]:
    told = [w.message for w in study.warnings]
    told += [w.message for s in study.series for w in s.warnings]
    told += [f"{d.title}: {w.message}" for d in study.display_sets for w in d.warnings]
    return tuple(dict.fromkeys(told))
