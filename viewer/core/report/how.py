"""Whose study it is and how it was read: the rows of the readable report that no finding is in. No markup."""

from collections.abc import Mapping

from viewer.core.dicom.display_set import Study
from viewer.core.reading import birads
from viewer.core.reading.reading import Reading
from viewer.core.report import breast_page
from viewer.core.report.second_read import SecondRead
from viewer.core.report.words import (
    arbitration_rows,
    clock,
    domain_words,
    operating_point_words,
    unaided_words,
)

Row = tuple[str, str]
"""A caption and what stands beside it."""


def patient_rows(study: Study) -> tuple[Row, ...]:
    """Who was examined, when, and with what."""
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


def how_read(study: Study, reading: Reading, events: int | None) -> list[Row]:
    """The reader's way through the study; `events`: length of the record."""
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


def how_model(read: SecondRead) -> list[Row]:
    """Which model it was, at which threshold, how far it knows such images."""
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
