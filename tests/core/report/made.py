"""A small CT, findings in it and a reading of it, made for the tests of the report."""

import numpy as np
from pydicom.data import get_testdata_file
from pydicom.filereader import dcmread

from inference.protocol import Characteristic, Domain, OperatingPoint
from tests.core.hanging.exams import FOUR
from viewer.core.dicom.display_set import DisplaySet, Patient, Series, Study
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.pixels.grey import Window
from viewer.core.reading import birads
from viewer.core.reading.description import Description
from viewer.core.reading.finding import Author, Finding, ImagePlace
from viewer.core.reading.pictures import KeyImage, Shown, Snapshot
from viewer.core.reading.reading import (
    Assessment,
    Category,
    Distance,
    Judgement,
    Reader,
    Reading,
    Stage,
    Verdict,
)
from viewer.core.report.second_read import NoduleMask, SecondRead

STUDY, SERIES, FRAME = "1.2.3.10", "1.2.3.10.1", "1.2.3.10.9"
SHA = "9f" * 32


def instance(k: int, **changes) -> Instance:
    values = {
        "location": Location("file", f"/ct/{k:03}.dcm"),
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "sop_instance_uid": f"{SERIES}.{k + 1}",
        "series_instance_uid": SERIES,
        "study_instance_uid": STUDY,
        "frame_of_reference_uid": FRAME,
        "patient_id": "P1",
        "patient_name": "Doe^Jane",
        "birth_date": "19600229",
        "sex": "F",
        "study_date": "20260102",
        "study_time": "101500",
        "study_description": "CT chest, low-dose screening",
        "modality": "CT",
        "rows": 64,
        "columns": 64,
        "slice_thickness_mm": 2.0,
        "position_mm": (-30.0, -30.0, 2.0 * k),
        "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "spacing_mm": (0.8, 0.8),
    }
    return Instance(**(values | changes))


def display_set(missing: tuple[int, ...] = (), **changes) -> DisplaySet:
    """12 slices of 2 mm, 64 x 64 pixels of 0.8 mm; `missing` ones are left out."""
    slots = tuple(k for k in range(12) if k not in missing)
    geometry = Geometry(
        (-30.0, -30.0, 0.0),
        (0.0, 0.0, 1.0),
        (0.0, 1.0, 0.0),
        (1.0, 0.0, 0.0),
        (2.0, 0.8, 0.8),
        (12, 64, 64),
        FRAME,
    )
    return DisplaySet(
        id="set",
        series_instance_uid=SERIES,
        study_instance_uid=STUDY,
        title="Lung 2 mm",
        modality="CT",
        instances=tuple(instance(k, **changes) for k in slots),
        slots=slots,
        count=12,
        geometry=geometry,
        missing=missing,
    )


def ct_small() -> DisplaySet:
    """pydicom's own CT slice, as far as the report needs it."""
    ds = dcmread(get_testdata_file("CT_small.dcm", download=False), stop_before_pixels=True)
    iop = tuple(float(v) for v in ds.ImageOrientationPatient)
    one = instance(
        0,
        sop_instance_uid=str(ds.SOPInstanceUID),
        series_instance_uid=str(ds.SeriesInstanceUID),
        study_instance_uid=str(ds.StudyInstanceUID),
        frame_of_reference_uid=str(ds.FrameOfReferenceUID),
        patient_id=str(ds.PatientID),
        patient_name=str(ds.PatientName),
        birth_date=str(ds.PatientBirthDate),
        sex=str(ds.PatientSex),
        rows=128,
        columns=128,
        position_mm=tuple(float(v) for v in ds.ImagePositionPatient),
        orientation=iop,
        spacing_mm=tuple(float(v) for v in ds.PixelSpacing),
        slice_thickness_mm=float(ds.SliceThickness),
    )
    geometry = Geometry(
        one.position_mm,
        (0.0, 0.0, 1.0),
        iop[3:],
        iop[:3],
        (5.0, *one.spacing_mm),
        (1, 128, 128),
        one.frame_of_reference_uid,
    )
    return DisplaySet(
        id="ct_small",
        series_instance_uid=one.series_instance_uid,
        study_instance_uid=one.study_instance_uid,
        title="CT_small",
        modality="CT",
        instances=(one,),
        slots=(0,),
        count=1,
        geometry=geometry,
    )


MG = "1.2.3.20"


def mammograms() -> tuple[DisplaySet, ...]:
    """Four views of 400 x 300 pixels of 0.1 mm at the detector, one series each; no place in the patient."""
    return tuple(_mammogram(n, side, view) for n, (side, view) in enumerate(FOUR, 1))


def _mammogram(number: int, side: str, view: str) -> DisplaySet:
    medial = "L" if side == "R" else "R"
    one = instance(
        0,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.2",
        sop_instance_uid=f"{MG}.{number}.1",
        series_instance_uid=f"{MG}.{number}",
        study_instance_uid=MG,
        frame_of_reference_uid="",
        study_description="Screening mammography",
        modality="MG",
        rows=400,
        columns=300,
        slice_thickness_mm=None,
        position_mm=None,
        orientation=None,
        spacing_mm=(0.1, 0.1),
        spacing_source="imager",
        patient_orientation=("P" if side == "R" else "A", medial if view == "CC" else f"F{medial}"),
        mammogram=Mammogram(side=side, view=view),
    )
    return DisplaySet(
        id=f"mg{number}",
        series_instance_uid=one.series_instance_uid,
        study_instance_uid=MG,
        title=f"{side} {view}",
        modality="MG",
        instances=(one,),
        slots=(0,),
        count=1,
    )


def in_view(number: int, column: float, row: float, box=None) -> ImagePlace:
    """A place on one of the four views."""
    return ImagePlace(
        sop_instance_uid=f"{MG}.{number}.1",
        series_instance_uid=f"{MG}.{number}",
        column=column,
        row=row,
        box=box,
    )


def on_views(name: str, *places: ImagePlace, **changes) -> Finding:
    """A finding on mammograms."""
    flat = {"series_instance_uid": "", "frame_of_reference_uid": "", "center_lps_mm": None, "label": "mass"}
    bare = {"long_axis": None, "short_axis": None, "volume_mm3": None}
    return finding(name, **(flat | bare | {"places": places} | changes))


def finding(name: str, center=(0.0, 0.0, 10.0), size: float = 8.0, **changes) -> Finding:
    x, y, z = center
    reader = name.startswith("R")
    values = {
        "name": name,
        "tracking_uid": f"2.25.{ord(name[0])}{name[1:]}",
        "author": Author.READER if reader else Author.MODEL,
        "label": "Solid nodule" if reader else "lung nodule",
        "series_instance_uid": SERIES,
        "frame_of_reference_uid": FRAME,
        "center_lps_mm": center,
        "long_axis": ((x - size / 2, y, z), (x + size / 2, y, z)),
        "short_axis": ((x, y - size / 2.5, z), (x, y + size / 2.5, z)),
        "volume_mm3": 0.4 * size**3,
    }
    if not reader:
        values |= {"probability": 0.87, "score": 2.31}
    return Finding(**(values | changes))


MASS = on_views(
    "R1",
    in_view(1, 99.0, 199.0, (89.5, 189.5, 109.5, 209.5)),
    in_view(3, 120.0, 150.0),
    laterality="R",
    note="felt by the patient",
    description=Description(
        answers=(
            ("kind", ("mass",)),
            ("shape", ("irregular",)),
            ("margin", ("spiculated",)),
            ("associated", ("skin_retraction", "nipple_retraction")),
            ("region", ("upper_outer",)),
            ("clock", ("10",)),
            ("depth", ("middle",)),
        ),
        nipple_mm=43.4,
        nipple_in="CC",
    ),
)
SPECKS = on_views(
    "R2",
    in_view(2, 80.0, 120.0),
    laterality="L",
    label="calcifications",
    description=Description(
        answers=(
            ("kind", ("calcifications",)),
            ("morphology", ("amorphous", "fine_pleomorphic")),
            ("distribution", ("grouped",)),
            ("depth", ("posterior",)),
        ),
        computed=("depth",),
    ),
)
OF_MODEL = on_views(
    "M1",
    in_view(1, 101.0, 197.0, (85.5, 180.5, 115.5, 214.5)),
    in_view(3, 118.0, 155.0, (100.5, 140.5, 135.5, 170.5)),
    laterality="R",
)
ONE_SIDED = on_views("M2", in_view(4, 60.0, 90.0, (50.5, 80.5, 69.5, 99.5)), laterality="L", probability=0.3)


def breast_read(**changes) -> SecondRead:
    """A model's read of the four views: two masks."""
    values = {
        "model_id": "mg_lesion",
        "title": "Mammographic lesions",
        "findings": (OF_MODEL, ONE_SIDED),
        "series": tuple(f"{MG}.{n}" for n in (1, 2, 3, 4)),
        "suggestions": {OF_MODEL.tracking_uid: {"margin": Characteristic("spiculated", 0.61)}},
        "masks": {},
    }
    return second_read(mammograms()[0], **(values | changes))


def breast_reading(**changes) -> Reading:
    """Signed: the right mass seen by both, calcifications in the left by the reader alone; M2 rejected."""
    said = Assessment(density="b", categories={"R": "4B", "L": "3"}, recall="yes")
    values = {
        "study_instance_uid": MG,
        "scheme": birads.scheme(),
        "own": (MASS, SPECKS),
        "unaided": (MASS, SPECKS),
        "model": (OF_MODEL, ONE_SIDED),
        "judgements": {
            OF_MODEL.tracking_uid: Judgement(Verdict.ACCEPTED, at="2026-01-02T10:44:10Z"),
            ONE_SIDED.tracking_uid: Judgement(Verdict.REJECTED, "normal_anatomy", at="2026-01-02T10:44:30Z"),
        },
        "joined": {OF_MODEL.tracking_uid: MASS.tracking_uid},
        "impression": "Suspicious mass on the right.",
        "assessment": said,
        "unaided_assessment": Assessment(density="b", categories={"R": "4A", "L": "3"}, recall="yes"),
        "category": birads.category(said),
        "unaided_category": None,
        "signed_without": (),
    }
    return reading(**(values | changes))


def breast_study(**changes) -> Study:
    """The four views as a study."""
    sets = mammograms()
    series = tuple(
        Series(
            series_instance_uid=d.series_instance_uid,
            study_instance_uid=MG,
            number=n,
            description=d.title,
            modality="MG",
            display_sets=(d,),
        )
        for n, d in enumerate(sets, 1)
    )
    values = {
        "study_instance_uid": MG,
        "patient": Patient("P1", "P1", "Doe^Jane", "19600229", "F"),
        "date": "20260102",
        "time": "101500",
        "description": "Screening mammography",
        "accession_number": "",
        "series": series,
    }
    return Study(**(values | changes))


def ball(where: DisplaySet, center, radius_mm: float) -> NoduleMask:
    """A ball of voxels on the grid of a display set."""
    grid = where.geometry
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    inside = np.linalg.norm(grid.index_to_patient(index) - np.array(center), axis=-1) <= radius_mm
    places = np.argwhere(inside)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    part = inside[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    return NoduleMask(part.astype(np.uint8), tuple(int(v) for v in low))


M1, M2, M3, M4 = (
    finding("M1", (0.0, 0.0, 10.0), 8.0),
    finding("M2", (9.0, 5.0, 4.0), 5.2, probability=0.31),
    finding("M3", (-12.0, -9.0, 16.0), 6.1, probability=0.55),
    finding("M4", (-15.0, 9.0, 6.0), 4.0, probability=0.05, above_operating_point=False),
)
R1, R2 = (
    finding("R1", (0.5, 0.0, 10.0), 8.4, note="smooth margin"),
    finding("R2", (15.0, -15.0, 8.0), 18.0, label="Scar"),
)


LUNG = Window(-600.0, 1400.0, "Lung")


def shown(k: int, **changes) -> Shown:
    """The image of a slice, in the lung window."""
    values = {
        "display_set": "set",
        "series_instance_uid": SERIES,
        "sop_instance_uid": f"{SERIES}.{k + 1}",
        "window": LUNG,
    }
    return Shown(**(values | changes))


CORONAL = shown(
    0, plane="coronal", sop_instance_uid="", point_lps_mm=(0.0, -5.2, 10.0), window=Window(40.0, 400.0)
)
K1, K2 = KeyImage(key="k1", shows=shown(5)), KeyImage(key="k2", shows=shown(2, invert=True))
S1 = Snapshot(
    key="s1", shows=shown(5), zoom=2.5, pan=(4.0, -3.0), aspect=1.5, marks=("2.25.821",), measures=("d1",)
)
S2 = Snapshot(key="s2", shows=CORONAL, aspect=0.8, marks=("2.25.771",), revealed=True)
D1 = Distance(
    key="d1",
    axis=((0.0, 0.0, 10.0), (3.0, 4.0, 10.0)),
    series_instance_uid=SERIES,
    on=shown(5),
    finding="2.25.821",
)
D2 = Distance(
    key="d2",
    axis=((-12.0, -9.0, 8.0), (-4.0, -9.0, 8.0)),
    short_axis=((-8.0, -12.0, 8.0), (-8.0, -6.0, 8.0)),
    bidirectional=True,
    series_instance_uid=SERIES,
    on=shown(4),
)
D3 = Distance(key="d3", axis=((0.0, -5.2, 6.0), (0.0, -5.2, 14.0)), series_instance_uid=SERIES, on=CORONAL)
PICTURED = {"key_images": (K1, K2), "snapshots": (S1, S2), "distances": (D1, D2, D3)}
"""What a reader drew and chose, as changes of `reading`."""


def second_read(where: DisplaySet, **changes) -> SecondRead:
    values = {
        "model_id": "ct_lung_nodule",
        "version": "1.0.0",
        "sha256": SHA,
        "title": "CT lung nodule",
        "status": "done",
        "device": "cpu",
        "seconds": 12.3,
        "operating_point": OperatingPoint("balanced", 0.2, 1.0, "false marks per litre"),
        "domain": Domain("near", 3.2, ("kernel FC51 was not among the training data",)),
        "findings": (M1, M3, M2, M4),
        "series": (where.series_instance_uid,),
        "suggestions": {M1.tracking_uid: {"texture": Characteristic("solid", 0.93)}},
    }
    if "masks" not in changes:
        balls = {f.tracking_uid: ball(where, f.center_lps_mm, f.mean_diameter_mm / 2) for f in (M1, M2, M3)}
        values["masks"] = balls
    return SecondRead(**(values | changes))


def reading(**changes) -> Reading:
    """Signed: M1 accepted (joined with R1), M3 rejected, M2 left undecided; R2 is the reader's alone."""
    values = {
        "reading_id": "reading-1",
        "study_instance_uid": STUDY,
        "reader": Reader("A. Example, MD", "12 years"),
        "stage": Stage.SIGNED,
        "own": (R1, R2),
        "unaided": (R1, R2),
        "model": (M1, M3, M2, M4),
        "judgements": {
            M1.tracking_uid: Judgement(Verdict.ACCEPTED, at="2026-01-02T10:44:10.250Z"),
            M3.tracking_uid: Judgement(
                Verdict.REJECTED, "normal_anatomy", "crossing vessel", "2026-01-02T10:44:30Z"
            ),
        },
        "joined": {M1.tracking_uid: R1.tracking_uid},
        "impression": "Solid nodule in the left upper lobe.\nNo effusion.",
        "category": Category("Lung-RADS v2022", "3", "solid, baseline, 6 to < 8 mm"),
        "unaided_category": Category("Lung-RADS v2022", "3", "solid, baseline, 6 to < 8 mm"),
        "opened_at": "2026-01-02T10:40:00Z",
        "committed_at": "2026-01-02T10:43:58Z",
        "revealed_at": "2026-01-02T10:43:59Z",
        "signed_at": "2026-01-02T10:46:00Z",
        "signed_without": ("M2",),
        "seal": "7f3a" * 16,
        "second_read_status": "done",
    }
    return Reading(**(values | changes))
