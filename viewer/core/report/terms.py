"""The coded vocabulary of the reports, read from resources/codes. Holds no DICOM objects."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Term(NamedTuple):
    """A code: value, coding scheme designator, meaning, and the version of the scheme where one is needed."""

    value: str
    scheme: str
    meaning: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The private coding scheme, and who answers for it."""

    designator: str
    name: str
    organisation: str


@dataclass(frozen=True, slots=True)
class RejectReason:
    """Why a finding was rejected, as the report says it."""

    title: str
    detail: str
    term: Term


@cache
def scheme() -> Scheme:
    """The private scheme of the own terms."""
    return Scheme(**_table("report_terms")["scheme"])


@cache
def own(value: str) -> Term:
    """A term of the private scheme; raises KeyError for a value that the table does not hold."""
    return Term(value, scheme().designator, _table("report_terms")["own"][value])


@cache
def standard(name: str) -> Term:
    """A term of a public scheme by its name in the table; raises KeyError."""
    return Term(*_table("report_terms")["standard"][name])


@cache
def reject_reasons() -> dict[str, RejectReason]:
    """The reject reasons by the id that the event log keeps."""
    table = _table("reject_reasons")
    designator = table["scheme"]["designator"]
    return {
        row["id"]: RejectReason(row["title"], row["detail"], Term(row["value"], designator, row["meaning"]))
        for row in table["reason"]
    }


@dataclass(frozen=True, slots=True)
class Lesion:
    """A kind of lesion on mammograms: the screen's words, its code on one image, and on several."""

    label: str
    words: tuple[str, ...]
    code: Term
    both: Term


@cache
def cad(name: str) -> Term:
    """A term of the CAD templates by its name in the table; raises KeyError."""
    return Term(*_table("cad_terms")["item"][name])


@cache
def lesions() -> tuple[Lesion, ...]:
    """The kinds of lesion that CAD reports name."""
    return tuple(
        Lesion(row["label"], tuple(row["words"]), Term(*row["code"]), Term(*row["both"]))
        for row in _table("cad_terms")["lesion"]
    )


@cache
def no_lesions() -> tuple[Term, ...]:
    """What CAD reports name that is no lesion."""
    return tuple(Term(*row["code"]) for row in _table("cad_terms")["no_lesion"])


def lung_rads(value: str) -> Term | None:
    """The code of a Lung-RADS category; None for one that the table does not hold."""
    name = f"LUNG-RADS-{value}"
    return own(name) if name in _table("report_terms")["own"] else None


@cache
def _table(name: str) -> dict[str, Any]:
    text = files("resources").joinpath("codes", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
