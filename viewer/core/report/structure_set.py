"""Outlines of organs as an RT Structure Set: closed contours on the slices (PS3.3 A.19)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from viewer.core.reading.finding import Finding
from viewer.core.report.document import equipment, refusing
from viewer.core.report.inert import one_line
from viewer.core.report.second_read import NoduleMask, SecondRead
from viewer.core.report.source import ReportError, Source

RT_SERIES = 9005
DETACHED_STUDY = "1.2.840.10008.3.1.2.3.1"
"""The retired class by which an RT Structure Set still refers to its study (PS3.3 C.8.8.5)."""
COLOURS = ((224, 164, 88), (94, 176, 229), (140, 198, 99), (206, 120, 176), (214, 214, 92), (230, 120, 90))
PATIENT_AND_STUDY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate"),
    *("StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "StudyDescription"),
    *("PatientIdentityRemoved", "DeidentificationMethod"),
)


def structure_set(
    where: Source, findings: Sequence[Finding], masks: Mapping[str, NoduleMask], read: SecondRead, label: str
) -> Dataset | None:
    """A region of interest for each of `findings` that has a mask, in that order; None where none has.

    masks  by tracking UID, on the grid of `where`. Slices that are missing from the series get no contour.
    Raises `ReportError`.
    """
    drawn = [
        (f, contours) for f in findings if (contours := list(_contours(where, masks.get(f.tracking_uid))))
    ]
    if not drawn:
        return None
    if not where.images[0].get("FrameOfReferenceUID"):
        raise ReportError(f"{label}: the series has no frame of reference, so no contours can be placed")
    with refusing(label):
        made = _object(where, read, label)
        made.ReferencedFrameOfReferenceSequence = Items([_frame(where, [k for _, c in drawn for k, *_ in c])])
        made.StructureSetROISequence = Items(
            [_region(n, f, where, read) for n, (f, _) in enumerate(drawn, 1)]
        )
        made.ROIContourSequence = Items([_drawn(n, c, where) for n, (_, c) in enumerate(drawn, 1)])
        made.RTROIObservationsSequence = Items([_observed(n, f) for n, (f, _) in enumerate(drawn, 1)])
    return made


Contour = tuple[int, NDArray[np.float64], bool]
"""Slice index, points (n, 3) in patient mm, whether the slice has a hole."""


def _contours(where: Source, mask: NoduleMask | None) -> Iterator[Contour]:
    """Half-way contours of every slice that is there; those of holes too."""
    from skimage.measure import find_contours  # slow to load

    geometry = where.display_set.geometry
    if mask is None or geometry is None:
        return
    k0, i0, j0 = mask.start
    for k, layer in enumerate(mask.voxels, k0):
        if not layer.any() or k not in where.places:
            continue
        found = find_contours(np.pad(layer.astype(np.float64), 1), 0.5)  # type: ignore[no-untyped-call]
        holes = any(_signed_area(points) * _signed_area(found[0]) < 0 for points in found)
        for points in found:
            rows, columns = points[:-1, 0] - 1 + i0, points[:-1, 1] - 1 + j0
            index = np.stack([np.full(len(rows), float(k)), rows, columns], axis=1)
            yield k, geometry.index_to_patient(index), holes


def _signed_area(points: NDArray[np.float64]) -> float:
    row, column = points[:, 0], points[:, 1]
    return float(np.sum(row[:-1] * column[1:] - row[1:] * column[:-1])) / 2


# --- the object


def _object(where: Source, read: SecondRead, label: str) -> Dataset:
    made, now = Dataset(), datetime.now().astimezone()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = RTStructureSetStorage, generate_uid()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.SpecificCharacterSet = "ISO_IR 192"
    for keyword in PATIENT_AND_STUDY:
        if keyword in where.images[0]:
            made[keyword] = where.images[0][keyword]
    where.name_patient(made)
    made.FrameOfReferenceUID = where.images[0].FrameOfReferenceUID
    made.PositionReferenceIndicator = ""
    made.Modality, made.SeriesInstanceUID, made.SeriesNumber = "RTSTRUCT", generate_uid(), RT_SERIES
    made.SeriesDescription, made.OperatorsName, made.InstanceNumber = one_line(label), "", 1
    own = equipment()
    made.Manufacturer, made.ManufacturerModelName = own["manufacturer"], own["manufacturer_model_name"]
    made.SoftwareVersions, made.DeviceSerialNumber = own["software_versions"], own["device_serial_number"]
    made.StructureSetLabel = one_line(read.model_id, 16)
    made.StructureSetDescription = one_line(f"{read.name}. Research software, not for planning treatment.")
    made.StructureSetDate, made.StructureSetTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    made.InstanceCreationDate, made.InstanceCreationTime = made.StructureSetDate, made.StructureSetTime
    made.ApprovalStatus = "UNAPPROVED"
    return made


def _frame(where: Source, slices: Sequence[int]) -> Dataset:
    """The frame of reference, and the images that carry a contour."""
    first = where.images[0]
    series, study, frame = Dataset(), Dataset(), Dataset()
    numbers = sorted({where.places[k][0] for k in slices})
    series.SeriesInstanceUID = first.SeriesInstanceUID
    series.ContourImageSequence = Items([_image(where.images[n], None) for n in numbers])
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = DETACHED_STUDY, first.StudyInstanceUID
    study.RTReferencedSeriesSequence = Items([series])
    frame.FrameOfReferenceUID = first.FrameOfReferenceUID
    frame.RTReferencedStudySequence = Items([study])
    return frame


def _image(image: Dataset, frame: int | None) -> Dataset:
    out = Dataset()
    out.ReferencedSOPClassUID, out.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    if frame is not None:
        out.ReferencedFrameNumber = frame
    return out


def _region(number: int, finding: Finding, where: Source, read: SecondRead) -> Dataset:
    out = Dataset()
    out.ROINumber = number
    out.ReferencedFrameOfReferenceUID = where.images[0].FrameOfReferenceUID
    out.ROIName = one_line(finding.label or finding.name)
    out.ROIDescription = one_line(f"{finding.name}, {finding.tracking_uid}")
    out.ROIGenerationAlgorithm = "AUTOMATIC"
    out.ROIGenerationDescription = one_line(f"{read.model_id} {read.version}")
    return out


def _drawn(number: int, contours: Sequence[Contour], where: Source) -> Dataset:
    out = Dataset()
    out.ReferencedROINumber = number
    out.ROIDisplayColor = list(COLOURS[(number - 1) % len(COLOURS)])
    holes = any(hole for *_, hole in contours)
    out.ContourSequence = Items([_contour(n, c, where, holes=holes) for n, c in enumerate(contours, 1)])
    return out


def _contour(number: int, contour: Contour, where: Source, *, holes: bool) -> Dataset:
    """Where one slice has a hole all contours of the region are joined by exclusive or (C.8.8.6.1)."""
    k, points, _ = contour
    image, frame = where.places[k]
    out = Dataset()
    out.ContourImageSequence = Items([_image(where.images[image], frame)])
    out.ContourGeometricType = "CLOSEDPLANAR_XOR" if holes else "CLOSED_PLANAR"
    out.NumberOfContourPoints, out.ContourNumber = len(points), number
    out.ContourData = [f"{value:.3f}" for value in points.reshape(-1)]
    return out


def _observed(number: int, finding: Finding) -> Dataset:
    out = Dataset()
    out.ObservationNumber, out.ReferencedROINumber = number, number
    out.ROIObservationLabel = one_line(finding.name, 16)
    out.RTROIInterpretedType, out.ROIInterpreter = "", ""
    return out
