"""Content items of a CAD report as plain data sets: highdicom's cannot refer to each other by place."""

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

from viewer.core.report.inert import inert
from viewer.core.report.terms import Term, cad

CONTAINS, INFERRED, PROPERTY = "CONTAINS", "INFERRED FROM", "HAS PROPERTIES"
MODIFIER, ACQUIRED, OBSERVED, DRAWN_ON = (
    "HAS CONCEPT MOD",
    "HAS ACQ CONTEXT",
    "HAS OBS CONTEXT",
    "SELECTED FROM",
)


def concept(term: Term) -> Dataset:
    """A term as an item of a code sequence."""
    out = Dataset()
    out.CodeValue, out.CodingSchemeDesignator, out.CodeMeaning = term.value, term.scheme, term.meaning
    if term.version:
        out.CodingSchemeVersion = term.version
    return out


def item(relation: str, kind: str, name: Term | None, children: Iterable[Dataset] = ()) -> Dataset:
    """Any content item; `relation` "" for the root."""
    out, below = Dataset(), list(children)
    if relation:
        out.RelationshipType = relation
    out.ValueType = kind
    if name is not None:
        out.ConceptNameCodeSequence = [concept(name)]
    if below:
        out.ContentSequence = below
    return out


def box(relation: str, name: str, children: Iterable[Dataset]) -> Dataset:
    """A container."""
    out = item(relation, "CONTAINER", cad(name), children)
    out.ContinuityOfContent = "SEPARATE"
    return out


def code(relation: str, name: str, value: Term, children: Iterable[Dataset] = ()) -> Dataset:
    """A coded answer."""
    out = item(relation, "CODE", cad(name), children)
    out.ConceptCodeSequence = [concept(value)]
    return out


def text(relation: str, name: str, value: str) -> Dataset:
    """A text; that of others is made inert."""
    out = item(relation, "TEXT", cad(name))
    out.TextValue = inert(value)
    return out


def uid(relation: str, name: str, value: str) -> Dataset:
    """A UID."""
    out = item(relation, "UIDREF", cad(name))
    out.UID = value
    return out


def day(relation: str, name: str, value: str) -> Dataset:
    """A date, YYYYMMDD."""
    out = item(relation, "DATE", cad(name))
    out.Date = value
    return out


def number(relation: str, name: str, value: float, unit: str) -> Dataset:
    """A measurement."""
    measured = Dataset()
    measured.NumericValue = DSfloat(float(f"{value:.6g}"), auto_format=True)
    measured.MeasurementUnitsCodeSequence = [concept(cad(unit))]
    out = item(relation, "NUM", cad(name))
    out.MeasuredValueSequence = [measured]
    return out


def drawing(name: str, kind: str, points: Sequence[float], image: Sequence[int]) -> Dataset:
    """Coordinates (column, row, ...) as the standard counts them, on the image that stands at a place."""
    out = item(PROPERTY, "SCOORD", cad(name), [reference(DRAWN_ON, image)])
    out.GraphicType, out.GraphicData = kind, [float(value) for value in points]
    return out


def reference(relation: str, place: Sequence[int]) -> Dataset:
    """A reference to the item that stands at a place (PS3.3 C.17.3.2.5)."""
    out = Dataset()
    out.RelationshipType, out.ReferencedContentItemIdentifier = relation, list(place)
    return out


def image(of: Dataset, frames: Sequence[int] | None, children: Iterable[Dataset]) -> Dataset:
    """An image of the library, or some frames of it (numbers from 1)."""
    out, referred = item(CONTAINS, "IMAGE", None, children), Dataset()
    referred.ReferencedSOPClassUID = of.SOPClassUID
    referred.ReferencedSOPInstanceUID = of.SOPInstanceUID
    if frames:
        referred.ReferencedFrameNumber = list(frames)
    out.ReferencedSOPSequence = [referred]
    return out
