"""A screening exam of four views, and what a model found on it, made for the tests of CAD reports."""

from inference.protocol import OperatingPoint
from tests.core.report import made
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.reading.finding import Author, Finding, ImagePlace
from viewer.core.report.second_read import SecondRead

STUDY = "1.2.3.20"
VIEWS = ("RCC", "LCC", "RMLO", "LMLO")
MAMMOGRAM = "1.2.840.10008.5.1.4.1.1.1.2"


def uid(view: str) -> str:
    """SOP Instance UID of a view."""
    return f"{STUDY}.{VIEWS.index(view) + 1}.1"


def series(view: str) -> str:
    """Its series."""
    return f"{STUDY}.{VIEWS.index(view) + 1}"


def view(name: str, **changes) -> DisplaySet:
    """One mammogram of 800 x 600 pixels of 0.1 mm."""
    values = {
        "sop_class_uid": MAMMOGRAM,
        "sop_instance_uid": uid(name),
        "series_instance_uid": series(name),
        "study_instance_uid": STUDY,
        "frame_of_reference_uid": "",
        "modality": "MG",
        "rows": 800,
        "columns": 600,
        "position_mm": None,
        "orientation": None,
        "spacing_mm": (0.1, 0.1),
        "patient_orientation": ("P", "F"),
        "mammogram": Mammogram(side=name[0], view=name[1:]),
    }
    instance = made.instance(0, **(values | changes))
    return DisplaySet(
        id=name,
        series_instance_uid=series(name),
        study_instance_uid=STUDY,
        title=name,
        modality="MG",
        instances=(instance,),
        slots=(0,),
        count=1,
    )


def exam() -> list[DisplaySet]:
    """All four views."""
    return [view(name) for name in VIEWS]


def place(name: str, column: float, row: float, half: float | None = 20.0) -> ImagePlace:
    """A place on a view, with a box of 2 `half` pixels."""
    box = None if half is None else (column - half, row - half, column + half, row + half)
    return ImagePlace(
        sop_instance_uid=uid(name), series_instance_uid=series(name), column=column, row=row, box=box
    )


def finding(name: str, *places: ImagePlace, **changes) -> Finding:
    """One of the model's."""
    values = {
        "name": name,
        "tracking_uid": f"2.25.{100 + int(name[1:])}",
        "author": Author.MODEL,
        "label": "mass",
        "places": places,
        "probability": 0.72,
        "malignancy": 0.41,
        "score": 1.5,
    }
    return Finding(**(values | changes))


MASS = finding("M1", place("RCC", 200, 300), place("RMLO", 220, 410))
CLUSTER = finding("M2", place("LCC", 310.5, 100, None), label="calcification cluster", probability=0.55)
FAINT = finding("M3", place("LMLO", 50, 60), probability=0.1, above_operating_point=False)


def read(**changes) -> SecondRead:
    """A finished read with a mass on two views, a cluster on one, and a faint candidate."""
    values = {
        "model_id": "mg_lesion",
        "version": "1.0.0",
        "sha256": "9f" * 32,
        "title": "Breast lesions",
        "status": "done",
        "operating_point": OperatingPoint("balanced", 0.5, 0.5, "false marks per view"),
        "findings": (MASS, CLUSTER, FAINT),
        "series": tuple(map(series, VIEWS)),
        "labels": ("mass", "calcification cluster"),
    }
    return SecondRead(**(values | changes))
