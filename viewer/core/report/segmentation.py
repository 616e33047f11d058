"""Masks of findings as a DICOM Segmentation (binary), one segment a finding, under its Tracking UID."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

import highdicom as hd
import numpy as np
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from viewer.core.reading.finding import Finding
from viewer.core.report.content import concept, finding_site, finding_type
from viewer.core.report.document import equipment, name_schemes, refusing
from viewer.core.report.inert import one_line
from viewer.core.report.place import slice_on
from viewer.core.report.second_read import NoduleMask, SecondRead
from viewer.core.report.source import Source
from viewer.core.report.terms import Term, standard

SEG_SERIES = 9003


@dataclass(frozen=True, slots=True)
class _Maker:
    """What drew the segments. `kind`: AUTOMATIC, or SEMIAUTOMATIC where a reader said at which place."""

    kind: str
    name: str
    version: str
    family: Term


def nodule_seg(
    where: Source, findings: Sequence[Finding], masks: Mapping[str, NoduleMask], read: SecondRead, label: str
) -> Dataset | None:
    """A segment of the model for each of `findings` that has a mask, in that order; None where none has.

    masks   by tracking UID, on the grid of `where`
    label   what the series is called: whose findings these are
    Slices that are missing from the series get no frame. Raises `ReportError`.
    """
    name, model_version = one_line(read.model_id), one_line(read.version) or "unknown"
    maker = _Maker("AUTOMATIC", name, model_version, standard("artificial"))
    return _seg(where, findings, masks, maker, label)


def reader_seg(
    where: Source, findings: Sequence[Finding], masks: Mapping[str, NoduleMask], label: str
) -> Dataset | None:
    """Likewise of the reader's own marks: the place is the reader's, the outline is what measuring found."""
    maker = _Maker("SEMIAUTOMATIC", "Tandem nodule outline", one_line(version("tandem")), standard("edges"))
    return _seg(where, findings, masks, maker, label)


def _seg(
    where: Source, findings: Sequence[Finding], masks: Mapping[str, NoduleMask], maker: _Maker, label: str
) -> Dataset | None:
    segments = [(f, _on_slice(where, f, masks[f.tracking_uid])) for f in findings if f.tracking_uid in masks]
    segments = [(f, m) for f, m in segments if _filled(where, m)]
    if not segments:
        return None
    with refusing(label):
        made = _segmentation(where, segments, maker, label)
    where.name_patient(made)
    if "FrameOfReferenceUID" not in made:  # on a projection: it lies as its image does (PS3.3 C.7.6.1, 2C)
        made.PatientOrientation = where.images[0].get("PatientOrientation") or ""
    name_schemes(made)
    return made


def _on_slice(where: Source, finding: Finding, mask: NoduleMask) -> NoduleMask:
    """The mask of a finding on an image, on the slice that this image is of its display set."""
    index = slice_on(where.display_set, finding.places[0]) if finding.places else None
    return mask if index is None else replace(mask, start=(index, *mask.start[1:]))


def segment_numbers(made: Dataset) -> dict[str, int]:
    """Tracking UID -> segment number."""
    return {str(s.TrackingUID): int(s.SegmentNumber) for s in made.SegmentSequence}


def _segmentation(
    where: Source, segments: Sequence[tuple[Finding, NoduleMask]], maker: _Maker, label: str
) -> Segmentation:
    images, frames, count = _planes(where, sorted({k for _, m in segments for k in _filled(where, m)}))
    shape = (count, images[0].Rows, images[0].Columns)
    return Segmentation(
        source_images=[_bare(image) for image in images],
        pixel_array=_pixels([m for _, m in segments], frames, shape),
        segmentation_type="BINARY",
        segment_descriptions=[_describe(n, f, maker) for n, (f, _) in enumerate(segments, 1)],
        series_instance_uid=generate_uid(),
        series_number=SEG_SERIES,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        content_label="FINDINGS",
        content_description=one_line(label),
        series_description=one_line(label),
        specific_character_set="ISO_IR 192",
        **equipment(),
    )


def _bare(image: Dataset) -> Dataset:
    """A projection without its pixel size: it has no slice thickness, and readers ask for both or none."""
    if "PixelSpacing" not in image or "ImagePositionPatient" in image:
        return image
    out = Dataset()
    out.update({element.tag: element for element in image if element.keyword != "PixelSpacing"})
    return out


def _describe(number: int, finding: Finding, maker: _Maker) -> SegmentDescription:
    algorithm = hd.AlgorithmIdentificationSequence(maker.name, concept(maker.family), maker.version)
    return SegmentDescription(
        number,
        one_line(finding.name),
        concept(standard("abnormal")),
        concept(finding_type(finding.label)),
        maker.kind,
        algorithm,
        tracking_uid=finding.tracking_uid,
        tracking_id=one_line(finding.name),
        anatomic_regions=[concept(site)] if (site := finding_site(finding.label)) else None,
    )


def _filled(where: Source, mask: NoduleMask) -> list[int]:
    """Slices with content that are there."""
    filled = np.flatnonzero(mask.voxels.any(axis=(1, 2))) + mask.start[0]
    return [int(k) for k in filled if int(k) in where.places]


def _planes(where: Source, slices: Sequence[int]) -> tuple[list[Dataset], dict[int, int], int]:
    """Images that the segmentation is drawn on, slice index -> plane of the pixel array, number of planes.

    Single-frame images: one plane each. A multi-frame object has a plane for every frame (empty ones are
    not written); of several such objects no common segmentation can be made.
    """
    number, frame = where.places[slices[0]]
    if frame is None:
        images = [where.images[where.places[k][0]] for k in slices]
        return images, {k: n for n, k in enumerate(slices)}, len(slices)
    if any(where.places[k][0] != number for k in slices):
        raise ValueError("the findings lie in several multi-frame objects")
    image = where.images[number]
    return [image], {k: (where.places[k][1] or 1) - 1 for k in slices}, int(image.NumberOfFrames)


def _pixels(
    masks: Sequence[NoduleMask], frames: Mapping[int, int], shape: tuple[int, int, int]
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Segment numbers (plane, row, column), or 0/1 (plane, row, column, segment) where findings overlap."""
    labels = np.zeros(shape, np.uint16)
    overlap = False
    for number, mask in enumerate(masks, 1):
        for plane, rows, columns, inside in _patches(mask, frames):
            part = labels[plane, rows, columns]
            overlap |= bool(part[inside].any())
            part[inside] = number
    if not overlap:
        return labels
    layers = np.zeros((*shape, len(masks)), np.uint8)
    for number, mask in enumerate(masks):
        for plane, rows, columns, inside in _patches(mask, frames):
            layers[plane, rows, columns, number] |= inside
    return layers


def _patches(
    mask: NoduleMask, frames: Mapping[int, int]
) -> Iterator[tuple[int, slice, slice, NDArray[np.bool_]]]:
    """Plane, rows, columns and voxels of every slice of a mask that has a plane."""
    k0, i0, j0 = mask.start
    _, height, width = mask.voxels.shape
    for k, layer in enumerate(mask.voxels, k0):
        if k in frames:
            yield frames[k], slice(i0, i0 + height), slice(j0, j0 + width), layer.astype(bool)
