"""The mammograms of a study through a worker: pictures out, findings with places on images back."""

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inference.bundle import DETECT_2D, Bundle
from inference.cases import Plane
from inference.protocol import Analyse, ArrayRef, Candidate, Done, Failed, ImageInput, SkippedImage
from viewer.app.second_read.asking import InstalledBundle, Means, ask, header_fields, without_answer
from viewer.app.second_read.choose_images import choose_images
from viewer.app.second_read.choose_views import Choice, choose_views, name, where
from viewer.app.second_read.findings import by_probability, on_images, thresholds, tracking_uid
from viewer.app.second_read.handover import private_folder
from viewer.app.second_read.model_read import ModelRead, SeriesInput
from viewer.app.second_read.operating_point import at_point
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.problem import DicomError

MOST_NAMED = 4
"""Images that a sentence names; the list of inputs names all."""

Key = tuple[str, int | None]
"""SOP Instance UID and frame (from 0; None in an object of one frame)."""


@dataclass(frozen=True, slots=True)
class Considered:
    """The images of an examination: what is read, and why the rest is not; by display set id."""

    study: Study
    choice: Choice
    skipped: dict[str, str]

    @property
    def read(self) -> tuple[DisplaySet, ...]:
        """The images that were read."""
        return tuple(d for d in self.choice.chosen if d.id not in self.skipped)

    def without(self, skipped: dict[str, str]) -> "Considered":
        """The same with further images that could not be read."""
        return replace(self, skipped=self.skipped | skipped)

    @property
    def lost(self) -> tuple[DisplaySet, ...]:
        """The images without which the read is not whole."""
        return (*(d for d in self.choice.chosen if d.id in self.skipped), *self.choice.missed)

    @property
    def missed(self) -> str:
        """The same in words, each with its reason; "" where there is none."""
        said = [f"{name(d)} ({self.skipped[d.id]})" for d in self.lost]
        more = f" and {len(said) - MOST_NAMED} more" if len(said) > MOST_NAMED else ""
        return ", ".join(said[:MOST_NAMED]) + more

    @property
    def inputs(self) -> tuple[SeriesInput, ...]:
        """One line for each image of the study."""
        return tuple(_input(d, self.skipped.get(d.id)) for d in self.study.display_sets if d.kind == "image")


def read_exam(study: Study, installed: InstalledBundle, means: Means, out: Path) -> ModelRead:
    """Read the mammograms of a study; arrays of the answer lie in `out`. Raises `ReadCancelled`.

    An image that cannot be decoded is skipped; what cannot be handed over, or breaks in the worker, failed.
    """
    _, bundle = installed
    choice = (choose_views if bundle.task == DETECT_2D else choose_images)(study, bundle.input)
    considered = Considered(study, choice, choice.skipped)
    if not choice.chosen:
        return without_answer(bundle, "not_run", _why_none(considered), considered.inputs)
    means.report(0.0, "loading the images")
    stacks, faults = _loaded(choice.chosen, means)
    considered = considered.without(faults)
    try:
        with private_folder(sum(2 * s.codes.size for s in stacks.values()), means.scratch) as private:
            images = tuple(_image(d, stacks[d.id], private) for d in considered.read)
            if not images:
                return without_answer(bundle, "not_run", _why_none(considered), considered.inputs)
            answer = ask(_job(images, installed, means, out), means)
    except OSError as error:
        refusal = f"the images cannot be handed to the second reader: {error}"
        return without_answer(bundle, "failed", refusal, considered.inputs)
    return _model_read(answer, considered, bundle)


def _loaded(chosen: Sequence[DisplaySet], means: Means) -> tuple[dict[str, Stack], dict[str, str]]:
    """(pixels, why there are none) by display set id; the images are decoded side by side."""

    def load(display_set: DisplaySet) -> Stack | str:
        try:
            stack = means.volumes(display_set, means.cancelled)
        except DicomError as error:
            return error.problem.message
        problem = next(iter(stack.problems.values()), None)
        if problem is None and not stack.ready.all():
            return "its pixels did not arrive"
        return problem.message if problem is not None else stack

    with ThreadPoolExecutor(len(chosen), "second-reader-images") as pool:
        got = dict(zip((d.id for d in chosen), pool.map(load, chosen), strict=True))
    means.stop_if_cancelled()
    stacks = {name: stack for name, stack in got.items() if isinstance(stack, Stack)}
    return stacks, {name: reason for name, reason in got.items() if isinstance(reason, str)}


# --- to the worker


def _job(images: tuple[ImageInput, ...], installed: InstalledBundle, means: Means, out: Path) -> Analyse:
    folder, bundle = installed
    return Analyse(
        job=uuid.uuid4().hex,
        bundle=str(folder.resolve()),
        bundle_sha256=bundle.sha256,
        inputs=(),
        images=images,
        out=str(out.resolve()),
        priority=means.priority,
    )


def _image(display_set: DisplaySet, stack: Stack, folder: Path) -> ImageInput:
    """The picture as it is displayed, written into `folder`."""
    first = display_set.instances[0]
    side, view = where(display_set)
    sop_instance_uid, frame = key_of(first)
    path = folder / f"{uuid.uuid4().hex}.npy"
    np.save(path, stack.p_values(), allow_pickle=False)
    rows, columns = stack.codes.shape[1:]
    return ImageInput(
        sop_instance_uid=sop_instance_uid,
        frame=frame,
        array=ArrayRef(path=str(path), dtype="uint16", shape=(rows, columns)),
        plane=None if first.spacing_mm is None else Plane(first.spacing_mm, (rows, columns)),
        laterality=side,
        view=view,
        patient_orientation=first.patient_orientation,
        meta=header_fields(first),
    )


def key_of(instance: Instance) -> Key:
    """What names an image in messages."""
    return instance.sop_instance_uid, instance.frame if instance.frames > 1 else None


# --- from the worker


def _model_read(answer: Done | Failed, considered: Considered, bundle: Bundle) -> ModelRead:
    if isinstance(answer, Failed):
        return without_answer(bundle, "failed", answer.error, considered.inputs)
    answer = at_point(answer, bundle)
    images = {key_of(d.instances[0]): d for d in considered.read}
    if not set(_named(answer)) <= set(images) or not all(c.places for c in answer.candidates):
        refusal = "the second reader did not speak of the images that it was given; nothing of it is shown"
        return without_answer(bundle, "failed", refusal, considered.inputs)
    considered = considered.without(_skipped(answer.skipped_images, images))
    if answer.status == "not_run" or not considered.read:
        return without_answer(bundle, "not_run", _why_none(considered, answer.reason), considered.inputs)
    ordered = by_probability(answer.candidates)
    uids = [tracking_uid(considered.study.study_instance_uid, bundle.sha256, c.id) for c in ordered]
    findings = tuple(
        on_images(c, f"M{n}", uid, images, bundle)
        for n, (c, uid) in enumerate(zip(ordered, uids, strict=True), start=1)
    )
    missed = considered.missed
    return replace(
        without_answer(bundle, "partial" if missed else "done", f"not read: {missed}" if missed else None),
        device=answer.device,
        seconds=answer.seconds,
        operating_point=answer.operating_point,
        domain=answer.domain,
        inputs=considered.inputs,
        lost=tuple(d.instances[0].sop_instance_uid for d in considered.lost),
        scores=answer.scores,
        thresholds=thresholds(bundle, bundle.looked_for),
        findings=findings,
        candidates=dict(zip(uids, ordered, strict=True)),
        laterality={f.tracking_uid: f.laterality for f in findings if f.laterality},
    )


def _named(answer: Done) -> Iterator[Key]:
    """Every image that an answer speaks of."""
    for candidate in answer.candidates:
        yield from _places(candidate)
    yield from ((s.sop_instance_uid, s.frame) for s in answer.skipped_images)
    yield from ((s.sop_instance_uid, s.frame) for s in answer.scores if s.sop_instance_uid is not None)


def _places(candidate: Candidate) -> Iterator[Key]:
    return ((place.sop_instance_uid, place.frame) for place in candidate.places)


def _skipped(skipped: Sequence[SkippedImage], images: dict[Key, DisplaySet]) -> dict[str, str]:
    return {images[s.sop_instance_uid, s.frame].id: s.reason for s in skipped}


def _input(display_set: DisplaySet, reason: str | None) -> SeriesInput:
    first = display_set.instances[0]
    side, view = where(display_set)
    uid, frame = key_of(first)
    whole = display_set.count > 1  # of a stack the object, not one of its frames
    return SeriesInput(
        series_instance_uid=display_set.series_instance_uid,
        status="read" if reason is None else "skipped",
        reason=reason,
        sop_instance_uid=uid,
        frame=None if whole else frame,
        laterality=side or None,
        view=view or None,
    )


def _why_none(considered: Considered, said: str | None = None) -> str:
    """Why nothing was read, in one sentence."""
    reasons = list(dict.fromkeys(considered.skipped.values()))
    if considered.missed:
        return f"no image suits this model: {considered.missed}"
    if reasons:
        return f"no image suits this model: {'; '.join(reasons[:3])}"
    return said or "there are no images in this study"
