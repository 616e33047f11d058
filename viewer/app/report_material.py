"""What a report is made of, gathered from the desk's own types: model's reads, sources, key images."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inference.protocol import Candidate, Domain, OperatingPoint
from viewer.app.display import Mark, MarkState, ViewportState
from viewer.app.second_read.model_read import ModelRead, voxels
from viewer.app.sources import read_header
from viewer.app.stack import Stack
from viewer.app.windows import preset
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.dicom.problem import DicomError
from viewer.core.pixels.grey import Window
from viewer.core.reading.finding import Finding
from viewer.core.reading.lesions import lesion_type
from viewer.core.reading.reading import ModelRun, Reading
from viewer.core.report.cards import Card
from viewer.core.report.place import display_set_of, image_places, slices
from viewer.core.report.second_read import HeatPatch, NoduleMask, SecondRead
from viewer.core.report.source import ReportError, Source, source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LEAST_RADIUS_MM = 3.0
"""Radius of the mark of a finding that was not measured."""
_STATES = {"rejected": MarkState.REJECTED, "accepted": MarkState.ACCEPTED}


class Press(Protocol):
    """What paints key images and pages (`viewer.ui.print`)."""

    def key_image(self, stack: Stack, index: int, mark: Mark, window: Window, /) -> bytes | None:
        """PNG of a slice round a mark; None where it cannot be shown."""

    def figure(self, stack: Stack, state: ViewportState, aspect: float, /) -> bytes | None:
        """PNG of what a viewport of that shape (width / height) shows; None where there is no picture."""

    def pdf(self, blocks: Sequence[str], images: Mapping[str, bytes], title: str, foot: str, /) -> bytes:
        """Pages of the print form of a report."""


def second_read_of(read: ModelRead) -> SecondRead:
    """A model's read as the report takes it, with its masks in memory."""
    candidates = read.candidates
    masks = {uid: mask for uid, c in candidates.items() if (mask := _mask(c)) is not None}
    if read.outlines:
        masks |= {uid: mask for uid, c in candidates.items() if (mask := _image_mask(c)) is not None}
    return SecondRead(
        model_id=read.model_id,
        version=read.model_version,
        sha256=read.model_sha256,
        title=read.title,
        status=read.status,
        reason=read.reason or "",
        device=read.device,
        seconds=read.seconds,
        operating_point=read.operating_point,
        domain=read.domain,
        findings=read.findings,
        series=tuple(i.series_instance_uid for i in read.inputs if i.status == "read"),
        suggestions={uid: c.characteristics for uid, c in candidates.items() if c.characteristics},
        masks=masks,
        heats={uid: heat for uid, c in candidates.items() if (heat := _heat(c)) is not None},
        labels=read.labels,
        organs=read.organs,
        lost=frozenset(read.lost),
        unasked=frozenset(
            i.sop_instance_uid for i in read.inputs if i.sop_instance_uid and i.status != "read"
        )
        - frozenset(read.lost),
        document=read.document,
        remarks=read.remarks,
        scores=read.stated,
        measurements=read.measurements,
    )


def second_read_of_record(reading: Reading) -> tuple[SecondRead, ...]:
    """The same from the reading's own record, where the read itself is not at hand: without masks.

    Nothing where several models ran in an older record, which does not say which of them found what.
    """
    if len(reading.runs) > 1 and not any(run.findings for run in reading.runs):
        return ()
    return tuple(_recorded(reading, run) for run in reading.runs)


def _recorded(reading: Reading, run: ModelRun) -> SecondRead:
    alone = len(reading.runs) == 1
    findings = tuple(f for f in reading.model if alone or f.tracking_uid in run.findings)
    point = OperatingPoint(run.operating_point, run.threshold or 0.0, run.rate or 0.0, run.unit)
    return SecondRead(
        model_id=run.model_id,
        version=run.model_version,
        sha256=run.model_sha256,
        title=run.title,
        status=run.status,
        reason=run.reason,
        device=run.device,
        seconds=run.seconds,
        operating_point=point if run.operating_point else None,
        domain=Domain(run.domain, run.domain_score or 0.0, run.domain_reasons) if run.domain else None,
        findings=findings,
        series=tuple({series for f in findings for series in f.series}),
        document=run.document,
        remarks=run.remarks,
        scores=run.scores,
        measurements=run.measurements,
    )


def documents_of(study: Study, reads: Sequence[SecondRead]) -> "list[Dataset]":
    """The reports of other programs that were revealed, as new objects refer to them."""
    from pydicom.dataset import Dataset

    wanted = {read.document for read in reads} - {""}
    made = []
    for instance in (i for d in study.display_sets for i in d.instances if i.sop_instance_uid in wanted):
        reference = Dataset()
        reference.SOPClassUID, reference.SOPInstanceUID = instance.sop_class_uid, instance.sop_instance_uid
        reference.StudyInstanceUID = instance.study_instance_uid
        reference.SeriesInstanceUID = instance.series_instance_uid
        made.append(reference)
    return made


def sources_of(
    study: Study, findings: Sequence[Finding], reads: Sequence[SecondRead], seen: Sequence[str]
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """The display sets that a report refers to, and a sentence for each that cannot be referred to.

    seen   names under which pictures were on screen: the id of a display set, or id/plane
    Those that were read, looked at or hold a finding; all images of the study where there are none.
    """
    images = [d for d in study.display_sets if d.kind == "image" and d.instances]
    read = {series for r in reads for series in r.series}
    wanted = {d.id for f in findings if (d := display_set_of(images, f)) is not None}
    wanted |= {d.id for f in findings for d, _, _ in image_places(images, f)}
    wanted |= {d.id for d in images for name in seen if name == d.id or name.startswith(f"{d.id}/")}
    chosen = [d for d in images if d.id in wanted or d.series_instance_uid in read] or images
    made, refused = [], []
    for display_set in chosen:
        try:
            made.append(_source(display_set))
        except ReportError as error:
            refused.append(str(error))
    return tuple(made), tuple(refused)


def pictures(card: Card, study: Study, stacks: Mapping[str, Stack], press: Press) -> dict[str, bytes]:
    """The key images of a finding by the keys of the card: one slice, or every view; those at hand."""
    found = slices(study.display_sets, card.finding)
    made = {
        key: _picture(card, *place, stacks, press) for key, place in zip(card.pictures, found, strict=False)
    }
    return {key: png for key, png in made.items() if png is not None}


def _picture(
    card: Card, where: DisplaySet, index: int, stacks: Mapping[str, Stack], press: Press
) -> bytes | None:
    """A slice of a CT in the lung window, a mammogram as it hangs; None where its pixels are not at hand."""
    finding, stack = card.finding, stacks.get(where.id)
    if stack is None:
        return None
    lung = preset("CT", "Lung") if where.has_hu else None
    mark = Mark(
        name=card.name,
        tracking_uid=finding.tracking_uid,
        author=card.kind,
        state=_STATES.get(card.state, MarkState.OPEN),
        focused=True,
        series_instance_uid=finding.series_instance_uid,
        frame_of_reference_uid=finding.frame_of_reference_uid,
        center_lps_mm=finding.center_lps_mm,
        places=finding.places,
        radius_mm=max((finding.mean_diameter_mm or 0.0) / 2, _LEAST_RADIUS_MM),
        lesion=lesion_type(finding),
    )
    return press.key_image(stack, index, mark, lung or Window(0.0, 0.0))


def picture_name(number: int, card: Card, key: str) -> str:
    """File name of a key image of the card `number` of a page."""
    view = card.pictures.index(key) + 1
    name = re.sub("[^A-Za-z0-9]+", "_", card.name)
    return f"key_{number}_{name}.png" if view == 1 else f"key_{number}_{name}_{view}.png"


def display_sets_of(reading: Reading) -> tuple[str, ...]:
    """Under which names a reading's pictures were on screen, chosen and drawn on; see `sources_of`."""
    chosen = (k.shows.display_set for k in reading.key_images)
    drawn = (d.on.display_set for d in reading.distances if d.on is not None)
    return (*reading.slices_seen, *chosen, *drawn)


def _source(display_set: DisplaySet) -> Source:
    try:
        header = read_header(display_set.instances[0].location)
    except DicomError:
        header = None  # what the index kept is enough; only Study ID and referring physician are lost
    return source(display_set, header)


def _mask(candidate: Candidate) -> NoduleMask | None:
    """The mask of a candidate; None where there is none, or its file is gone."""
    if candidate.mask is None:
        return None
    try:
        return NoduleMask(np.asarray(voxels(candidate.mask), np.uint8), candidate.mask.start)
    except (OSError, ValueError):
        return None


def _image_mask(candidate: Candidate) -> NoduleMask | None:
    """The outline of a candidate on its image, as a volume of one slice; None where there is none."""
    place = next((p for p in candidate.places if p.heat is not None), None)
    if place is None or place.heat is None:
        return None
    left, top, _, _ = place.heat.box
    try:
        inside = np.load(place.heat.array.path, mmap_mode="r", allow_pickle=False) > 0
    except (OSError, ValueError):
        return None
    return NoduleMask(inside[None].astype(np.uint8), (0, round(top + 0.5), round(left + 0.5)))


def _heat(candidate: Candidate) -> HeatPatch | None:
    """The heat map of a candidate in a volume; None where there is none, or its file is gone."""
    if candidate.heat is None:
        return None
    try:
        return HeatPatch(np.asarray(voxels(candidate.heat), np.float32), candidate.heat.start)
    except (OSError, ValueError):
        return None
