"""What a structured report says of the study as a whole: its Qualitative Evaluations (TID 1500, row 12)."""

from collections.abc import Sequence

from highdicom.sr.value_types import ContentItem, ContentSequence

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading import birads
from viewer.core.reading.lung_rads import PRIOR_NOT_AVAILABLE
from viewer.core.reading.reading import Reading, Stage
from viewer.core.report import breast_terms
from viewer.core.report import content as c
from viewer.core.report.second_read import SecondRead
from viewer.core.report.selection import accepted
from viewer.core.report.terms import Term, lung_rads, own, standard
from viewer.core.report.words import (
    NOTICE,
    arbitration_rows,
    domain_words,
    measurement_row,
    operating_point_words,
    score_rows,
    status_words,
    unaided_words,
)


def of_model(read: SecondRead, count: int, images: Sequence[DisplaySet] = ()) -> list[ContentItem]:
    """State of the read, how many findings, who read; not read and nothing found are different codes."""
    return [
        c.code(standard("detections"), standard(read.status)),
        c.code(standard("summary"), _summary(read, count)),
        c.text(own("READ-STATUS"), status_words(read)),
        *([c.text(own("NOT-READ-REASON"), read.reason)] if read.reason else []),
        *_model(read, images),
        c.text(own("NOTICE"), NOTICE),
    ]


def of_reader(
    reading: Reading, reads: Sequence[SecondRead], images: Sequence[DisplaySet] = ()
) -> list[ContentItem]:
    """Impression, category with its rule, what was left undecided, and how the study was read."""
    return [
        c.text(standard("impression"), reading.impression or "No impression was written."),
        *(of_breasts(reading) if reading.scheme == birads.scheme() else _no_findings(reading)),
        *([] if reading.scheme == birads.scheme() else _categories(reading)),
        *([c.text(own("UNAIDED-VERDICT"), unaided_words(reading.verdict))] if reading.verdict else []),
        *([] if reading.scheme == birads.scheme() else [c.text(own("COMPARISON"), PRIOR_NOT_AVAILABLE)]),
        *[c.text(own("UNDECIDED"), name) for name in reading.signed_without],
        *[c.text(own("AMENDMENT"), words) for words in reading.amendments],
        c.text(own("PARADIGM"), reading.paradigm.value),
        *_arbitration(reading),
        *c.moment(own("COMMITTED"), reading.committed_at),
        *c.moment(own("REVEALED"), reading.revealed_at),
        *(c.moment(own("SIGNED"), reading.signed_at) if reading.stage is Stage.SIGNED else []),
        c.text(own("SEAL"), reading.seal or "not committed"),
        *[
            item
            for read in reads
            for item in (c.text(own("READ-STATUS"), status_words(read)), *_model(read, images))
        ],
        *_without_reads(reading, reads),
        c.text(own("NOTICE"), NOTICE),
    ]


def of_breasts(reading: Reading) -> list[ContentItem]:
    """Density, what is said of each breast, the overall category and recall; before the reveal, too."""
    said, before = reading.assessment, reading.unaided_assessment
    items: list[ContentItem] = _answers(breast_terms.density(said))
    for side, name in birads.SIDES.items():
        items += _one_breast(reading, side, name)
    overall = breast_terms.category(birads.category(said).value)
    if overall is not None:
        items.append(c.code(standard("overall"), overall[1]))
    items += _answers(breast_terms.recall(said))
    told = birads.contradictions(said, [*reading.own, *accepted(reading)])
    items += [c.text(own("BR-CONTRADICTION"), words) for words in told]
    if before is not None:
        items.append(c.text(own("BR-UNAIDED"), birads.assessment_words(before)))
    items += [c.text(own("SIDE"), words) for words in sides_words(reading)]
    return items


def _one_breast(reading: Reading, side: str, name: str) -> list[ContentItem]:
    """The category of one breast, and whether anything was found in it."""
    items: list[ContentItem] = []
    category = breast_terms.category(reading.assessment.categories.get(side, ""))
    if category is not None:
        item, laterality = c.code(*category), breast_terms.side(side)
        assert laterality is not None
        item.ContentSequence = ContentSequence([c.modifier(standard("laterality"), laterality)])
        items.append(item)
        found = [f for f in (*reading.own, *accepted(reading)) if f.laterality == side]
        if not found:
            items.append(c.text(own("BR-BREAST"), f"No findings in the {name.lower()}."))
    return items


def _answers(pair: tuple[Term, Term] | None) -> list[ContentItem]:
    return [] if pair is None else [c.code(*pair)]


def sides_words(reading: Reading) -> list[str]:
    """The sides that the reader stated, one sentence each."""
    return [
        f"The reader states that image {uid} shows the {birads.SIDES[side].lower()}."
        for uid, side in reading.sides.items()
    ]


def _summary(read: SecondRead, count: int) -> Term:
    if not read.finished:
        return standard("nothing_ran")
    return standard(f"{'all' if read.status == 'done' else 'some'}_{'found' if count else 'none'}")


def _model(read: SecondRead, images: Sequence[DisplaySet]) -> list[ContentItem]:
    if read.document:
        return [c.text(own("MODEL"), f"{read.name}, report {read.document}")]
    items: list[ContentItem] = [
        c.text(own("MODEL"), f"{read.model_id} {read.version}, weights SHA-256 {read.sha256}")
    ]
    if read.finished:
        items.append(c.text(own("OPERATING-POINT"), operating_point_words(read.operating_point)))
        items.append(c.text(own("DOMAIN"), domain_words(read.domain)))
        items += [
            c.text(own("SCORE-OF"), f"{what}: {said}") for what, said in score_rows(read.scores, images)
        ]
        items += [c.text(own("MEASURED"), ": ".join(measurement_row(m))) for m in read.measurements]
    return items


def _no_findings(reading: Reading) -> list[ContentItem]:
    if reading.own or accepted(reading):
        return []
    return [c.text(own("NO-FINDINGS"), "The reader reports no findings.")]


def _categories(reading: Reading) -> list[ContentItem]:
    items: list[ContentItem] = []
    for name, category in (("CATEGORY", reading.category), ("CATEGORY-UNAIDED", reading.unaided_category)):
        if category is None:
            continue
        known = lung_rads(category.value)
        says = f"{category.scheme} {category.value or 'not given'}"
        items.append(c.code(own(name), known) if known else c.text(own(name), says))
        if name == "CATEGORY":
            items.append(c.text(own("CATEGORY-RULE"), f"{says}: {category.rule}"))
    return items


def _arbitration(reading: Reading) -> list[ContentItem]:
    """Who the two readers were, what differed and what was decided."""
    rows = [] if reading.arbitration is None else arbitration_rows(reading.arbitration)
    names = {"Differed": "ARBITRATION"}
    return [c.text(own(names.get(caption, "TWO-READERS")), f"{caption}: {words}") for caption, words in rows]


def _without_reads(reading: Reading, reads: Sequence[SecondRead]) -> list[ContentItem]:
    if reads:
        return []
    if not reading.revealed_at:
        return [c.text(own("READ-STATUS"), "No second read was revealed to the reader.")]
    state, why = reading.second_read_status or "unknown", reading.second_read_reason
    return [c.text(own("READ-STATUS"), f"State of the second read: {state}{f' ({why})' if why else ''}.")]
