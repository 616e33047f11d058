"""A content tree becomes a Comprehensive 3D SR object. What is in the tree is not known here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from highdicom import sr
from highdicom.sr.value_types import ContentSequence
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from viewer.core.report.content import dicom_time, zone
from viewer.core.report.inert import one_line, person_name
from viewer.core.report.source import ReportError, Source
from viewer.core.report.terms import scheme

MAKER = "Tandem"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who vouches for a report, and since when (ISO 8601, UTC)."""

    name: str
    at: str


def comprehensive_3d(
    sources: Sequence[Source],
    content: ContentSequence,
    *,
    series_number: int,
    description: str,
    complete: bool,
    signature: Signature | None = None,
    others: Sequence[Dataset] = (),
    previous: Sequence[Dataset] = (),
) -> Dataset:
    """The object, with every image of `sources` and `others` as evidence; raises `ReportError`.

    others    objects of the same study that the report builds on
    previous  earlier versions of this very report
    """
    if not sources:
        raise ReportError(f"{description}: no image of the study can be referred to, so no object is written")
    verified = _verified(signature) if signature else {}
    with refusing(description):
        made = sr.Comprehensive3DSR(
            evidence=[*(image for s in sources for image in s.images), *others],
            content=content[0],
            series_instance_uid=generate_uid(),
            series_number=series_number,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            is_complete=complete,
            is_final=signature is not None,
            previous_versions=list(previous) or None,
            specific_character_set="ISO_IR 192",
            series_description=description,
            **equipment(),
            **verified,
        )
    if signature and (stamp := dicom_time(signature.at)):
        made.VerifyingObserverSequence[0].VerificationDateTime = stamp
    made.TimezoneOffsetFromUTC = datetime.now(zone()).strftime("%z")
    name_schemes(made)
    sources[0].name_patient(made)
    return made


def _verified(signature: Signature) -> dict[str, Any]:
    return {
        "is_verified": True,
        "verifying_observer_name": person_name(signature.name) or "Unknown^",
        "verifying_organization": "Not stated",
    }


def equipment() -> dict[str, Any]:
    """The general equipment of everything that is written."""
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": "Tandem research viewer",
        "software_versions": one_line(version("tandem")),
        "device_serial_number": "not assigned",
    }


def name_schemes(made: Dataset) -> None:
    """Say who answers for the private codes (PS3.3 C.12.1.1.2)."""
    item, own = Dataset(), scheme()
    item.CodingSchemeDesignator = own.designator
    item.CodingSchemeName = own.name
    item.CodingSchemeResponsibleOrganization = own.organisation
    others = [
        i
        for i in made.get("CodingSchemeIdentificationSequence", [])
        if i.CodingSchemeDesignator != own.designator
    ]
    made.CodingSchemeIdentificationSequence = [*others, item]


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn what highdicom raises on attributes that it cannot use into one sentence."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        said = one_line(f"{type(error).__name__}: {error}", 200)
        raise ReportError(
            f"{what}: the images lack what the object needs ({said}); it is not written"
        ) from error
