"""A hanging protocol as a DICOM Hanging Protocol object (PS3.3 A.44, C.23), for other viewers and for ours.

What DICOM has no words for stands in a private block, so that our own import loses nothing.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime

import tomli_w
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from viewer.core.dicom.mammogram import table
from viewer.core.hanging import dicom_terms as terms
from viewer.core.hanging.layout import Box, layout
from viewer.core.hanging.protocol import OTHERS, Image, Protocol, Step
from viewer.core.hanging.rules import Compare, Joined, ProtocolError, Rule
from viewer.core.hanging.table import table_of

SCREEN = (1920, 1080)
"""(width, height) of the screens that our layouts are thought for, pixels."""
_NAME, _WORDS = 16, 64
"""Longest values of SH and LO."""


def to_dataset(protocol: Protocol, creator: str, now: datetime) -> tuple[Dataset, tuple[str, ...]]:
    """The object, and a sentence for each thing that only the private block of it says.

    Raises `ProtocolError` for a protocol without a modality: DICOM has none for all studies.
    """
    lost: dict[str, None] = {}
    out = Dataset()
    out.SOPClassUID, out.SOPInstanceUID = UID(terms.HANGING_PROTOCOL), generate_uid()
    out.SpecificCharacterSet = "ISO_IR 192"
    _define(out, protocol, creator, now)
    numbers = _add_image_sets(out, protocol, lost)
    _add_screen(out)
    _add_display_sets(out, protocol, numbers, lost)
    _add_private(out, protocol)
    out.file_meta = FileMetaDataset()
    out.file_meta.MediaStorageSOPClassUID = out.SOPClassUID
    out.file_meta.MediaStorageSOPInstanceUID = out.SOPInstanceUID
    out.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return out, (*lost, *_unsaid(protocol))


def digest(dataset: Dataset) -> str:
    """SHA-256 of the standard elements of a hanging protocol, whatever file they were in."""
    standard = {tag: value for tag, value in dataset.to_json_dict().items() if tag.startswith("0072")}
    return hashlib.sha256(json.dumps(standard, sort_keys=True).encode("utf-8")).hexdigest()


# --- definition and environment


def _define(out: Dataset, protocol: Protocol, creator: str, now: datetime) -> None:
    """Hanging Protocol Definition (C.23.1) without the image sets."""
    tests = [rule.test for rule in protocol.match if rule.required]
    modalities = [v for t in tests if isinstance(t, Compare) and t.fact == "modality" for v in t.values]
    if not modalities:
        raise ProtocolError(
            f"{protocol.id} is for studies of any kind: a DICOM hanging protocol is for a modality."
        )
    out.HangingProtocolName = protocol.id[:_NAME]
    out.HangingProtocolDescription = protocol.title[:_WORDS]
    out.HangingProtocolLevel = "SITE"
    out.HangingProtocolCreator = creator[:_WORDS] or "Unknown"
    out.HangingProtocolCreationDateTime = now.strftime("%Y%m%d%H%M%S")
    out.HangingProtocolDefinitionSequence = [_definition(str(m)) for m in modalities]
    out.HangingProtocolUserIdentificationCodeSequence = []
    out.NumberOfPriorsReferenced = 1 if any(image.prior for image in protocol.images) else 0


def _definition(modality: str) -> Dataset:
    """For all studies of a modality; the part of the body is asked of the images (see `_asked`)."""
    item = Dataset()
    item.Modality = modality
    item.ProcedureCodeSequence = []
    item.ReasonForRequestedProcedureCodeSequence = []
    return item


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code


def _add_screen(out: Dataset) -> None:
    """Hanging Protocol Environment (C.23.2): one screen, since an object has one place for each box."""
    screen = Dataset()
    screen.NumberOfHorizontalPixels, screen.NumberOfVerticalPixels = SCREEN
    screen.DisplayEnvironmentSpatialPosition = [0.0, 1.0, 1.0, 0.0]
    screen.ScreenMinimumGrayscaleBitDepth = 8
    screen.ApplicationMaximumRepaintTime = 1000
    out.NumberOfScreens, out.NominalScreenDefinitionSequence = 1, [screen]


# --- image sets


def _add_image_sets(out: Dataset, protocol: Protocol, lost: dict[str, None]) -> dict[str, int]:
    """The image sets; returns the number of each image by name. Alike ones, now and before, share an item."""
    numbers: dict[str, int] = {}
    out.ImageSetsSequence = []
    items: dict[str, Dataset] = {}
    for image in _asked(protocol):
        selectors = [item for rule in image.rules for item in _selectors(rule, lost)]
        key = json.dumps([item.to_json_dict() for item in selectors])
        if key not in items:
            items[key] = Dataset()
            items[key].ImageSetSelectorSequence = selectors
            items[key].TimeBasedImageSetsSequence = []
            out.ImageSetsSequence.append(items[key])
        numbers[image.name] = len(numbers) + 1
        items[key].TimeBasedImageSetsSequence.append(_time(image, numbers[image.name]))
    return numbers


def _asked(protocol: Protocol) -> tuple[Image, ...]:
    """The images that steps show, and what they show of images without a name.

    All of the part of the body that the protocol is for: a definition cannot name both part and modality.
    """
    asked = {name for step in protocol.steps for name in step.images}
    others = (Image(OTHERS, protocol.match),) if OTHERS in asked else ()
    part = tuple(rule for rule in map(_of_part, protocol.match) if rule is not None)
    images = (image for image in protocol.images if image.name in asked)
    return (*(Image(image.name, (*image.rules, *part), image.prior) for image in images), *others)


def _of_part(rule: Rule) -> Rule | None:
    """A required rule of a match that asks for parts of the body only, as one comparison."""
    tests = rule.test.parts if isinstance(rule.test, Joined) and rule.test.how == "any" else (rule.test,)
    parts = [test for test in tests if isinstance(test, Compare) and test.fact == "body_part"]
    if not rule.required or len(parts) < len(tests):
        return None
    values = dict.fromkeys(value for part in parts for value in part.values)
    return Rule(Compare("body_part", "contains", tuple(values)), required=True)


def _time(image: Image, number: int) -> Dataset:
    item = Dataset()
    item.ImageSetNumber = number
    item.ImageSetLabel = image.name[:_WORDS]
    if image.prior:
        item.ImageSetSelectorCategory, item.AbstractPriorValue = "ABSTRACT_PRIOR", [1, 1]
    else:
        item.ImageSetSelectorCategory, item.RelativeTime = "RELATIVE_TIME", [0, 0]
        item.RelativeTimeUnits = "MINUTES"
    return item


def _selectors(rule: Rule, lost: dict[str, None]) -> Iterator[Dataset]:
    """What images an image set takes; a test that is no equality is a filter, or is lost."""
    test = rule.test
    if not rule.required:
        lost["Preferences between images that fit alike (rules that are not required) are left out."] = None
    elif isinstance(test, Compare) and test.fact in terms.ATTRIBUTES and test.how in ("is", "contains"):
        if test.how == "contains" and terms.ATTRIBUTES[test.fact].vr != "SQ":
            lost[f"{test.fact} must be equal to one of the texts there, not hold it."] = None
        yield _selector(test)
    elif (allowed := _allowed(test)) is not None:
        yield _selector(allowed)
    elif not list(_filters(rule)):
        lost[f"What images must be beside that ({_named(test)}) is left out."] = None


def _named(test: Compare | Joined) -> str:
    if isinstance(test, Compare):
        return test.fact
    return ", ".join(dict.fromkeys(part.fact for part in test.parts if isinstance(part, Compare))) or test.how


def _allowed(test: Compare | Joined) -> Compare | None:
    """That an image has none of some codes, as the codes that it may have; "" = it may also have none.

    A filter could say it as we do, but dciodvfy takes every operator beside an attribute for an error.
    """
    if not isinstance(test, Joined) or test.how != "not" or len(test.parts) != 1:
        return None
    part = test.parts[0]
    if not isinstance(part, Compare) or part.fact != "modifiers":
        return None
    others = [row["name"] for row in table("modifier") if row["name"] not in part.values]
    return Compare("modifiers", "contains", (*others, ""))


def _selector(test: Compare) -> Dataset:
    """The images with one of these values; MATCH: also those without the attribute."""
    item = _attribute(test)
    item.ImageSetSelectorUsageFlag = "MATCH" if "" in test.values or False in test.values else "NO_MATCH"
    return item


def _attribute(test: Compare) -> Dataset:
    """A fact and its values as selector attribute (C.23.4.1); any one of them does."""
    where = terms.ATTRIBUTES[test.fact]
    item = Dataset()
    item.SelectorAttribute, item.SelectorAttributeVR, item.SelectorValueNumber = where.tag, where.vr, 0
    if where.within:
        item.SelectorSequencePointer = where.within
    if where.vr == "SQ":
        kind = "view" if test.fact == "view" else "modifier"
        rows = [row for row in table(kind) if row["name"] in test.values]
        item.SelectorCodeSequenceValue = [
            _code(str(row["codes"][0]), str(row.get("title", row["name"]))) for row in rows
        ]
        return item
    texts = [("YES" if v else "NO") if isinstance(v, bool) else v for v in test.values if v != ""]
    setattr(item, f"Selector{where.vr}Value", texts)
    return item


def _filters(rule: Rule) -> Iterator[Dataset]:
    """A required test as filter of a display set (C.23.3.1): what must not be, planes, and numbers."""
    test = rule.test
    if not rule.required:
        return
    if isinstance(test, Joined):
        parts = [p for p in test.parts if isinstance(p, Compare) and p.fact in terms.ATTRIBUTES]
        if test.how == "not" and _allowed(test) is None and len(parts) == len(test.parts):
            yield from (_filter(part, "NOT_MEMBER_OF") for part in parts if part.how in ("is", "contains"))
    elif test.fact == "plane" and test.how == "is":
        item = Dataset()
        item.FilterByCategory, item.FilterByOperator = "IMAGE_PLANE", "MEMBER_OF"
        item.SelectorAttributeVR, item.SelectorCSValue = "CS", [str(v) for v in test.values]
        yield item
    elif test.fact in terms.ATTRIBUTES and test.how in ("above", "below"):
        yield _filter(test, "GREATER_THAN" if test.how == "above" else "LESS_THAN")


def _filter(test: Compare, operator: str) -> Dataset:
    item = _attribute(test)
    item.FilterByOperator = operator
    return item


# --- display sets


def _add_display_sets(
    out: Dataset, protocol: Protocol, numbers: dict[str, int], lost: dict[str, None]
) -> None:
    """Hanging Protocol Display (C.23.3): a presentation group a step, a display set a box."""
    images = {image.name: image for image in _asked(protocol)}
    out.DisplaySetsSequence = []
    scrolling = []
    for group, step in enumerate(protocol.steps, 1):
        boxes = layout(step.layout).boxes
        start = len(out.DisplaySetsSequence)
        for box, name in enumerate(step.images):
            if name:
                item = _display_set(step, box, images[name])
                item.DisplaySetNumber = len(out.DisplaySetsSequence) + 1
                item.DisplaySetPresentationGroup = group
                item.DisplaySetPresentationGroupDescription = step.title[:_WORDS]
                item.ImageSetNumber = numbers[name]
                item.ImageBoxesSequence = [_image_box(boxes[box])]
                out.DisplaySetsSequence.append(item)
                _note_window(step, box, lost)
        together = list(range(start + 1, len(out.DisplaySetsSequence) + 1))
        if len(together) > 1 and not step.display.facing:
            item = Dataset()
            item.DisplaySetScrollingGroup = together
            scrolling.append(item)
    if scrolling:
        out.SynchronizedScrollingSequence = scrolling
    out.PartialDataDisplayHandling = "MAINTAIN_LAYOUT"


def _image_box(box: Box) -> Dataset:
    item = Dataset()
    item.ImageBoxNumber, item.ImageBoxLayoutType = 1, "STACK"
    right, bottom = box.left + box.width, max(0.0, 1 - box.top - box.height)
    item.DisplayEnvironmentSpatialPosition = [box.left, 1 - box.top, right, bottom]
    return item


def _display_set(step: Step, box: int, image: Image) -> Dataset:
    item = Dataset()
    item.FilterOperationsSequence = [one for rule in image.rules for one in _filters(rule)]
    sort = Dataset()
    sort.SortByCategory, sort.SortingDirection = "ALONG_AXIS", "INCREASING"
    item.SortingOperationsSequence = [sort]
    plane, voi = step.planes[box], terms.VOI_TYPE_OF.get(step.window_of(box))
    if plane in terms.DIRECTION_OF:
        item.ReformattingOperationType = "MPR"
        item.ReformattingThickness = item.ReformattingInterval = 1.0
        item.ReformattingOperationInitialViewDirection = terms.DIRECTION_OF[plane]
        item.DisplaySetPatientOrientation = terms.ORIENTATION_OF[plane]
    if voi is not None:
        item.VOIType = voi
    if step.display.facing:
        _face(item, image)
    return item


def _face(item: Dataset, image: Image) -> None:
    """A mammogram as it hangs: chest walls back to back, lateral side or axilla up."""
    known = {
        rule.test.fact: rule.test.values[0]
        for rule in image.rules
        if isinstance(rule.test, Compare) and rule.required and len(rule.test.values) == 1
    }
    side, view = known.get("side"), known.get("view")
    down = next((row["down"] for row in table("view") if row["name"] == view), "")
    if side not in ("R", "L") or not down:
        return
    medial = "L" if side == "R" else "R"
    item.DisplaySetPatientOrientation = [
        "P" if side == "R" else "A",
        medial if down == "medial" else f"F{medial}",
    ]
    item.DisplaySetHorizontalJustification = "RIGHT" if side == "R" else "LEFT"


def _note_window(step: Step, box: int, lost: dict[str, None]) -> None:
    name = step.window_of(box)
    if name and name not in terms.VOI_TYPE_OF:
        lost[f"The window {name} has no VOI Type and is as stored there."] = None


def _unsaid(protocol: Protocol) -> Iterator[str]:
    """What no element of the standard says, as far as this protocol has it."""
    if any(step.display.size == "same" for step in protocol.steps):
        yield "That all images of a step have one scale is left out."
    if any(step.display.size == "pixels" for step in protocol.steps):
        yield "That a step goes through an image in tiles at full resolution is left out."
    if any(step.after_commit for step in protocol.steps):
        yield "That a step is locked until the unaided read is committed is left out."
    if any(step.needs < len({n for n in step.images if n}) for step in protocol.steps):
        yield "That a step is skipped where too few of its images are there is left out."
    if protocol.prior_days:
        yield f"That a prior at least {protocol.prior_days} days older is preferred is left out."
    if any(step.spread for step in protocol.steps):
        yield "How steps spread over several screens is left out: the places are those on one."
    if any(image.place > 1 for image in protocol.images):
        yield "That a box shows the second image of a kind is left out: it shows the first."
    if any(OTHERS in step.images for step in protocol.steps):
        yield "Boxes for images that nothing else shows take any image there."


def _add_private(out: Dataset, protocol: Protocol) -> None:
    block = out.private_block(terms.GROUP, terms.CREATOR, create=True)
    block.add_new(terms.TEXT, "UT", tomli_w.dumps(table_of(protocol)))
    block.add_new(terms.DIGEST, "LO", digest(out))
