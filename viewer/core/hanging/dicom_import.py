"""A DICOM Hanging Protocol object (PS3.3 C.23) as a protocol of ours, and what of it could not be taken over.

An object of our own gives back its TOML text, unless somebody has changed the elements beside it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import tomli_w
from pydicom.dataset import Dataset

from viewer.core.dicom.mammogram import table
from viewer.core.hanging import dicom_terms as terms
from viewer.core.hanging.dicom_export import digest
from viewer.core.hanging.layout import NEXT_SCREEN, Box, free_layout, layout
from viewer.core.hanging.protocol import read_protocol
from viewer.core.hanging.rules import ProtocolError
from viewer.core.hanging.table import Table

_WEIGHT = 12.0
"""Of a match: what the site brought goes before the protocols that are shipped."""
_MOST = 1000
"""Most display sets and selectors that are looked at."""
_DAYS = {"SECONDS": 1 / 86400, "MINUTES": 1 / 1440, "HOURS": 1 / 24, "DAYS": 1, "WEEKS": 7, "MONTHS": 30.44}


@dataclass(frozen=True, slots=True)
class Imported:
    """A protocol as TOML text under a name for its file, and a sentence for each thing that was left out."""

    name: str
    text: str
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """What is collected while an object is read.

    sets    rules of each image set by its number; priors: the numbers of those of an earlier study
    images  (name, image set, rules of its filters) of each image that a display set asks for
    """

    notes: dict[str, None] = field(default_factory=dict)
    sets: dict[int, list[Table]] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    priors: set[int] = field(default_factory=set)
    prior_days: int = 0
    images: dict[str, Table] = field(default_factory=dict)

    def note(self, sentence: str) -> None:
        self.notes[sentence] = None


def from_dataset(dataset: Dataset) -> Imported:
    """The protocol in an object. Raises `ProtocolError`, in one sentence, where there is none in it."""
    if dataset.get("SOPClassUID") != terms.HANGING_PROTOCOL:
        found = dataset.get("SOPClassUID", "nothing")
        raise ProtocolError(
            f"(0008,0016) SOP Class UID: found {found}, allowed: hanging protocol, {terms.HANGING_PROTOCOL}"
        )
    name = _slug(str(dataset.get("HangingProtocolName", ""))) or "imported"
    own, changed = _own_text(dataset)
    if own:
        read_protocol(name, own)
        return Imported(name, own, ())
    reader = _Reader()
    if changed:
        reader.note("Another program changed this protocol after we wrote it: what only we say is left out.")
    raw = _read(dataset, name, reader)
    text = _about(dataset) + tomli_w.dumps(raw)
    read_protocol(name, text)
    return Imported(name, text, tuple(reader.notes))


def _own_text(dataset: Dataset) -> tuple[str, bool]:
    """(our text, where it still fits the rest of the object; whether there is one that does not)."""
    try:
        block = dataset.private_block(terms.GROUP, terms.CREATOR)
        text, kept = str(block[terms.TEXT].value), str(block[terms.DIGEST].value)
    except KeyError:
        return "", False
    return (text, False) if kept == digest(dataset) else ("", True)


def _about(dataset: Dataset) -> str:
    """Where it came from, as comments at the head of the file."""
    said = (
        ("Hanging protocol", dataset.get("HangingProtocolName", "")),
        ("of level", dataset.get("HangingProtocolLevel", "")),
        ("by", dataset.get("HangingProtocolCreator", "")),
        ("of", str(dataset.get("HangingProtocolCreationDateTime", ""))[:8]),
    )
    words = " ".join(f"{name} {value}" for name, value in said if value)
    return f"# {re.sub(r'[^ -~]', '?', words)}, read from a DICOM object.\n"


def _read(dataset: Dataset, name: str, reader: _Reader) -> Table:
    for item in _items(dataset, "ImageSetsSequence"):
        _read_image_set(item, reader)
    screens = _screens(dataset)
    groups: dict[int, list[Dataset]] = {}
    for item in _items(dataset, "DisplaySetsSequence"):
        groups.setdefault(int(item.get("DisplaySetPresentationGroup") or 1), []).append(item)
    steps = [
        step
        for number in sorted(groups)
        if (step := _step(number, groups[number], screens, reader)) is not None
    ]
    if not steps:
        raise ProtocolError(f"{name}: no display set (0072,0200) of this protocol can be shown here.")
    match = _match(dataset, reader)
    if any(rule.get("is") == "MG" or rule.get("is") == ["MG"] for rule in match):
        for step in steps:
            step.update(facing=True, size="same")
    title = str(dataset.get("HangingProtocolDescription") or dataset.get("HangingProtocolName") or name)
    return {
        "title": title,
        "rank": 1,
        "prior_days": reader.prior_days,
        "match": match,
        "image": list(reader.images.values()),
        "step": steps,
    }


def _items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    return list(dataset.get(keyword) or ())[:_MOST]


# --- for which studies


def _match(dataset: Dataset, reader: _Reader) -> list[Table]:
    """Rules for the modalities and parts of the body of the definition, and for the part of all images."""
    kinds = []
    for item in _items(dataset, "HangingProtocolDefinitionSequence"):
        tests: list[Table] = []
        if item.get("Modality"):
            tests.append({"fact": "modality", "is": str(item.Modality)})
        tests += [_region(code) for code in _items(item, "AnatomicRegionSequence")[:1]]
        if item.get("Laterality") in ("R", "L"):
            tests.append({"fact": "side", "is": str(item.Laterality)})
        if any(
            _items(item, key) for key in ("ProcedureCodeSequence", "ReasonForRequestedProcedureCodeSequence")
        ):
            reader.note("Codes of the procedure and of its reason do not choose here: every such study fits.")
        if tests:
            kinds.append({"all": tests} if len(tests) > 1 else tests[0])
    if not kinds:
        raise ProtocolError(
            "(0072,000C) Hanging Protocol Definition: found neither modality nor body region."
        )
    whole = {"any": kinds} if len(kinds) > 1 else kinds[0]
    return [whole | {"required": True, "weight": _WEIGHT}, *_parts_of_all(reader)]


def _region(code: Dataset) -> Table:
    value, meaning = str(code.get("CodeValue", "")), str(code.get("CodeMeaning", "")).upper()
    words = terms.REGIONS.get(value, (meaning,))
    return {"fact": "body_part", "contains": list(words)}


def _parts_of_all(reader: _Reader) -> list[Table]:
    """The part of the body, where every image set of the study itself asks for the same."""
    asked = [
        [rule for rule in rules if "body_part" in str(rule)]
        for number, rules in reader.sets.items()
        if number not in reader.priors
    ]
    same = asked and asked[0] and all(one == asked[0] for one in asked)
    return asked[0] if same else []


# --- image sets


def _read_image_set(item: Dataset, reader: _Reader) -> None:
    rules = [rule for one in _items(item, "ImageSetSelectorSequence") for rule in _selector(one, reader)]
    for when in _items(item, "TimeBasedImageSetsSequence"):
        number = int(when.get("ImageSetNumber") or 0)
        reader.sets[number] = rules
        reader.labels[number] = str(when.get("ImageSetLabel") or f"set {number}")
        if _is_prior(when, reader):
            reader.priors.add(number)


def _is_prior(when: Dataset, reader: _Reader) -> bool:
    """Whether it is of an earlier study; how much earlier is kept as what is preferred."""
    label = f"Image set {when.get('ImageSetNumber')}"
    if when.get("ImageSetSelectorCategory") == "ABSTRACT_PRIOR":
        wanted = [int(n) for n in when.get("AbstractPriorValue") or (1, 1)]
        if wanted != [1, 1]:
            reader.note(f"{label} asks for another prior than the last: Ctrl+Left goes to older ones.")
        return True
    first = [float(n) for n in when.get("RelativeTime") or (0, 0)]
    if max(first) == 0:
        return False
    days = first[0] * _DAYS.get(str(when.get("RelativeTimeUnits")), 365.25)
    reader.prior_days = max(reader.prior_days, round(days))
    reader.note(
        f"{label}: a prior at least {days:.0f} days older is preferred, but any earlier one is taken."
    )
    return True


def _selector(item: Dataset, reader: _Reader) -> Iterator[Table]:
    """One selector as a required rule; MATCH: also where the image lacks the attribute."""
    tag = item.get("SelectorAttribute")
    fact = terms.FACT_OF.get(int(tag)) if tag is not None else None
    values = [] if fact is None else _values(item, fact)
    if fact is None or not values:
        reader.note(
            f"Images are not chosen by {_tag(tag)}: our rules do not know it, or not with this value."
        )
        return
    test = _equal(fact, values)
    if item.get("ImageSetSelectorUsageFlag") == "MATCH":
        test = _or_missing(fact, test)
    yield test | {"required": True}


def _equal(fact: str, values: list[Any]) -> Table:
    several = fact in ("modifiers", "image_type")
    return {"fact": fact, "contains" if several else "is": values if len(values) > 1 else values[0]}


def _or_missing(fact: str, test: Table) -> Table:
    if "is" in test:
        values = test["is"] if isinstance(test["is"], list) else [test["is"]]
        missing = False if fact in terms.FLAGS else ""
        return {"fact": fact, "is": [*values, *([] if missing in values else [missing])]}
    if fact == "modifiers":
        every = [str(row["name"]) for row in table("modifier")]
        return {"any": [test, {"not": {"fact": fact, "contains": every}}]}
    return test


def _values(item: Dataset, fact: str) -> list[Any]:
    """The values of a selector as the fact has them."""
    attribute = terms.ATTRIBUTES[fact]
    if attribute.vr == "SQ":
        codes = [str(code.get("CodeValue", "")) for code in _items(item, "SelectorCodeSequenceValue")]
        rows = table("view" if fact == "view" else "modifier")
        return [str(row["name"]) for row in rows if set(codes) & set(row["codes"])]
    vr = str(item.get("SelectorAttributeVR") or attribute.vr)
    raw = item.get(f"Selector{vr}Value")
    found = [] if raw is None else [raw] if isinstance(raw, str | int | float) else list(raw)
    if fact in terms.FLAGS:
        return [value == "YES" for value in found]
    return [float(v) for v in found] if fact == "thickness_mm" else [str(v).upper() for v in found if v != ""]


def _tag(tag: Any) -> str:  # noqa: ANN401 (whatever the file has)
    return "an attribute without a tag" if tag is None else f"({int(tag) >> 16:04X},{int(tag) & 0xFFFF:04X})"


# --- filters


def _filters(item: Dataset, reader: _Reader) -> Iterator[Table]:
    """The filters of a display set as required rules."""
    for one in _items(item, "FilterOperationsSequence"):
        rule = _filter(one)
        if rule is None:
            what = one.get("FilterByCategory") or _tag(one.get("SelectorAttribute"))
            reader.note(f"Display sets are not filtered by {what}: our rules cannot.")
        else:
            yield rule | {"required": True}


def _filter(item: Dataset) -> Table | None:
    operator = str(item.get("FilterByOperator", ""))
    if item.get("FilterByCategory") == "IMAGE_PLANE":
        wanted = item.get("SelectorCSValue") or []
        planes = [wanted] if isinstance(wanted, str) else [str(plane) for plane in wanted]
        return _signed({"fact": "plane", "is": planes}, operator) if planes else None
    tag = item.get("SelectorAttribute")
    fact = terms.FACT_OF.get(int(tag)) if tag is not None else None
    if fact is None:
        return None
    if item.get("FilterByAttributePresence"):
        return _present(fact, item.FilterByAttributePresence == "PRESENT")
    values = _values(item, fact)
    if not values:
        return None
    if fact == "thickness_mm" and operator in ("GREATER_THAN", "GREATER_OR_EQUAL"):
        return {"fact": fact, "above": values[0] - (operator == "GREATER_OR_EQUAL") * 1e-6}
    if fact == "thickness_mm" and operator in ("LESS_THAN", "LESS_OR_EQUAL"):
        return {"fact": fact, "below": values[0] + (operator == "LESS_OR_EQUAL") * 1e-6}
    return _signed(_equal(fact, values), operator)


def _signed(test: Table, operator: str) -> Table | None:
    return {"MEMBER_OF": test, "NOT_MEMBER_OF": {"not": test}}.get(operator)


def _present(fact: str, wanted: bool) -> Table | None:
    if fact == "modifiers":
        test: Table = {"fact": fact, "contains": [str(row["name"]) for row in table("modifier")]}
        return test if wanted else {"not": test}
    if fact in (*terms.FLAGS, "thickness_mm", "image_type"):
        return None
    return {"not": {"fact": fact, "is": ""}} if wanted else {"fact": fact, "is": ""}


# --- steps


@dataclass(frozen=True, slots=True)
class _Place:
    """A box of a step: where, what, how."""

    box: Box
    image: str
    plane: str
    window: str


def _step(number: int, sets: list[Dataset], screens: list[Box], reader: _Reader) -> Table | None:
    places = [place for item in sets for place in _places(item, screens, reader)]
    if not places:
        return None
    places.sort(key=lambda place: place.box.screen)  # stable: their order on a screen stays
    whole = tuple(place.box for place in places)
    words = [str(one.get("DisplaySetPresentationGroupDescription") or "") for one in sets]
    step: Table = {
        "id": f"group_{number}",
        "title": next(filter(None, words), f"Step {number}"),
        "layout": free_layout(whole),
        "images": [place.image for place in places],
        "planes": [place.plane for place in places],
        "windows": [place.window for place in places],
        "needs": 1,
    }
    used = sorted({box.screen for box in whole})
    if used == list(range(len(screens))) and len(screens) > 1:
        step["spread"] = [
            free_layout(tuple(_within(box, screens[n]) for box in whole if box.screen == n)) for n in used
        ]
        layout(NEXT_SCREEN.join(step["spread"]))
    return step


def _places(item: Dataset, screens: list[Box], reader: _Reader) -> Iterator[_Place]:
    number = int(item.get("ImageSetNumber") or 0)
    if number not in reader.sets:
        reader.note(f"A display set asks for image set {number}, which is not there: its boxes are left out.")
        return
    image = _image(number, list(_filters(item, reader)), reader)
    plane, window = _plane(item, reader), _window(item, reader)
    _note_rest(item, reader)
    for one in _items(item, "ImageBoxesSequence"):
        box = _box(one.get("DisplayEnvironmentSpatialPosition"), screens)
        if box is None:
            reader.note("An image box (0072,0300) without a place that can be is left out.")
            continue
        if one.get("ImageBoxLayoutType") in ("TILED", "CINE"):
            reader.note(f"A {one.ImageBoxLayoutType} box is a stack here: Up and Down go through it.")
        yield _Place(box, image, plane, window)


def _image(number: int, filters: list[Table], reader: _Reader) -> str:
    """The name of the image of a set and its filters; like ones share it."""
    rules = [*reader.sets[number], *(rule for rule in filters if rule not in reader.sets[number])]
    if not rules:
        rules = [{"not": {"fact": "images", "is": 0}}]
    known = {"rules": rules} | ({"prior": True} if number in reader.priors else {})
    for name, image in reader.images.items():
        if image == {"name": name} | known:
            return name
    base = _slug(reader.labels[number]) or f"set_{number}"
    name = next(n for n in (base, *(f"{base}_{k}" for k in range(2, _MOST))) if n not in reader.images)
    reader.images[name] = {"name": name} | known
    return name


def _plane(item: Dataset, reader: _Reader) -> str:
    kind = str(item.get("ReformattingOperationType") or "")
    if kind == "MPR":
        direction = str(item.get("ReformattingOperationInitialViewDirection") or "TRANSVERSE")
        return next(
            (plane for plane, name in terms.DIRECTION_OF.items() if name[:3] == direction[:3]), "axial"
        )
    if kind:
        reader.note(f"Reformatting {kind} is not done in a step: the images are shown as they are.")
    return "stack"


def _window(item: Dataset, reader: _Reader) -> str:
    wanted = str(item.get("VOIType") or "")
    if wanted and wanted not in terms.VOI_TYPES:
        reader.note(f"VOI Type {wanted} has no window here: images are as stored.")
    return terms.VOI_TYPES.get(wanted, "")


def _note_rest(item: Dataset, reader: _Reader) -> None:
    """What of a display set no step of ours can say."""
    for keyword, said in (
        ("BlendingOperationType", "Images are not blended."),
        ("PseudoColorType", "Pseudo-colour is not applied."),
    ):
        if item.get(keyword):
            reader.note(said)
    if item.get("ShowGrayscaleInverted") == "YES":
        reader.note("Images are not inverted by a step: V inverts them.")
    if item.get("ShowImageTrueSizeFlag") == "YES":
        reader.note("Images are not shown at true size by a step: Shift+F does it.")
    for one in _items(item, "SortingOperationsSequence"):
        if (one.get("SortByCategory"), one.get("SortingDirection")) != ("ALONG_AXIS", "INCREASING"):
            what = one.get("SortByCategory") or _tag(one.get("SelectorAttribute"))
            reader.note(
                f"Images are not sorted by {what}, but by their place in the patient, else by number."
            )


# --- places


def _screens(dataset: Dataset) -> list[Box]:
    """The screens as boxes of the whole environment, numbered from left to right."""
    whole = Box(0, 0, 1, 1)
    items = _items(dataset, "NominalScreenDefinitionSequence")
    found = [box for one in items if (box := _box(one.get("DisplayEnvironmentSpatialPosition"), [whole]))]
    return (
        sorted(found, key=lambda box: (box.left, box.top)) if len(found) == len(items) and found else [whole]
    )


def _box(raw: Any, screens: list[Box]) -> Box | None:  # noqa: ANN401 (whatever the file has)
    """Upper left and lower right corner from the lower left of the environment (C.23.3.1.1), as a box."""
    try:
        left, top, right, bottom = (min(1.0, max(0.0, float(number))) for number in raw)
    except (TypeError, ValueError):
        return None
    if not (right - left > 1e-3 and top - bottom > 1e-3):
        return None
    middle = ((left + right) / 2, 1 - (top + bottom) / 2)
    screen = next((n for n, one in enumerate(screens) if _holds(one, middle)), 0)
    return Box(left, 1 - top, right - left, top - bottom, screen)


def _holds(box: Box, point: tuple[float, float]) -> bool:
    x, y = point
    return box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height


def _within(box: Box, screen: Box) -> Box:
    """A box of the environment in fractions of its screen, as far as it lies on it."""
    left = max(0.0, (box.left - screen.left) / screen.width)
    top = max(0.0, (box.top - screen.top) / screen.height)
    right = min(1.0, (box.left + box.width - screen.left) / screen.width)
    bottom = min(1.0, (box.top + box.height - screen.top) / screen.height)
    return Box(left, top, right - left, bottom - top, box.screen)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")
