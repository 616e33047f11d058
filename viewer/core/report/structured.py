"""The pair of structured reports, model's and reader's, joined by Tracking UIDs."""

import uuid
from collections.abc import Iterable, Sequence

from highdicom.sr.value_types import ContentSequence
from pydicom.dataset import Dataset

from viewer.core.reading.reading import Reading, Stage
from viewer.core.report import content, statements
from viewer.core.report.document import Signature, comprehensive_3d, refusing
from viewer.core.report.groups import judged_group, model_group, own_group
from viewer.core.report.inert import one_line
from viewer.core.report.measured import axes_group, measurement_group, model_measurements
from viewer.core.report.second_read import SecondRead
from viewer.core.report.selection import accepted, judged, reported, separate
from viewer.core.report.source import Source

MODEL_SERIES, READER_SERIES = 9001, 9002
"""Series numbers: what was written about the images stands at the end of a list of series."""

_NAMESPACE = uuid.UUID("7f0e2f5e-6f0c-5d43-9a50-1f6a3f2a7c11")


def model_sr(sources: Sequence[Source], read: SecondRead, also: Iterable[str] = ()) -> Dataset:
    """What a model found, unverified and preliminary: one group per finding above the operating point.

    also   tracking UIDs of findings below it that are reported nevertheless (the reader judged them)
    Written for a read without findings and for one that did not run, too: it says which.
    Raises `ReportError`.
    """
    wanted = set(also)
    findings = [f for f in read.findings if f.above_operating_point or f.tracking_uid in wanted]
    title = "Second reader: findings of the model"
    with refusing(title):
        tree = content.root(
            content.device(
                device_uid(read),
                f"Second reader {one_line(read.model_id, 40)}",
                one_line(read.name),
                one_line(read.sha256)[:16] or "none",
            ),
            content.library(sources, findings),
            [*(model_group(sources, read, f) for f in findings), *model_measurements(sources, read)],
            statements.of_model(read, len(findings), [s.display_set for s in sources]),
            _modality(sources),
        )
    return comprehensive_3d(
        sources, tree, series_number=MODEL_SERIES, description=title, complete=read.status == "done"
    )


def reader_sr(
    sources: Sequence[Source],
    reading: Reading,
    reads: Sequence[SecondRead] = (),
    models: Sequence[Dataset] = (),
    previous: Sequence[Dataset] = (),
) -> Dataset:
    """What the reader says: decisions on the model's findings, own ones, measurements, impression, category.

    reads     the model's reads as revealed; models: their structured reports
    previous  earlier versions of this report (Predecessor Documents): an amendment names what it corrects
    Completed, final and verified once the reading is signed; a draft before. Raises `ReportError`.
    """
    signed = reading.stage is Stage.SIGNED
    title = "Reader's report" if signed else "Reader's report, draft"
    masks = {uid: mask for read in reads for uid, mask in read.masks.items()}
    of_model = judged(reading)
    with refusing(title):
        groups = [judged_group(sources, reading, f, masks.get(f.tracking_uid)) for f in of_model]
        groups += [own_group(sources, reading, f) for f in separate(reading)]
        groups += _measured(sources, reading)
        tree = content.root(
            content.person(reading.reader.name),
            content.library(sources, [*of_model, *reading.own]),
            groups,
            statements.of_reader(reading, reads, [s.display_set for s in sources]),
            _modality(sources),
        )
    return comprehensive_3d(
        sources,
        tree,
        series_number=READER_SERIES,
        description=title,
        complete=signed,
        signature=Signature(reading.reader.name, reading.signed_at) if signed else None,
        others=models,
        previous=previous,
    )


def _measured(sources: Sequence[Source], reading: Reading) -> list[ContentSequence]:
    """The lines that the reader drew: axes of findings, distances, bidirectional measurements."""
    kept = [reported(reading, f) for f in accepted(reading)]
    mine = [f for f in kept if f not in reading.model] + separate(reading)
    groups = [axes_group(f) for f in mine]
    groups += [measurement_group(sources, reading, n, d) for n, d in enumerate(reading.distances, 1)]
    return [group for group in groups if group is not None]


def device_uid(read: SecondRead) -> str:
    """One UID per model, version and weights: the same model is the same device in every report."""
    key = f"{read.model_id}/{read.version}/{read.sha256}"
    return f"2.25.{uuid.uuid5(_NAMESPACE, key).int}"


def _modality(sources: Sequence[Source]) -> str:
    return str(sources[0].images[0].Modality) if sources else ""
