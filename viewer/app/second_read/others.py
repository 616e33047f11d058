"""What programs of others found in a study: their reports and segmentations, as reads beside our models'."""

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

    from viewer.core.cad.marks import CadReport

LETTERS = "CDEFGHIJKLNOPQSTUVWXYZ"
"""Names of their marks: C1, C2 ... of the first program, D1 ... of the next; R is the reader's and M ours."""


def reads_of_others(
    study: Study, header: "Callable[[Location], Dataset]" = read_header
) -> tuple[ModelRead, ...]:
    """One read for each report of another program; one that cannot be read is failed and says why.

    A document of a reader is none, nor is one that this program wrote. Segmentations of mammograms are read
    where their program wrote no report.
    """
    from viewer.core.cad.document import SOP_CLASSES  # loads pydicom's tables: after the first image
    from viewer.core.cad.segments import SEGMENTATION

    every = [i for d in study.display_sets for i in d.instances]
    documents = [i for i in every if i.sop_class_uid in SOP_CLASSES]
    outlines = [i for i in every if i.sop_class_uid == SEGMENTATION]
    reads: list[ModelRead] = []
    for instance in documents[: len(LETTERS)]:
        read = _read(study, instance, header, LETTERS[len(reads)])
        reads += [_without_known(read, reads)] if read is not None else []
    reported = {read.model_id for read in reads if read.findings}
    for instance in outlines[: len(LETTERS) - len(reads)]:
        read = _outlined(study, instance, LETTERS[len(reads)])
        if read is not None and read.model_id not in reported:
            reads.append(_without_known(read, reads))
    return tuple(reads)


def _outlined(study: Study, instance: Instance, letter: str) -> ModelRead | None:
    """What a segmentation says of mammograms; None where it is about something else."""
    from viewer.core.cad.segments import read_segments
    from viewer.core.cad.tree import BadTree

    images = [i for d in study.display_sets if d.kind == "image" for i in d.instances]
    shapes = {i.sop_instance_uid: (i.rows, i.columns) for i in images if i.mammogram is not None}
    if not shapes:
        return None
    try:
        report = read_segments(read_header(instance.location, pixels=True), shapes)
    except (DicomError, BadTree) as error:
        return _broken(instance, str(error))
    except Exception as error:  # whatever a hostile sequence brings about inside the parser
        return _broken(instance, f"its content cannot be read ({type(error).__name__})")
    return None if report is None else _as_read(study, report, letter)


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
    from viewer.core.cad.tree import BadTree

    try:
        report = read_report(header(instance.location))
    except (DicomError, BadTree) as error:
        return _broken(instance, str(error)) if is_cad(instance.sop_class_uid) else None
    return None if report is None else _as_read(study, report, letter)


def _as_read(study: Study, report: "CadReport", letter: str) -> ModelRead:
    from viewer.core.cad.place import findings_of

    images = [d for d in study.display_sets if d.kind == "image"]
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
        document=report.sop_instance_uid,
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
