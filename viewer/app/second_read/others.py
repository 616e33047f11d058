"""What programs of others found in a study: their structured reports, as reads beside those of our models."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.app.second_read.model_read import ModelRead, SeriesInput
from viewer.app.sources import read_header
from viewer.core.dicom.display_set import Study
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.problem import DicomError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LETTERS = "CDEFGHIJKLNOPQSTUVWXYZ"
"""Names of their marks: C1, C2 ... of the first program, D1 ... of the next; R is the reader's and M ours."""


def reads_of_others(
    study: Study, header: "Callable[[Location], Dataset]" = read_header
) -> tuple[ModelRead, ...]:
    """One read for each report of another program; one that cannot be read is failed and says why.

    A document of a reader is none, nor is one that this program wrote.
    """
    from viewer.core.cad.document import SOP_CLASSES  # loads pydicom's tables: after the first image

    documents = [i for d in study.display_sets for i in d.instances if i.sop_class_uid in SOP_CLASSES]
    reads: list[ModelRead] = []
    for instance in documents[: len(LETTERS)]:
        read = _read(study, instance, header, LETTERS[len(reads)])
        reads += [_without_known(read, reads)] if read is not None else []
    return tuple(reads)


def _without_known(read: ModelRead, before: Sequence[ModelRead]) -> ModelRead:
    """A finding that an earlier report holds under the same Tracking UID is not listed twice."""
    known = {f.tracking_uid for earlier in before for f in earlier.findings}
    twice = [f.name for f in read.findings if f.tracking_uid in known]
    if not twice:
        return read
    told = f"{', '.join(twice)} of {read.name}: already in another report of this study."
    kept = tuple(f for f in read.findings if f.tracking_uid not in known)
    return replace(read, findings=kept, remarks=(*read.remarks, told))


def _read(
    study: Study, instance: Instance, header: "Callable[[Location], Dataset]", letter: str
) -> ModelRead | None:
    from viewer.core.cad.document import is_cad, read_report
    from viewer.core.cad.place import findings_of
    from viewer.core.cad.tree import BadTree

    images = [d for d in study.display_sets if d.kind == "image"]
    try:
        report = read_report(header(instance.location))
    except (DicomError, BadTree) as error:
        return _broken(instance, str(error)) if is_cad(instance.sop_class_uid) else None
    if report is None:
        return None
    findings, told = findings_of(report, images, letter)
    return ModelRead(
        model_id=report.maker,
        model_version=report.version,
        model_sha256="",
        title=report.maker,
        status=report.status,
        reason=None if report.status == "done" else "its own report says so",
        inputs=tuple(SeriesInput(uid, "read") for uid in sorted({s for f in findings for s in f.series})),
        findings=findings,
        document=instance.sop_instance_uid,
        remarks=told,
    )


def _broken(instance: Instance, why: str) -> ModelRead:
    maker = f"{instance.manufacturer} {instance.model_name}".strip() or "another program"
    return ModelRead(
        model_id=maker,
        model_version="",
        model_sha256="",
        title=maker,
        status="failed",
        reason=f"its report cannot be used: {why}",
        document=instance.sop_instance_uid,
    )
