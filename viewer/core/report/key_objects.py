"""The reader's key images as a Key Object Selection Document (PS3.3 A.35.4, PS3.16 TID 2010)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from highdicom import sr
from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from viewer.core.reading.reading import Reading, Stage
from viewer.core.report.content import concept, zone
from viewer.core.report.document import equipment, refusing
from viewer.core.report.inert import inert, one_line, person_name
from viewer.core.report.place import picture_place, picture_words
from viewer.core.report.source import ReportError, Source
from viewer.core.report.terms import standard
from viewer.core.report.words import grey_words

KEY_SERIES = 9004


def key_objects(sources: Sequence[Source], reading: Reading) -> Dataset | None:
    """The document that names the key images of a reading; None where it has none.

    A frame of a multi-frame object is named by its number. The windows stand in the description, since a key
    object holds no display state. Raises `ReportError`.
    """
    if not reading.key_images:
        return None
    title = "Key images" if reading.stage is Stage.SIGNED else "Key images, draft"
    chosen = _chosen(sources, reading)
    if not chosen:
        raise ReportError(f"{title}: none of them lies in a series that can be referred to; not written")
    with refusing(title):
        made = _document(chosen, _selection(sources, reading, chosen), title)
    for item in made.ContentSequence:
        if item.ValueType == "IMAGE":
            del item.ConceptNameCodeSequence  # highdicom calls it "Source"; the template has no name there
    made.TimezoneOffsetFromUTC = datetime.now(zone()).strftime("%z")
    sources[0].name_patient(made)
    return made


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An object with key images: its header, and the numbers of its frames (none where it has but one)."""

    image: Dataset
    frames: list[int] = field(default_factory=list)


def _chosen(sources: Sequence[Source], reading: Reading) -> list[_Chosen]:
    """Each object once, in the order in which the reader chose."""
    found: dict[str, _Chosen] = {}
    for key_image in reading.key_images:
        place = picture_place([s.display_set for s in sources], key_image.shows)
        if place is None:
            continue
        source = next(s for s in sources if s.display_set is place[0])
        image = source.image_at(place[1])
        if image is not None:
            here = found.setdefault(str(image.SOPInstanceUID), _Chosen(image))
            here.frames.extend(source.frames_at(place[1]) or [])
    return list(found.values())


def _selection(sources: Sequence[Source], reading: Reading, chosen: Sequence[_Chosen]) -> KeyObjectSelection:
    """The content tree: who chose, in which words, and the images."""
    who = sr.PersonObserverIdentifyingAttributes(name=person_name(reading.reader.name) or "Unknown^")
    made = KeyObjectSelection(
        document_title=concept(standard("of_interest")),
        referenced_objects=[c.image for c in chosen],
        observer_person_context=sr.ObserverContext(concept(standard("person")), who),
        description=inert(_description(sources, reading)),
    )
    frames = {str(c.image.SOPInstanceUID): c.frames for c in chosen}
    for item in made[0].ContentSequence:
        if item.ValueType == "IMAGE":
            reference = item.ReferencedSOPSequence[0]
            if numbers := frames[str(reference.ReferencedSOPInstanceUID)]:
                reference.ReferencedFrameNumber = numbers
    return made


def _description(sources: Sequence[Source], reading: Reading) -> str:
    sets = [s.display_set for s in sources]
    lines = (f"{picture_words(sets, k.shows)}; {grey_words(k.shows)}" for k in reading.key_images)
    return "\n".join(["Key images of the reader.", *lines])


def _document(
    chosen: Sequence[_Chosen], content: KeyObjectSelection, title: str
) -> KeyObjectSelectionDocument:
    return KeyObjectSelectionDocument(
        evidence=[c.image for c in chosen],
        content=content,
        series_instance_uid=generate_uid(),
        series_number=KEY_SERIES,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        specific_character_set="ISO_IR 192",
        series_description=one_line(title),
        **equipment(),
    )
