"""A mammography on the readable report: the category box, what is said of each breast, lines of a finding."""

from collections.abc import Iterable, Sequence

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading import birads, breasts
from viewer.core.reading.birads import SIDES
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Assessment, Reading
from viewer.core.report.place import place_words
from viewer.core.report.words import size_words

WHOLE = "full resolution"
"""Under `display set id/WHOLE` the record keeps that a breast was shown whole, pixel by pixel."""
_ORDER = ("R", "L", "")


def is_mammography(reading: Reading) -> bool:
    """True where BI-RADS was asked."""
    return reading.scheme == birads.scheme()


def examined(display_sets: Iterable[DisplaySet], reading: Reading | None = None) -> tuple[str, ...]:
    """The breasts that the images show, "R" before "L"."""
    shown = (d.instances[0].mammogram for d in display_sets if d.kind == "image" and d.instances)
    stated = () if reading is None else reading.sides.values()
    return breasts.examined((m for m in shown if m is not None), stated)


def by_breast(findings: Iterable[Finding]) -> list[Finding]:
    """Right breast first, then left, then those whose side was not stated."""
    return sorted(findings, key=lambda f: _ORDER.index(f.laterality) if f.laterality in _ORDER else 2)


def title(finding: Finding) -> str:
    """What and where: "Mass, right breast"; an unstated side is said."""
    side = SIDES.get(finding.laterality, "side not stated")
    return f"{birads.kind_words(finding)}, {side[0].lower()}{side[1:]}"


def lines(display_sets: Sequence[DisplaySet], finding: Finding) -> tuple[str, ...]:
    """Views and place, then descriptors, then what the reader wrote."""
    said, measured = finding.description, size_words(finding)
    views = place_words(display_sets, finding)
    where = "" if said is None else birads.location_words(said)
    unsure = "" if said is None else birads.computed_words(said)
    sure = f"{where} ({unsure})" if where and unsure else where
    looks = "" if said is None else birads.descriptor_words(said)
    first = " · ".join(filter(None, (views, sure, measured if finding.long_axis else "")))
    return tuple(filter(None, (first, looks[:1].upper() + looks[1:], finding.note)))


def category(reading: Reading, display_sets: Iterable[DisplaySet]) -> tuple[str, str, str, str, str]:
    """(value, headline, category of each breast, density and recall, how it compares with before)."""
    said, before = reading.assessment, reading.unaided_assessment
    value = birads.category(said).value
    headline = f"{birads.scheme()}, category {value}: {birads.headline(value)}" if value else birads.scheme()
    each = " ".join(f"{SIDES[side]}: {_category(said, side)}." for side in examined(display_sets, reading))
    change = ""
    if before is not None:
        same = before == said
        change = f"unaided: {birads.assessment_words(before)}" + (", unchanged" if same else "")
    return value or "–", headline, each or "No category by breast.", _density_and_recall(said), change


def _category(said: Assessment, side: str) -> str:
    value = said.categories.get(side, "")
    return f"{value}, {birads.headline(value)}" if value else "no category"


def _density_and_recall(said: Assessment) -> str:
    asked = birads.exam_questions()
    density = asked["density"].title_of(said.density) if said.density else "not given"
    recall = {"yes": "yes", "no": "no, return to routine screening"}.get(said.recall, "not decided")
    return f"Breast density {density}. Recall: {recall}."


def nothing(display_sets: Iterable[DisplaySet], reading: Reading, kept: Sequence[Finding]) -> str:
    """A sentence for each breast without a finding; "" where both have one."""
    here = examined(display_sets, reading)
    clear = [side for side in here if all(f.laterality != side for f in kept)]
    if not kept and len(clear) == len(here):
        return "The reader reports no findings in " + _both(here) + "."
    return " ".join(f"No findings in the {SIDES[side].lower()}." for side in clear)


def nothing_marked(display_sets: Iterable[DisplaySet], marked: Sequence[Finding]) -> str:
    """The same of a model."""
    clear = [s for s in examined(display_sets) if all(f.laterality != s for f in marked)]
    return " ".join(f"No mark above the operating point in the {SIDES[side].lower()}." for side in clear)


def _both(sides: tuple[str, ...]) -> str:
    return " or ".join(f"the {SIDES[side].lower()}" for side in sides) or "this examination"


def comparison(display_sets: Iterable[DisplaySet], reading: Reading) -> str:
    """Whether images of another examination were on screen beside these."""
    here = [d.id for d in display_sets]
    names = (
        name for name in reading.slices_seen if all(name != i and not name.startswith(f"{i}/") for i in here)
    )
    return (
        "An earlier examination was on screen beside this one."
        if any(names)
        else "No earlier examination was on screen."
    )


def doubts(display_sets: Iterable[DisplaySet], reading: Reading, kept: Sequence[Finding]) -> tuple[str, ...]:
    """What a reader of the report must know: open answers, contradictions, sides, what was not seen whole."""
    sets = list(display_sets)
    open_ones = birads.missing(reading.assessment, examined(sets, reading))
    missing = (f"Not given: {', '.join(open_ones)}.",) if open_ones else ()
    stated = tuple(
        f"The header of {name} does not name one side ({why}); the reader states the {SIDES[side].lower()}."
        if side
        else f"The side of {name} was not stated: {why}."
        for name, why, side in _sides(sets, reading)
    )
    unseen = [name for name, whole in _seen_whole(sets, reading) if not whole]
    seen = (f"Not shown whole at full resolution: {', '.join(unseen)}.",) if unseen else ()
    return (*missing, *birads.contradictions(reading.assessment, kept), *stated, *seen)


def _sides(sets: Iterable[DisplaySet], reading: Reading) -> Iterable[tuple[str, str, str]]:
    """(image, what is wrong with its side, the side that the reader stated)."""
    for shown in sets:
        first = shown.instances[0] if shown.instances else None
        if first is not None and first.mammogram is not None and first.mammogram.side not in ("R", "L"):
            why = first.mammogram.contradiction or "the header names none"
            yield shown.title, why, reading.sides.get(first.sop_instance_uid, "")


def _seen_whole(sets: Iterable[DisplaySet], reading: Reading) -> Iterable[tuple[str, bool]]:
    for shown in sets:
        first = shown.instances[0] if shown.instances else None
        reads = first is not None and first.presentation_intent != "FOR PROCESSING" and shown.count == 1
        if first is not None and first.mammogram is not None and reads:
            yield first.mammogram.name or shown.title, f"{shown.id}/{WHOLE}" in reading.slices_seen
