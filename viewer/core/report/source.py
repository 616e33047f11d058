"""The series that a report speaks of, as headers clean enough to be quoted in new objects. Reads no files."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.uid import UID

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.reading.finding import Finding
from viewer.core.report.inert import one_line, person_name
from viewer.core.report.place import display_set_of, slices


class ReportError(Exception):
    """An object that cannot be written: one sentence that says which and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """One display set as new objects refer to it.

    images  one header an object, in slice order; patient, study and image attributes only. A name of a
            single component ends in a caret there (highdicom asks for it); `patient_name` is the images' own
    places  slice index -> (index into `images`, frame number from 1, or None for a single-frame object)
    """

    display_set: DisplaySet
    images: tuple[Dataset, ...]
    places: dict[int, tuple[int, int | None]]
    patient_name: str

    def image_at(self, slice_index: int) -> Dataset | None:
        """The object that holds a slice; None where the slice is missing."""
        place = self.places.get(slice_index)
        return None if place is None else self.images[place[0]]

    def name_patient(self, made: Dataset) -> None:
        """Give an object the images' own name; in an element of its own, for it shares those of `images`."""
        made.add_new("PatientName", "PN", self.patient_name)

    def frames_at(self, slice_index: int) -> list[int] | None:
        """Frame numbers of a slice as references give them; None in an object of one frame."""
        place = self.places.get(slice_index)
        return None if place is None or place[1] is None else [place[1]]


def source(display_set: DisplaySet, header: Dataset | None = None) -> Source:
    """What objects need of a display set; raises `ReportError` where an identifier is not usable.

    header   any full header of the study, for what `Instance` does not keep (Study ID, referring physician)
    """
    grouped: dict[str, list[tuple[int, Instance]]] = {}
    slots = display_set.slots or range(len(display_set.instances))
    for slot, instance in zip(slots, display_set.instances, strict=True):
        grouped.setdefault(instance.sop_instance_uid, []).append((slot, instance))
    images: list[Dataset] = []
    places: dict[int, tuple[int, int | None]] = {}
    for number, members in enumerate(grouped.values()):
        images.append(_header([i for _, i in members], header))
        places |= {slot: (number, i.frame + 1 if i.frames > 1 else None) for slot, i in members}
    name = one_line(display_set.instances[0].patient_name, 194)
    return Source(display_set, tuple(images), places, name)


def find_source(sources: Sequence[Source], finding: Finding) -> Source | None:
    """The source in which a finding lies."""
    where = display_set_of([s.display_set for s in sources], finding)
    return next((s for s in sources if where is not None and s.display_set.id == where.id), None)


def source_slices(sources: Sequence[Source], finding: Finding) -> list[tuple[Source, int]]:
    """The images on which a finding lies, as (source, slice index)."""
    by_id = {s.display_set.id: s for s in sources}
    return [(by_id[d.id], k) for d, k in slices([s.display_set for s in sources], finding)]


def valid_uid(value: str) -> bool:
    """True for a UID that may stand in a new object (PS3.5 9.1)."""
    return bool(UID(value, IGNORE).is_valid)


def _header(frames: Sequence[Instance], study: Dataset | None) -> Dataset:
    first = frames[0]
    out = Dataset()
    _identify(out, first)
    _describe_patient_and_study(out, first, study)
    _describe_image(out, first)
    if first.frames > 1:
        _describe_frames(out, frames)
    else:
        _place(out, first)
    return out


def _identify(out: Dataset, instance: Instance) -> None:
    for keyword, name, value in (
        ("SOPClassUID", "SOP Class UID (0008,0016)", instance.sop_class_uid),
        ("SOPInstanceUID", "SOP Instance UID (0008,0018)", instance.sop_instance_uid),
        ("StudyInstanceUID", "Study Instance UID (0020,000d)", instance.study_instance_uid),
        ("SeriesInstanceUID", "Series Instance UID (0020,000e)", instance.series_instance_uid),
    ):
        if not valid_uid(value):
            raise ReportError(
                f"{instance.location}: {name} is {one_line(value)!r}, allowed are at most 64 digits "
                "and dots; no DICOM object can refer to this image, so only the readable report is written"
            )
        setattr(out, keyword, value)
    if valid_uid(instance.frame_of_reference_uid):
        out.FrameOfReferenceUID = instance.frame_of_reference_uid
        out.PositionReferenceIndicator = ""


def _describe_patient_and_study(out: Dataset, instance: Instance, study: Dataset | None) -> None:
    out.SpecificCharacterSet = "ISO_IR 192"
    out.PatientID = one_line(instance.patient_id)
    out.PatientName = person_name(instance.patient_name)
    out.PatientBirthDate = _date(instance.birth_date)
    out.PatientSex = instance.sex if instance.sex in ("M", "F", "O") else ""
    out.StudyDate = _date(instance.study_date)
    out.StudyTime = _time(instance.study_time)
    out.AccessionNumber = one_line(instance.accession_number, 16)
    out.StudyID, out.ReferringPhysicianName = "", ""
    if instance.study_description:
        out.StudyDescription = one_line(instance.study_description)
    if study is not None:
        _add_from_header(out, study)


def _add_from_header(out: Dataset, header: Dataset) -> None:
    """What `Instance` does not keep of patient and study."""
    out.StudyID = one_line(str(header.get("StudyID") or ""), 16)
    out.ReferringPhysicianName = person_name(str(header.get("ReferringPhysicianName") or ""))
    if issuer := one_line(str(header.get("IssuerOfPatientID") or "")):
        out.IssuerOfPatientID = issuer
    if header.get("PatientIdentityRemoved") == "YES" and (method := header.get("DeidentificationMethod")):
        out.PatientIdentityRemoved = "YES"
        methods = [method] if isinstance(method, str) else method
        out.DeidentificationMethod = [one_line(str(m)) for m in methods]


def _describe_image(out: Dataset, instance: Instance) -> None:
    out.Modality = one_line(instance.modality, 16)
    out.Rows, out.Columns = instance.rows, instance.columns
    out.SamplesPerPixel = instance.samples
    out.PhotometricInterpretation = instance.photometric
    out.BitsAllocated, out.BitsStored = instance.bits_allocated, instance.bits_stored
    out.HighBit, out.PixelRepresentation = instance.high_bit, int(instance.signed)
    out.LossyImageCompression = "01" if instance.lossy else "00"
    if instance.lossy:
        out.LossyImageCompressionRatio = [instance.lossy_ratio or 1.0]
        out.LossyImageCompressionMethod = [_lossy_method(instance.transfer_syntax_uid)]


def _lossy_method(transfer_syntax_uid: str) -> str:
    """Defined term of (0028,2114) for a transfer syntax; a lossy past of another kind mostly was JPEG."""
    if transfer_syntax_uid.startswith(("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")):
        return "ISO_15444_1"
    return "ISO_14495_1" if transfer_syntax_uid.endswith(".4.81") else "ISO_10918_1"


def _place(out: Dataset, instance: Instance) -> None:
    if instance.position_mm is not None and instance.orientation is not None:
        out.ImagePositionPatient = _decimals(instance.position_mm)
        out.ImageOrientationPatient = _decimals(instance.orientation)
    elif len(instance.patient_orientation) == 2:
        out.PatientOrientation = list(instance.patient_orientation)
        if instance.spacing_mm is not None:
            out.ImagerPixelSpacing = _decimals(instance.spacing_mm)
    if instance.spacing_mm is not None:
        out.PixelSpacing = _decimals(instance.spacing_mm)
    out.SliceThickness = _decimals([instance.slice_thickness_mm or 0.0])[0] or None


def _describe_frames(out: Dataset, frames: Sequence[Instance]) -> None:
    """Functional groups of a multi-frame object with no more than where its frames lie.

    Frames that belong to another display set stand at the place of the first: nothing refers to them.
    """
    out.NumberOfFrames = frames[0].frames
    places = {i.frame: _placed(i) for i in frames}
    first = next(iter(places.values()))
    shared = Dataset()
    shared.PixelMeasuresSequence = [_only(first, "PixelSpacing", "SliceThickness")]
    shared.PlaneOrientationSequence = [_only(first, "ImageOrientationPatient")]
    out.SharedFunctionalGroupsSequence = [shared]
    out.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(frames[0].frames)]
    for number, group in enumerate(out.PerFrameFunctionalGroupsSequence):
        group.PlanePositionSequence = [_only(places.get(number, first), "ImagePositionPatient")]


def _placed(instance: Instance) -> Dataset:
    out = Dataset()
    _place(out, instance)
    return out


def _only(dataset: Dataset, *keywords: str) -> Dataset:
    out = Dataset()
    for keyword in keywords:
        if keyword in dataset:
            out[keyword] = dataset[keyword]
    return out


def _decimals(values: Iterable[float]) -> list[float]:
    """Rounded so that each fits the 16 characters of a decimal string."""
    return [float(f"{v:.9g}") for v in values]


def _date(value: str) -> str:
    """A date as DICOM writes it, "" where it is none (the real scanner's 00000000)."""
    digits = value.strip().replace(".", "")
    try:
        return datetime.strptime(digits, "%Y%m%d").strftime("%Y%m%d") if len(digits) == 8 else ""
    except ValueError:
        return ""


def _time(value: str) -> str:
    match = re.fullmatch(r"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d)(?:\.\d{1,6})?)?)?", value.strip())
    return "" if match is None else "".join(part or "" for part in match.groups())
