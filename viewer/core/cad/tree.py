"""The content tree of a structured report (PS3.3 C.17.3) as values, whatever a stranger wrote into it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.dataset import Dataset

from viewer.core.dicom.text import clean, is_uid
from viewer.core.report.terms import Term

DEEPEST = 60
"""Levels of a tree that are read; the templates for CAD need about ten."""
MOST_ITEMS = 50_000
"""Content items of a document that are read."""

NOTHING = Term("", "", "")

Path = tuple[int, ...]
"""Where an item stands: 1, then the number of the child on each level (PS3.3 C.17.3.2.5)."""


class BadTree(Exception):
    """A document that cannot be read; one sentence without its name."""


class ImageRef(NamedTuple):
    """An image, or one of its frames: number from 0, None = it has one, or all are meant."""

    sop_instance_uid: str
    frame: int | None


@dataclass(frozen=True, slots=True)
class Graphic:
    """Spatial coordinates as they stand there.

    kind    POINT, CIRCLE, ELLIPSE, POLYLINE, MULTIPOINT; in the patient also POLYGON and ELLIPSOID
    points  (column, row), the outer corner of the first pixel at 0, 0; or (x, y, z), mm
    """

    kind: str
    points: tuple[tuple[float, ...], ...]
    frame_of_reference_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One content item; what its value type has not is empty.

    relation  to its parent: CONTAINS, INFERRED FROM, ...
    kind      CONTAINER, CODE, TEXT, NUM, SCOORD, SCOORD3D, IMAGE, UIDREF, ...; "" = a reference by place
    to        where the item stands that is referred to
    """

    path: Path
    relation: str = ""
    kind: str = ""
    name: Term = NOTHING
    code: Term = NOTHING
    text: str = ""
    number: float | None = None
    unit: str = ""
    graphic: Graphic | None = None
    image: ImageRef | None = None
    to: Path = ()
    children: tuple["Item", ...] = ()

    def walk(self) -> Iterator["Item"]:
        """The item and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_tree(document: Dataset) -> Item:
    """The root of a document's tree. Raises `BadTree`."""
    try:
        return _Reader().item(document, (1,))
    except BadTree:
        raise
    except Exception as error:  # whatever a hostile sequence brings about inside the parser
        raise BadTree(f"its content cannot be read ({type(error).__name__})") from error


class _Reader:
    """Counts what was read, so that no document keeps the desk busy."""

    def __init__(self) -> None:
        self._count = 0

    def item(self, found: Dataset, path: Path) -> Item:
        self._count += 1
        if len(path) > DEEPEST:
            raise BadTree(f"its content is nested deeper than {DEEPEST} levels")
        if self._count > MOST_ITEMS:
            raise BadTree(f"it has more than {MOST_ITEMS} content items")
        children = found.get("ContentSequence") or []
        kind = text(found, "ValueType")
        number, unit = _number(found) if kind == "NUM" else (None, "")
        return Item(
            path=path,
            relation=text(found, "RelationshipType"),
            kind=kind,
            name=coded(found, "ConceptNameCodeSequence"),
            code=coded(found, "ConceptCodeSequence"),
            text=text(found, "UID" if kind == "UIDREF" else "TextValue"),
            number=number,
            unit=unit,
            graphic=_graphic(found, kind),
            image=_image(found) if kind == "IMAGE" else None,
            to=tuple(int(str(n)) for n in _many(found.get("ReferencedContentItemIdentifier"))),
            children=tuple(self.item(child, (*path, n)) for n, child in enumerate(children, 1)),
        )


def text(found: Dataset, keyword: str) -> str:
    """A value as clean text; "" where there is none."""
    value = found.get(keyword)
    return "" if value is None else clean(str(value))


def _many(value: object) -> tuple[object, ...]:
    """A value of one or several, as several."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)


def coded(found: Dataset, keyword: str) -> Term:
    """The first code of a sequence; NOTHING where there is none."""
    item = next(iter(found.get(keyword) or []), None)
    if item is None:
        return NOTHING
    value = text(item, "CodeValue") or text(item, "LongCodeValue") or text(item, "URNCodeValue")
    return Term(value, text(item, "CodingSchemeDesignator"), text(item, "CodeMeaning"))


def _number(found: Dataset) -> tuple[float | None, str]:
    measured = next(iter(found.get("MeasuredValueSequence") or []), None)
    if measured is None:
        return None, ""
    value = next(iter(_many(measured.get("NumericValue"))), None)
    number = None if value is None else float(str(value))
    return (number if number is not None and math.isfinite(number) else None), coded(
        measured, "MeasurementUnitsCodeSequence"
    ).value


def _graphic(found: Dataset, kind: str) -> Graphic | None:
    """None for what is no drawing, and for one whose numbers are not pairs or triples of numbers."""
    size = {"SCOORD": 2, "SCOORD3D": 3}.get(kind)
    if size is None:
        return None
    numbers = [float(str(n)) for n in _many(found.get("GraphicData"))]
    if not numbers or len(numbers) % size or not all(map(math.isfinite, numbers)):
        return None
    points = tuple(tuple(numbers[n : n + size]) for n in range(0, len(numbers), size))
    return Graphic(text(found, "GraphicType"), points, text(found, "ReferencedFrameOfReferenceUID"))


def _image(found: Dataset) -> ImageRef | None:
    referred = next(iter(found.get("ReferencedSOPSequence") or []), None)
    uid = "" if referred is None else text(referred, "ReferencedSOPInstanceUID")
    if referred is None or not is_uid(uid):
        return None
    frames = _many(referred.get("ReferencedFrameNumber"))
    return ImageRef(uid, int(str(frames[0])) - 1 if len(frames) == 1 else None)
