"""The readable report as values: what stands on the page, in which order, in which words. No markup here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.reading import birads
from viewer.core.reading.concepts import rating_of
from viewer.core.reading.finding import Finding
from viewer.core.reading.lung_rads import PRIOR_NOT_AVAILABLE, management
from viewer.core.reading.reading import Category, Reading, Stage, Verdict
from viewer.core.reading.rules import reveals
from viewer.core.report import breast_page
from viewer.core.report.breast_terms import in_breast
from viewer.core.report.figures import Figure, key_figures, measurement_rows, snapshot_figures
from viewer.core.report.place import place_words
from viewer.core.report.second_read import SecondRead
from viewer.core.report.selection import SeenBy, accepted, judged, own_mark, reported, seen_by, separate
from viewer.core.report.words import (
    NOTICE,
    arbitration_rows,
    clock,
    concept_words,
    domain_words,
    operating_point_words,
    probability_words,
    reject_words,
    score_rows,
    size_words,
    status_words,
    unaided_words,
    verdict_words,
)

Row = tuple[str, str]
"""A caption and what stands beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding on the page.

    kind      reader, model or joined: colour and shape of the mark
    state     accepted, own, rejected, undecided or proposed (no reader yet)
    finding   as it is reported; its Tracking UID is the key of the key image
    lines     sizes and place, then what the reader wrote
    origin    who saw it first, how probable the model holds it, and what its malignancy rests on
    """

    kind: str
    state: str
    name: str
    title: str
    verdict: str
    finding: Finding
    lines: tuple[str, ...] = ()
    origin: str = ""

    @property
    def pictures(self) -> tuple[str, ...]:
        """The keys of its key images: one for each image that it lies on, the first its Tracking UID."""
        uid, count = self.finding.tracking_uid, max(1, len(self.finding.places))
        return (uid, *(f"{uid}/{n}" for n in range(2, count + 1)))


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
    cards = _Cards(study.display_sets)
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
        patient=_patient(study),
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
        how=(*_how_read(study, reading, events), *(row for read in reads for row in _how_model(read))),
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
    cards = _Cards(study.display_sets)
    answered = any(read.finished for read in reads)
    marked = [f for read in reads for f in read.marked]
    none = "None above the operating point." if answered else "Not known: no model gave an answer."
    by_breast = breast_page.nothing_marked(study.display_sets, marked) if answered else ""
    return Page(
        title=study.description or "Second read",
        patient=_patient(study),
        status="model",
        status_line="Second read only: no human has read this study with Tandem. Not verified.",
        states=tuple(_state(read) for read in reads),
        nothing=by_breast or ("" if marked else none),
        findings=tuple(cards.proposed(f) for f in breast_page.by_breast(marked)),
        comparison="Prior not available: nothing was compared.",
        scores=_scores(study, reads),
        how=tuple(row for read in reads for row in _how_model(read)),
        objects=tuple(objects),
        warnings=_warnings(study),
    )


# --- findings


@dataclass(frozen=True, slots=True)
class _Cards:
    display_sets: tuple[DisplaySet, ...]

    def kept(self, reading: Reading, finding: Finding) -> Card:
        shown, mark, seen = reported(reading, finding), own_mark(reading, finding), seen_by(reading, finding)
        of_reader = seen not in (SeenBy.BOTH, SeenBy.MODEL)
        return Card(
            kind="reader" if of_reader else "joined" if mark else "model",
            state="own" if of_reader else "accepted",
            name=f"{mark.name} = {finding.name}" if mark else finding.name,
            title=_title(shown),
            verdict=_VERDICTS.get(seen, "Accepted"),
            finding=shown,
            lines=self._lines(shown),
            origin=_origin(seen, finding, "" if of_reader else _said_by_model(reading, finding)),
        )

    def rejected(self, reading: Reading, finding: Finding) -> Card:
        reason = reject_words(reading.judgement(finding.tracking_uid))
        return self._models(finding, "rejected", f"Rejected: {reason}", reading)

    def undecided(self, reading: Reading, finding: Finding) -> Card:
        said = verdict_words(reading.judgement(finding.tracking_uid))
        said += "; signed without it" if finding.name in reading.signed_without else ""
        return self._models(finding, "undecided", said, reading)

    def proposed(self, finding: Finding) -> Card:
        return self._models(finding, "proposed", "Not read by a human")

    def _models(self, finding: Finding, state: str, verdict: str, reading: Reading | None = None) -> Card:
        return Card(
            kind="model",
            state=state,
            name=finding.name,
            title=_title(finding),
            verdict=verdict,
            finding=finding,
            lines=self._lines(finding)[:1],
            origin=_said_by_model(reading, finding),
        )

    def _lines(self, finding: Finding) -> tuple[str, ...]:
        if in_breast(finding):
            return breast_page.lines(self.display_sets, finding)
        return tuple(line for line in (self._sizes(finding), _texture(finding), finding.note) if line)

    def _sizes(self, finding: Finding) -> str:
        if finding.whole:
            return place_words(self.display_sets, finding).capitalize()
        return f"{size_words(finding)} · {place_words(self.display_sets, finding)}"


_SEEN = {
    SeenBy.READER: "Marked by the reader alone, before any reveal.",
    SeenBy.READER_AFTER: "Marked by the reader after the model was revealed.",
    SeenBy.BOTH: "Marked by the reader before the reveal; the model marked the same place.",
    SeenBy.MODEL: "Marked by the model alone; accepted by the reader.",
    SeenBy.TWO: "Marked by both readers, each without the other.",
    SeenBy.THIRD: "Marked by the reader who arbitrated.",
}


_VERDICTS = {
    SeenBy.READER: "Reader's own",
    SeenBy.READER_AFTER: "Reader's own",
    SeenBy.TWO: "Both readers",
    SeenBy.ONE: "Kept by arbitration",
    SeenBy.THIRD: "Arbitrating reader's own",
}


def _origin(seen: SeenBy, finding: Finding, said: str) -> str:
    if seen is SeenBy.ONE:
        return f"Marked by {finding.by} alone; kept by arbitration."
    return f"{_SEEN[seen]} {said}".rstrip()


def _said_by_model(reading: Reading | None, finding: Finding) -> str:
    rating = None if reading is None else rating_of(reading, finding)
    return " ".join(filter(None, (probability_words(finding), concept_words(rating))))


def _title(finding: Finding) -> str:
    if in_breast(finding):
        return breast_page.title(finding)
    return finding.label[:1].upper() + finding.label[1:] or "Finding"


def _texture(finding: Finding) -> str:
    if "nodule" not in finding.label.lower() or finding.texture.value in finding.label.lower():
        return ""
    return f"{finding.texture.value.capitalize()}."


# --- the study and how it was read


def _patient(study: Study) -> tuple[Row, ...]:
    who, first = study.patient, next(iter(study.display_sets), None)
    image = first.instances[0] if first is not None and first.instances else None
    scanner = " ".join(filter(None, (image.manufacturer, image.model_name))) if image else ""
    dose = (
        ", ".join(filter(None, (_unit(image.kvp, "kV"), _unit(image.exposure_mas, "mAs")))) if image else ""
    )
    return (
        ("Patient", _name(who.name) or "name not in the images"),
        ("ID", who.id or "not in the images"),
        ("Born", _date(who.birth_date) or "not in the images"),
        ("Sex", who.sex or "not in the images"),
        ("Examined", _date(study.date) or "date not in the images"),
        ("Scanner", " · ".join(filter(None, (scanner, dose))) or "not in the images"),
    )


def _name(value: str) -> str:
    """Family^Given^Middle as "Family, Given Middle"."""
    family, _, given = value.partition("^")
    return ", ".join(filter(None, (family.strip(), " ".join(given.replace("^", " ").split()))))


def _date(value: str) -> str:
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if len(value) == 8 and value.isdecimal() else value


def _unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:g} {unit}"


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
        for what, said in score_rows(read.scores, study.display_sets)
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


def _how_read(study: Study, reading: Reading, events: int | None) -> list[Row]:
    experience = f", {reading.reader.experience}" if reading.reader.experience else ""
    rows = [
        ("Reader", f"{reading.reader.name}{experience}"),
        ("Paradigm", reading.paradigm.value),
        ("Opened", clock(reading.opened_at)),
        ("Committed", clock(reading.committed_at)),
        ("Revealed", clock(reading.revealed_at) if reading.revealed_at else "never"),
        ("Signed", clock(reading.signed_at) if reading.signed_at else "not signed"),
        ("Seal of the commit", reading.seal or "none"),
        *_seen_slices(study, reading.slices_seen),
    ]
    if breast_page.is_mammography(reading) and reading.unaided_assessment is not None:
        words = birads.assessment_words(reading.unaided_assessment)
        rows.insert(4, ("Committed assessment", words))
    if reading.arbitration is not None:
        rows[2:2] = arbitration_rows(reading.arbitration)
    if reading.verdict:
        rows.insert(4, ("Committed verdict", unaided_words(reading.verdict)))
    if reading.signed_without:
        rows.append(("Left undecided", ", ".join(reading.signed_without)))
    if events is not None:
        rows.append(("Record", f"{events} events in reading {reading.reading_id}"))
    return rows


def _seen_slices(study: Study, seen: Mapping[str, frozenset[int]]) -> list[Row]:
    return [
        ("On screen", f"{len(seen[d.id])} of {d.count} slices of {d.title}")
        for d in study.display_sets
        if d.id in seen
    ]


def _how_model(read: SecondRead) -> list[Row]:
    if read.document:
        return [("Other program", read.name), ("Its report", read.document)]
    rows = [
        ("Model", f"{read.model_id} {read.version}"),
        ("Weights", f"SHA-256 {read.sha256}"),
    ]
    if read.finished:
        below = len(read.findings) - len(read.marked)
        rows += [
            ("Operating point", operating_point_words(read.operating_point)),
            ("Below it", f"{below} candidate{'' if below == 1 else 's'}, kept in the record"),
            ("Study and training data", domain_words(read.domain)),
            ("Computed on", f"{read.device or 'unknown device'}, {read.seconds:.0f} s"),
        ]
    return rows


def _warnings(study: Study) -> tuple[str, ...]:
    told = [w.message for w in study.warnings]
    told += [w.message for s in study.series for w in s.warnings]
    told += [f"{d.title}: {w.message}" for d in study.display_sets for w in d.warnings]
    return tuple(dict.fromkeys(told))
