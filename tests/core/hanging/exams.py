"""Mammography examinations in memory, as scanning would group them."""

from viewer.core.dicom.grouping import group
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.mammogram import Mammogram

FOUR = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))


def mammogram(number, side, view, *, study="1.2.7.1", date="20260105", modifiers=(), **more):
    """One mammogram of 40 x 30 pixels; keywords of `Instance` bend it."""
    breast = Mammogram(side=side, view=view, modifiers=modifiers)
    fields = {
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.1.2",
        "modality": "MG",
        "patient_id": "P-1",
        "patient_name": "Doe^Jane",
        "presentation_intent": "FOR PRESENTATION",
        "series_description": f"{side} {view}",
        "mammogram": breast,
        "rows": 40,
        "columns": 30,
        "spacing_mm": (0.1, 0.1),
    }
    return Instance(
        location=Location("file", f"/images/{study}/{number}.dcm"),
        sop_instance_uid=f"{study}.{number}.1",
        series_instance_uid=f"{study}.{number}",
        study_instance_uid=study,
        study_date=date,
        series_number=number,
        instance_number=1,
        **(fields | more),
    )


def exam(views=FOUR, **more):
    """The instances of one examination, one series a view."""
    return [mammogram(number, side, view, **more) for number, (side, view) in enumerate(views, 1)]


def studies(*instances):
    """Studies by their UID."""
    return {study.study_instance_uid: study for study in group(list(instances))}
