"""Small studies in memory, as scanning would make them, and their pixels."""

import numpy as np

from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet, Patient, Series, SeriesWarning, Study
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.problem import DicomError, Problem

AXIAL = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
SHAPE = (24, 64, 64)
LESION = (10, 30, 45)


def body(shape=SHAPE, lesion=LESION):
    """A body with air round it and one bright voxel, HU."""
    hu = np.full(shape, -1000, np.int16)
    hu[:, 10:54, 8:56] = 0
    hu[lesion] = 400
    return hu


def display_set(
    name="1", *, shape=SHAPE, between=2.0, thickness=2.0, axes=AXIAL, modality="CT", geometry=True, **more
):
    """A CT series of `shape` with spacing 1.5 mm in plane; keywords of `Instance` bend its images."""
    slices, rows, columns = shape
    missing = more.pop("missing", ())
    slots = tuple(k for k in range(slices) if k not in missing)
    warnings = more.pop("warnings", ())
    fields = {
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "rescaled": True,
        "units": "HU",
        "signed": True,
        "series_number": int(name),
        "kernel": "B30f",
        "patient_name": "Doe^Jane",
    } | more
    instances = tuple(
        Instance(
            location=Location("file", f"/images/{name}/{k}.dcm"),
            sop_instance_uid=f"1.2.9.{name}.{k}",
            series_instance_uid=f"1.2.9.{name}",
            study_instance_uid="1.2.9",
            modality=modality,
            rows=rows,
            columns=columns,
            slice_thickness_mm=thickness,
            **fields,
        )
        for k in slots
    )
    place = Geometry((-48.0, -48.0, 100.0), *axes, (between, 1.5, 1.5), shape, "1.2.9.0")
    return DisplaySet(
        id=name,
        series_instance_uid=f"1.2.9.{name}",
        study_instance_uid="1.2.9",
        title=f"series {name}",
        modality=modality,
        instances=instances,
        slots=slots,
        count=slices,
        geometry=place if geometry else None,
        missing=tuple(missing),
        warnings=warnings,
    )


def study(*sets, fingerprint="f"):
    series = tuple(
        Series(
            series_instance_uid=d.series_instance_uid,
            study_instance_uid="1.2.9",
            number=int(d.id),
            description=d.title,
            modality=d.modality,
            display_sets=(d,),
        )
        for d in sets
    )
    return Study(
        study_instance_uid="1.2.9",
        patient=Patient("p", "P-1", "Doe^Jane"),
        date="20260101",
        time="",
        description="Chest",
        accession_number="",
        series=series,
        warnings=(SeriesWarning("two_patients", "two names in one study"),),
        fingerprint=fingerprint,
    )


def stack_of(images, hu=None, *, broken=()):
    """The pixels of a display set; slices in `broken` could not be decoded."""
    stack = Stack(images)
    hu = body(stack.codes.shape) if hu is None else hu
    stack.codes[:] = hu.view(np.uint16) ^ 0x8000
    stack.ready[list(images.slots)] = True
    for k in broken:
        stack.ready[k] = False
        stack.problems[k] = Problem("k.dcm", "(7fe0,0010)", "half a stream", "a whole one", "it is truncated")
    return stack


class Volumes:
    """Gives pixels to `read_study` and counts how often it was asked."""

    def __init__(self, **stacks):
        self.stacks, self.asked = stacks, []

    def __call__(self, images, cancelled):
        self.asked.append(images.id)
        return self.stacks.get(f"s{images.id}") or stack_of(images)


def unreadable(images, cancelled):
    raise DicomError(Problem("a.dcm", "(0028,0010)", "0", "1..65535", "the image has no rows"))
