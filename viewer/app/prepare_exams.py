"""Mammography studies and their truth into prepared examinations: what the model is given, kept on disk."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inference.cases import Exam, Plane, TruthMark, View, save_exam
from inference.input_contract import InputContract
from viewer.app.loader import Loader
from viewer.app.second_read.asking import header_fields
from viewer.app.second_read.choose_views import choose_views, name, where
from viewer.app.second_read.exam_read import key_of
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.dicom.problem import DicomError

Truth = dict[str, Any]
_MAMMOGRAMS = InputContract(modality="MG")


def mammograms_of(study: Study) -> tuple[DisplaySet, ...]:
    """The images of a study that a model for mammograms is given."""
    return choose_views(study, _MAMMOGRAMS).chosen


def prepare_exams(studies: Sequence[Study], truths: Sequence[Truth], loader: Loader, out: Path) -> None:
    """Write one prepared examination for each study below `out`; an image that does not decode is left out.

    A truth has `images`; each of these `sop_instance_uid` and `lesions` with `id`, `kind` (what is no mass is
    calcifications) and `box` (first row and column, last row and column), as that of the demonstration.
    """
    lesions = {
        image["sop_instance_uid"]: image.get("lesions", ())
        for truth in truths
        for image in truth.get("images", ())
    }
    for number, study in enumerate(studies):
        views = tuple(_views(mammograms_of(study), lesions, loader))
        folder = out / f"exam_{number:03d}_{study.study_instance_uid[-24:]}"
        save_exam(Exam(views, study.patient.id), folder)
        marks = sum(len(view.truth) for view in views)
        print(f"{folder}: {len(views)} views, {marks} marks of the truth")


def _views(
    images: Sequence[DisplaySet], lesions: dict[str, Sequence[Truth]], loader: Loader
) -> Iterator[View]:
    for display_set in images:
        try:
            yield _view(display_set, lesions, loader)
        except DicomError as error:
            print(f"{name(display_set)} is left out: {error}", file=sys.stderr)


def _view(display_set: DisplaySet, lesions: dict[str, Sequence[Truth]], loader: Loader) -> View:
    first = display_set.instances[0]
    stack = loader.complete(display_set)
    if stack.problems:
        raise DicomError(stack.problems[0])
    assert first.spacing_mm is not None  # those without are not chosen
    side, view = where(display_set)
    image, frame = key_of(first)
    pixels = stack.p_values()
    return View(
        pixels,
        Plane(first.spacing_mm, (pixels.shape[0], pixels.shape[1])),
        image,
        side,
        view,
        first.patient_orientation,
        frame,
        truth=tuple(_mark(lesion) for lesion in lesions.get(image, ())),
        meta=header_fields(first),
    )


def _mark(lesion: Truth) -> TruthMark:
    top, left, bottom, right = (float(edge) for edge in lesion["box"])
    kind = "mass" if "mass" in str(lesion["kind"]) else "calcifications"
    return TruthMark(
        id=str(lesion["id"]), kind=kind, box=(left, top, right, bottom), finding=str(lesion["id"])
    )
