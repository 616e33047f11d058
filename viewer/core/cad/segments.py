"""What a program outlined on mammograms in a segmentation: each region a mark, like those of a CAD report.

Of a projection only: there a segment lies on the pixels of its image. Organs and what a reader outlined
are no marks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from viewer.core.cad.marks import CadMark, CadReport, OnImage
from viewer.core.cad.tree import BadTree, coded, text
from viewer.core.cad.vocabulary import is_a, label_of
from viewer.core.dicom.text import is_uid
from viewer.core.report.document import MAKER
from viewer.core.report.terms import standard

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
MOST_REGIONS = 50
"""Regions of one frame that are marked; what is more scattered is no outline of lesions."""

Shapes = Mapping[str, tuple[int, int]]
"""(rows, columns) of each mammogram of the study, by SOP Instance UID."""


@dataclass(frozen=True, slots=True)
class _Segment:
    label: str
    by: str
    tracking_uid: str


def read_segments(document: Dataset, mammograms: Shapes) -> CadReport | None:
    """What a program outlined; None where that is nothing on mammograms, a reader's work, or this program's.

    Raises `BadTree` where its pixels cannot be used.
    """
    maker = text(document, "Manufacturer")
    if maker == MAKER:
        return None
    segments = dict(_lesions(document))
    frames = [f for f in _frames(document) if f[1] in mammograms and f[0] in segments]
    if not frames:
        return None
    found: dict[int, list[list[OnImage]]] = {}
    refused: list[str] = []
    for number, uid, frame, index in frames:
        mask = _mask(document, index)
        if mask.shape != mammograms[uid]:
            label = segments[number].label
            refused.append(f"An outline '{label}' of {segments[number].by} has not the matrix of its image.")
            continue
        found.setdefault(number, []).append(list(_regions(mask, uid, frame)))
    marks = [m for number, on in found.items() for m in _marks(segments[number], on)]
    model = text(document, "ManufacturerModelName")
    return CadReport(
        sop_instance_uid=text(document, "SOPInstanceUID"),
        maker=" ".join(filter(None, (maker, model))) or "another program",
        version=text(document, "SoftwareVersions"),
        status="done",
        marks=tuple(marks),
        refused=tuple(refused),
    )


def _lesions(document: Dataset) -> Iterator[tuple[int, _Segment]]:
    """The segments that a program made and that stand for lesions, by number."""
    abnormal = standard("abnormal")
    for one in document.get("SegmentSequence") or []:
        kind = coded(one, "SegmentedPropertyTypeCodeSequence")
        label = label_of(kind)
        lesion = is_a(coded(one, "SegmentedPropertyCategoryCodeSequence"), abnormal)
        if text(one, "SegmentAlgorithmType") in ("AUTOMATIC", "SEMIAUTOMATIC") and lesion and label:
            by = text(one, "SegmentAlgorithmName") or text(document, "ManufacturerModelName")
            yield int(one.SegmentNumber), _Segment(label, by or "another program", text(one, "TrackingUID"))


def _frames(document: Dataset) -> Iterator[tuple[int, str, int | None, int]]:
    """Of every frame: (segment, SOP Instance UID and frame of its image, number of it here); from 0."""
    shared = next(iter(document.get("SharedFunctionalGroupsSequence") or []), Dataset())
    for index, own in enumerate(document.get("PerFrameFunctionalGroupsSequence") or []):
        segment = _first(own, shared, "SegmentIdentificationSequence")
        derivation = _first(own, shared, "DerivationImageSequence")
        source = next(iter((derivation or Dataset()).get("SourceImageSequence") or []), None)
        if segment is None or source is None:
            continue
        frame = source.get("ReferencedFrameNumber")
        number = int(segment.ReferencedSegmentNumber)
        yield (
            number,
            text(source, "ReferencedSOPInstanceUID"),
            None if frame is None else int(frame) - 1,
            index,
        )


def _first(own: Dataset, shared: Dataset, keyword: str) -> Dataset | None:
    found: Dataset | None = next(iter(own.get(keyword) or shared.get(keyword) or []), None)
    return found


def _mask(document: Dataset, index: int) -> NDArray[np.bool_]:
    """A frame; the bits of binary ones run on from frame to frame (PS3.5 8.1.1)."""
    syntax = document.file_meta.TransferSyntaxUID
    if syntax not in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        raise BadTree(f"its pixels are compressed ({syntax.name}); uncompressed ones are read")
    rows, columns, bits = int(document.Rows), int(document.Columns), int(document.BitsAllocated)
    size, data = rows * columns, document.get("PixelData", b"")
    first = index * size * bits
    part = np.frombuffer(data, np.uint8)[first // 8 : -(-(first + size * bits) // 8)]
    if bits not in (1, 8) or 8 * len(part) < size * bits:
        raise BadTree(f"frame {index + 1} of {rows} x {columns} pixels with {bits} bits is not all there")
    if bits == 1:
        part = np.unpackbits(part, bitorder="little")[first % 8 : first % 8 + size]
        return part.reshape(rows, columns).astype(bool)
    return part.reshape(rows, columns) * 2.0 > float(document.get("MaximumFractionalValue", 255))


def _regions(mask: NDArray[np.bool_], uid: str, frame: int | None) -> Iterator[OnImage]:
    """Each connected region with its box, the largest first."""
    from scipy import ndimage  # when a segmentation is read

    numbered, _ = ndimage.label(mask, np.ones((3, 3)))
    boxes = ndimage.find_objects(numbered)
    boxes.sort(key=lambda box: -(box[0].stop - box[0].start) * (box[1].stop - box[1].start))
    for rows, columns in boxes[:MOST_REGIONS]:
        left, top, right, bottom = (columns.start, rows.start, columns.stop, rows.stop)
        edges = (left - 0.5, top - 0.5, right - 0.5, bottom - 0.5)
        middle = ((edges[0] + edges[2]) / 2, (edges[1] + edges[3]) / 2)
        yield OnImage(uid, frame, *middle, box=edges)


def _marks(segment: _Segment, on: list[list[OnImage]]) -> Iterator[CadMark]:
    """One lesion on several views where each holds one region of the segment, else every region by itself."""
    single = all(len(regions) <= 1 for regions in on)
    groups = [tuple(r for regions in on for r in regions)] if single else [(r,) for rs in on for r in rs]
    known = segment.tracking_uid if single and is_uid(segment.tracking_uid) else ""
    for places in groups:
        if places:
            yield CadMark(label=segment.label, places=places, by=segment.by, tracking_uid=known)
