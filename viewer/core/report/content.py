"""Pieces of a TID 1500 report (PS3.16): observers, evaluations, measurement groups, the root.

Importing it loads highdicom, which takes most of a second: only the writer of objects does.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
from highdicom import sr
from highdicom.sr import RelationshipTypeValues
from highdicom.sr.value_types import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DateTimeContentItem,
    TextContentItem,
)
from pydicom.dataset import Dataset

from viewer.core.reading.finding import Axis, Finding, Texture
from viewer.core.report import breast_terms
from viewer.core.report.inert import inert, one_line, person_name
from viewer.core.report.source import Source, source_slices, valid_uid
from viewer.core.report.terms import Term, own, standard

_PLACED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
_PROJECTED = ("PatientOrientation", "ImagerPixelSpacing")

CONTAINS = RelationshipTypeValues.CONTAINS


def concept(term: Term) -> sr.CodedConcept:
    """A term as a code sequence item."""
    return sr.CodedConcept(term.value, term.scheme, term.meaning, term.version or None)


def text(name: Term, value: str) -> TextContentItem:
    """A text item; the text of others is made inert."""
    return TextContentItem(concept(name), inert(value), CONTAINS)


def code(name: Term, value: Term, at: str = "") -> CodeContentItem:
    """A coded answer; `at` (ISO 8601) is when it was given."""
    item = CodeContentItem(concept(name), concept(value), CONTAINS)
    if stamp := dicom_time(at):
        item.add_new("ObservationDateTime", "DT", stamp)
    return item


def modifier(name: Term, value: Term) -> CodeContentItem:
    """A code that makes the item above it more exact, such as the side."""
    return CodeContentItem(concept(name), concept(value), RelationshipTypeValues.HAS_CONCEPT_MOD)


def moment(name: Term, at: str) -> list[DateTimeContentItem]:
    """A time (ISO 8601), or nothing where there is none."""
    stamp = dicom_time(at)
    return [DateTimeContentItem(concept(name), stamp, CONTAINS)] if stamp else []


def dicom_time(at: str) -> str:
    """ISO 8601 (UTC where it names no zone) to DICOM's DT in this machine's time; "" for what is no time.

    The offset is not part of the value, since dcmtk up to 3.6.7 refuses that: (0008,0201) carries it.
    """
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        return ""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(zone()).strftime("%Y%m%d%H%M%S.%f")


def zone() -> tzinfo:
    """The offset from UTC that this machine uses now: one for a whole object."""
    here = datetime.now().astimezone().tzinfo
    return here if here is not None else UTC


def container(name: Term, items: Iterable[ContentItem]) -> ContainerContentItem:
    """A container with content."""
    box = ContainerContentItem(concept(name), relationship_type=CONTAINS)
    box.ContentSequence = ContentSequence(list(items))
    return box


def person(name: str) -> sr.ObservationContext:
    """A human observer (TID 1003)."""
    who = sr.PersonObserverIdentifyingAttributes(name=person_name(name) or "Unknown^")
    return sr.ObservationContext(observer_person_context=sr.ObserverContext(concept(standard("person")), who))


def device(uid: str, name: str, model: str, serial: str) -> sr.ObservationContext:
    """A program as observer (TID 1004)."""
    who = sr.DeviceObserverIdentifyingAttributes(
        uid=uid, name=name, manufacturer_name="Tandem", model_name=model, serial_number=serial
    )
    return sr.ObservationContext(observer_device_context=sr.ObserverContext(concept(standard("device")), who))


def measurements(finding: Finding, *, model: bool) -> list[sr.Measurement]:
    """Sizes of a finding, and with `model` its score and probability (TID 300)."""
    mm, one = concept(standard("mm")), concept(standard("ratio"))
    mean = concept(standard("mean"))
    wanted = [
        (standard("long_axis"), finding.long_axis_mm, mm, None),
        (standard("short_axis"), finding.short_axis_mm, mm, None),
        (standard("diameter"), finding.mean_diameter_mm, mm, mean),
        (own("SOLID-PART"), finding.solid_part_mm, mm, None),
        (standard("volume"), finding.volume_mm3, concept(standard("mm3")), None),
    ]
    if finding.description is not None:
        wanted.append((standard("nipple_distance"), finding.description.nipple_mm, mm, None))
    if model:
        wanted += [
            (own("PROBABILITY"), finding.probability, one, None),
            (own("SCORE"), finding.score, one, None),
            (own("MALIGNANCY"), finding.malignancy, one, None),
        ]
    return [
        sr.Measurement(concept(name), float(f"{value:.6g}"), unit, derivation=derivation)
        for name, value, unit, derivation in wanted
        if value is not None and np.isfinite(value)
    ]


def line(axis: Axis, frame_of_reference_uid: str) -> list[sr.CoordinatesForMeasurement3D] | None:
    """The ends (patient mm) from which a length was inferred; None where they cannot be told."""
    if not valid_uid(frame_of_reference_uid):
        return None
    return [sr.CoordinatesForMeasurement3D("POLYLINE", np.array(axis, np.float64), frame_of_reference_uid)]


def texture(value: Texture) -> sr.QualitativeEvaluation:
    """The attenuation type of a nodule."""
    return sr.QualitativeEvaluation(concept(own("TEXTURE")), concept(standard(value.value)))


def evaluations(finding: Finding) -> list[sr.QualitativeEvaluation]:
    """What was said of a finding in codes: BI-RADS descriptors in a breast, the texture of a nodule."""
    if breast_terms.in_breast(finding):
        pairs = breast_terms.descriptors(finding)
        return [sr.QualitativeEvaluation(concept(name), concept(value)) for name, value in pairs]
    return [texture(finding.texture)]


def kind_of(finding: Finding) -> Term:
    """The code that fits a finding best; the words themselves always stand beside it."""
    return breast_terms.kind(finding) if breast_terms.in_breast(finding) else finding_type(finding.label)


def sites_of(finding: Finding) -> list[sr.FindingSite] | None:
    """Where it lies: the lung, or a breast with its side where that is stated."""
    if breast_terms.in_breast(finding):
        side = breast_terms.side(finding.laterality)
        return [sr.FindingSite(concept(standard("breast")), concept(side) if side else None)]
    site = finding_site(finding.label)
    return [sr.FindingSite(concept(site))] if site else None


def finding_type(label: str) -> Term:
    """The code that fits a label best; the words themselves always stand beside it."""
    words = label.lower()
    return next((standard(name) for name in ("nodule", "mass") if name in words), standard("abnormal"))


def finding_site(label: str) -> Term | None:
    """Where a finding lies, as far as its label says."""
    in_lung = any(word in label.lower() for word in ("lung", "nodule", "lobe"))
    return standard("lung") if in_lung else None


Region = sr.ImageRegion | sr.ImageRegion3D


def group(
    finding: Finding,
    identifier: str,
    regions: Sequence[Region],
    *,
    kind: Term | None = None,
    sizes: Sequence[sr.Measurement] = (),
    algorithm: sr.AlgorithmIdentification | None = None,
    evaluations: Sequence[sr.QualitativeEvaluation] = (),
    more: Iterable[ContentItem] = (),
) -> ContentSequence:
    """One measurement group (TID 1410, or 1501 without a region); `more` is added to its end.

    kind     what it is; without it what the label says
    regions  where it lies: in the patient, or on images. TID 1410 takes one: each further image gets a group
             with nothing but its region, joined to the first by the Tracking Unique Identifier
    """
    kind = kind_of(finding) if kind is None else kind
    common: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(finding.tracking_uid, one_line(identifier)),
        "finding_type": concept(kind),
        "finding_category": concept(standard("abnormal")),
        "finding_sites": sites_of(finding),
        "algorithm_id": algorithm,
        "measurements": sizes,
        "qualitative_evaluations": evaluations,
    }
    made = _with_region(regions[0] if regions else None, common)
    made[0].ContentSequence.extend([text(own("LABEL"), finding.label or "not named"), *more])
    bare = common | {"algorithm_id": None, "measurements": None, "qualitative_evaluations": None}
    for region in regions[1:]:
        made.extend(_with_region(region, bare))
    return made


def _with_region(region: Region | None, content: dict[str, Any]) -> ContentSequence:
    if region is None:
        return sr.MeasurementsAndQualitativeEvaluations(**content)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **content)


def root(
    observer: sr.ObservationContext,
    library: Sequence[Dataset],
    groups: Sequence[ContentSequence],
    evaluations: Iterable[ContentItem],
    modality: str,
) -> ContentSequence:
    """The document (TID 1500). A report without findings has no measurements, only evaluations.

    highdicom's own `MeasurementReport` refuses that case, so the root is put together here.
    """
    top = ContainerContentItem(concept(standard("title")), template_id="1500")
    top.ContentSequence = ContentSequence()
    language = sr.CodedConcept("en-US", "RFC5646", "English (United States)")
    top.ContentSequence.extend(sr.LanguageOfContentItemAndDescendants(language))
    top.ContentSequence.extend(observer)
    procedure = standard("ct" if modality == "CT" else "procedure_any")
    top.ContentSequence.append(
        CodeContentItem(
            concept(standard("procedure")), concept(procedure), RelationshipTypeValues.HAS_CONCEPT_MOD
        )
    )
    if library:
        top.ContentSequence.extend(sr.ImageLibrary(library))
    if groups:
        items = [item for made in groups for item in made]
        top.ContentSequence.append(container(standard("measurements"), items))
    top.ContentSequence.append(container(standard("evaluations"), evaluations))
    return ContentSequence([top], is_root=True)


def library(sources: Sequence[Source], findings: Iterable[Finding]) -> list[Dataset]:
    """The images on which findings lie, each once, for the image library (which needs their geometry).

    Of mammograms all that were read, so that a report without findings names them too.
    """
    images: dict[str, Dataset] = {
        image.SOPInstanceUID: image
        for source in sources
        for image in source.images
        if image.Modality == "MG" and all(image.get(keyword) is not None for keyword in _PROJECTED)
    }
    for finding in findings:
        for where, index in source_slices(sources, finding):
            image = where.image_at(index)
            if image is not None and all(image.get(keyword) is not None for keyword in _PLACED):
                images[image.SOPInstanceUID] = image
    return list(images.values())
