"""Where two independent readings of one study differ. Pure: it decides nothing, and knows no screen."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from viewer.core.reading import birads
from viewer.core.reading.arbitration import Arbitration, Difference, Opinion
from viewer.core.reading.finding import Finding
from viewer.core.reading.joins import join, join_across_views
from viewer.core.reading.reading import Assessment, Category, Reading

ACROSS = "Marked by each reader on another view: joined by the distance behind the nipple."
NOT_MARKED, NOT_GIVEN = "not marked", "not given"


def arbitration(first: Reading, second: Reading) -> Arbitration:
    """What two readings of one study agree on, and on what they differ; nothing is decided.

    Findings are one where they lie in one place (see `joins`): in the patient, on an image of both, or on CC
    and MLO of a breast at one distance behind the nipple.
    """
    one, other = _opinion(first, "A"), _opinion(second, "B")
    here = join(one.findings, other.findings)
    across = join_across_views(
        (f for f in one.findings if f.tracking_uid not in here),
        (f for f in other.findings if f.tracking_uid not in here.values()),
    )
    pairs = here | across
    partner = {f.tracking_uid: f for f in other.findings}
    agreed = [(f, partner[pairs[f.tracking_uid]]) for f in one.findings if f.tracking_uid in pairs]
    alone = [f for f in one.findings if f.tracking_uid not in pairs]
    alone += [f for f in other.findings if f.tracking_uid not in pairs.values()]
    return Arbitration(
        first=one,
        second=other,
        agreed=tuple(_both(f, g, across=f.tracking_uid in across) for f, g in agreed),
        differences=(*(_of_finding(f, f in one.findings) for f in alone), *_of_words(first, second)),
    )


def _both(one: Finding, other: Finding, across: bool) -> Finding:
    """A finding of both; one that was joined across views lies on the images of both, and says so."""
    kept = replace(one, name=f"{one.name}+{other.name}")
    if not across:
        return kept
    note = " ".join(filter(None, (one.note, other.note, ACROSS)))
    return replace(kept, places=(*one.places, *other.places), note=note)


def differs(first: Reading, second: Reading) -> bool:
    """True where a third reader is needed."""
    return bool(arbitration(first, second).differences)


def _opinion(reading: Reading, letter: str) -> Opinion:
    found = [
        replace(f, name=f"{letter}{number}", by=reading.reader.name)
        for number, f in enumerate(reading.in_force(), 1)
    ]
    return Opinion(
        reading_id=reading.reading_id,
        reader=reading.reader.name,
        signed_at=reading.signed_at,
        impression=reading.impression,
        findings=tuple(found),
    )


def _of_finding(finding: Finding, of_first: bool) -> Difference:
    said = ("marked", NOT_MARKED) if of_first else (NOT_MARKED, "marked")
    return Difference(
        key=f"finding {finding.tracking_uid}",
        title=birads.kind_words(finding),
        first=said[0],
        second=said[1],
        values=("marked", "") if of_first else ("", "marked"),
        finding=finding,
    )


def _of_words(first: Reading, second: Reading) -> Iterable[Difference]:
    """Categories and the decision to recall, each under its name; the same words are no difference."""
    one, other = _statements(first), _statements(second)
    for about in dict.fromkeys((*one, *other)):
        said, against = one.get(about, _NOTHING), other.get(about, _NOTHING)
        if said.value != against.value:
            yield Difference(
                key=f"word {about}",
                title=said.title or against.title,
                first=said.words,
                second=against.words,
                values=(said.value, against.value),
                about=about,
            )


class _Said(NamedTuple):
    """A word on the whole: under which title, what the record has, and in words."""

    title: str
    value: str
    words: str


_NOTHING = _Said("", "", NOT_GIVEN)


def _statements(reading: Reading) -> dict[str, _Said]:
    """What a reading says of the whole, by what it is about."""
    if reading.scheme == birads.scheme():
        return _of_breasts(reading.assessment)
    if reading.category is None:
        return {}
    value = reading.category.value
    return {reading.category.scheme: _Said(reading.category.scheme, value, value or NOT_GIVEN)}


def _of_breasts(assessment: Assessment) -> dict[str, _Said]:
    said = {
        side: _Said(f"{birads.scheme()}, {name}", assessment.categories.get(side, ""), "")
        for side, name in (("R", "right breast"), ("L", "left breast"))
    }
    said["recall"] = _Said("Recall", assessment.recall, "")
    return {about: word._replace(words=word.value or NOT_GIVEN) for about, word in said.items()}


def agreed_words(first: Reading, second: Reading) -> tuple[Category | None, Assessment]:
    """What both say of the whole in the same words: the category, and of a mammography the assessment."""
    same = first.category == second.category
    one, other = first.assessment, second.assessment
    categories = {s: v for s, v in one.categories.items() if other.categories.get(s) == v}
    return (
        first.category if same and first.category and first.category.edited else None,
        Assessment(
            density=one.density if one.density == other.density else "",
            categories=categories,
            recall=one.recall if one.recall == other.recall else "",
        ),
    )
