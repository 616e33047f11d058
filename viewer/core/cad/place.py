"""Marks of other programs as findings: found again among the images of the study, named, numbered. Pure."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.core.cad.marks import CadMark, CadReport, InPatient, Intent, OnImage
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Geometry, Vector
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.text import is_uid
from viewer.core.reading.finding import Author, Axis, Finding, ImagePlace

MOST_MARKS = 200
"""Marks of one report that are used: real ones have a few on each image."""
_NAMESPACE = uuid.UUID("0c7f6a6e-2a51-5d0c-9a3b-7d1b4f0e9c55")


@dataclass(frozen=True, slots=True)
class _Image:
    """An image of the study, where it lies in its display set, and the volume that this makes.

    Mammograms make none here: each view is marked by itself, also in a stack of tomosynthesis.
    """

    instance: Instance
    slot: int
    geometry: Geometry | None


class _NoPlace(Exception):
    """A mark that lies nowhere in the study; a clause."""


def findings_of(
    report: CadReport, display_sets: Sequence[DisplaySet], letter: str
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """(findings, one sentence for each mark that cannot be shown); names are `letter`1, `letter`2, ...

    On images that make a volume a finding lies in the patient, else on its images. What its maker lets a
    workstation leave out (presentation optional) counts as below the operating point.
    """
    images = _images(display_sets)
    found: list[Finding] = []
    told = list(report.refused)
    if len(report.marks) > MOST_MARKS:
        told.append(f"{report.maker} has {len(report.marks)} marks; the first {MOST_MARKS} are used.")
    for number, mark in enumerate(report.marks[:MOST_MARKS], 1):
        by = mark.by or f"{report.maker} {report.version}".strip()
        try:
            where = _where(mark, images, display_sets)
        except _NoPlace as error:
            told.append(f"A mark '{mark.label}' of {by} is not shown: {error}.")
            continue
        found.append(
            Finding(
                name=f"{letter}{len(found) + 1}",
                tracking_uid=_tracking_uid(mark, report, number),
                author=Author.MODEL,
                label=mark.label,
                malignancy=mark.malignancy,
                certainty=mark.certainty,
                above_operating_point=mark.intent is Intent.REQUIRED,
                by=by,
                **where,
            )
        )
    return tuple(found), tuple(told)


def _tracking_uid(mark: CadMark, report: CadReport, number: int) -> str:
    """The mark's own, else the same for the same mark of the same document whenever it is read."""
    if is_uid(mark.tracking_uid):
        return mark.tracking_uid
    return f"2.25.{uuid.uuid5(_NAMESPACE, f'{report.sop_instance_uid}/{number}').int}"


def _images(display_sets: Sequence[DisplaySet]) -> dict[tuple[str, int], _Image]:
    """Every image by SOP Instance UID and frame (from 0)."""
    return {
        (i.sop_instance_uid, i.frame): _Image(i, slot, None if i.mammogram is not None else d.geometry)
        for d in display_sets
        for slot, i in zip(d.slots or range(len(d.instances)), d.instances, strict=True)
    }


def _where(
    mark: CadMark, images: dict[tuple[str, int], _Image], display_sets: Sequence[DisplaySet]
) -> dict[str, Any]:
    """The arguments of `Finding` that say where it lies."""
    for place in mark.places:
        if isinstance(place, InPatient):
            return _of_patient(place, display_sets)
    known = [
        (place, image)
        for place in mark.places
        if isinstance(place, OnImage) and (image := images.get((place.sop_instance_uid, place.frame or 0)))
    ]
    if not known:
        raise _NoPlace("its image is not in this study")
    inside = [(place, image) for place, image in known if _is_inside(place, image.instance)]
    if not inside:
        raise _NoPlace("it lies outside its image")
    if inside[0][1].geometry is not None:
        return _of_volume(inside)
    return _on_images([(place, image.instance) for place, image in inside])


def _on_images(on: Sequence[tuple[OnImage, Instance]]) -> dict[str, Any]:
    """On images, each by itself; the side is that of all of them, if they agree."""
    sides = {instance.mammogram.side for _, instance in on if instance.mammogram is not None} - {""}
    places = tuple(_image_place(place, instance) for place, instance in on)
    return {"places": places, "laterality": sides.pop() if len(sides) == 1 else ""}


def _through(instance: Instance, index: NDArray[np.float64]) -> OnImage:
    """A point of a stack on the image through it; `index` (slice, row, column)."""
    return OnImage(instance.sop_instance_uid, instance.frame, float(index[2]), float(index[1]))


def _is_inside(place: OnImage, instance: Instance) -> bool:
    return -0.5 <= place.column <= instance.columns - 0.5 and -0.5 <= place.row <= instance.rows - 0.5


def _image_place(place: OnImage, instance: Instance) -> ImagePlace:
    """The place as the desk has it; an outline that leaves the image ends at its edge."""
    box = place.box
    if box is not None:
        right, bottom = instance.columns - 0.5, instance.rows - 0.5
        box = (max(box[0], -0.5), max(box[1], -0.5), min(box[2], right), min(box[3], bottom))
    return ImagePlace(
        sop_instance_uid=place.sop_instance_uid,
        series_instance_uid=instance.series_instance_uid,
        column=place.column,
        row=place.row,
        frame=place.frame if instance.frames > 1 else None,
        box=box,
    )


def _of_volume(on: Sequence[tuple[OnImage, _Image]]) -> dict[str, Any]:
    """Where drawings on slices lie in the patient: the middle of the slices, the largest of the outlines."""
    geometry, series = on[0][1].geometry, on[0][1].instance.series_instance_uid
    same = [(p, i) for p, i in on if i.geometry == geometry]
    assert geometry is not None
    slices = [image.slot for _, image in same]
    place, _ = max(same, key=lambda pair: _width(pair[0]))
    k = (min(slices) + max(slices)) / 2
    half = _width(place) / 2
    middle, left, right = (
        _vector(geometry.index_to_patient((k, place.row, column)))
        for column in (place.column, place.column - half, place.column + half)
    )
    return {
        "center_lps_mm": middle,
        "series_instance_uid": series,
        "frame_of_reference_uid": geometry.frame_of_reference_uid,
        "long_axis": (left, right) if half else None,
    }


def _width(place: OnImage) -> float:
    return 0.0 if place.box is None else max(place.box[2] - place.box[0], place.box[3] - place.box[1])


def _of_patient(place: InPatient, display_sets: Sequence[DisplaySet]) -> dict[str, Any]:
    """In the first volume of that frame of reference that holds the place."""
    for shown in display_sets:
        grid = shown.geometry
        if grid is None or grid.frame_of_reference_uid != place.frame_of_reference_uid:
            continue
        index = np.asarray(grid.patient_to_index(place.center_lps_mm))
        if ((index >= -0.5) & (index <= np.array(grid.shape) - 0.5)).all():
            instance = shown.instance_at(round(float(index[0])))
            if instance is not None and instance.mammogram is not None:
                return _on_images([(_through(instance, index), instance)])
            return {
                "center_lps_mm": place.center_lps_mm,
                "series_instance_uid": shown.series_instance_uid,
                "frame_of_reference_uid": place.frame_of_reference_uid,
                "long_axis": _across(place),
            }
    raise _NoPlace("no images of this study lie there")


def _across(place: InPatient) -> Axis | None:
    """A line as long as the place is wide."""
    if place.diameter_mm is None:
        return None
    x, y, z = place.center_lps_mm
    half = place.diameter_mm / 2
    return (x - half, y, z), (x + half, y, z)


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in values)
    return x, y, z
