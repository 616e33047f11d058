"""One series through a worker: pixels and place out, findings back. `study_read` decides which series."""

import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.cases import Grid
from inference.protocol import Analyse, ArrayRef, Done, Failed, Input
from viewer.app.second_read.asking import InstalledBundle, Means, ask, header_fields, without_answer
from viewer.app.second_read.choose import MOST_MISSING
from viewer.app.second_read.findings import (
    by_probability,
    midlines,
    side,
    thresholds,
    to_finding,
    tracking_uid,
)
from viewer.app.second_read.handover import private_folder
from viewer.app.second_read.model_read import ModelRead
from viewer.app.second_read.operating_point import at_point
from viewer.app.second_read.whole import of_slices, whole_answers, whole_finding
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.problem import DicomError


def read_series(display_set: DisplaySet, installed: InstalledBundle, means: Means, out: Path) -> ModelRead:
    """Read one series; arrays of the answer lie in `out`. Raises `ReadCancelled`.

    What cannot be decoded is not run; what cannot be handed over, or breaks in the worker, is failed.
    """
    _, bundle = installed
    means.report(0.0, "loading the images")
    try:
        stack = means.volumes(display_set, means.cancelled)
        means.stop_if_cancelled()
        refusal = _too_little(stack)
        if refusal:
            return without_answer(bundle, "not_run", refusal)
        with private_folder(stack.codes.size * 2, means.scratch) as private:
            volume = private / "hu.npy"
            stack.hu_file(volume)
            answer = ask(_job(stack, volume, installed, means, out), means)
            return _model_read(answer, stack, np.load(volume, mmap_mode="r"), bundle)
    except DicomError as error:
        return without_answer(bundle, "not_run", error.problem.message)
    except OSError as error:
        return without_answer(bundle, "failed", f"the images cannot be handed to the second reader: {error}")


def to_grid(geometry: Geometry) -> Grid:
    """The same place in the worker's words."""
    return Grid(
        geometry.origin_mm,
        (geometry.along_slices, geometry.along_rows, geometry.along_columns),
        geometry.spacing_mm,
        geometry.shape,
        geometry.frame_of_reference_uid,
    )


# --- to the worker


def _job(stack: Stack, volume: Path, installed: InstalledBundle, means: Means, out: Path) -> Analyse:
    folder, bundle = installed
    display_set = stack.display_set
    assert display_set.geometry is not None
    source = Input(
        series_instance_uid=display_set.series_instance_uid,
        array=ArrayRef(path=str(volume), dtype="int16", shape=stack.codes.shape),
        grid=to_grid(display_set.geometry),
        missing=_without_pixels(stack),
        meta=header_fields(display_set.instances[0]),
    )
    return Analyse(
        job=uuid.uuid4().hex,
        bundle=str(folder.resolve()),
        bundle_sha256=bundle.sha256,
        inputs=(source,),
        out=str(out.resolve()),
        priority=means.priority,
    )


def _too_little(stack: Stack) -> str:
    """Why the pixels do not make a volume worth reading; "" where they do."""
    lost, count = _without_pixels(stack), len(stack.ready)
    if len(lost) <= MOST_MISSING * count:
        return ""
    why = next((problem.message for problem in stack.problems.values()), "they are missing")
    return f"{len(lost)} of {count} slices cannot be read: {why}"


def _without_pixels(stack: Stack) -> tuple[int, ...]:
    """Slice indices that hold no data: never sent, or not decodable."""
    return tuple(int(k) for k in np.flatnonzero(~stack.ready))


# --- from the worker


def _model_read(answer: Done | Failed, stack: Stack, hu: NDArray[np.int16], bundle: Bundle) -> ModelRead:
    if isinstance(answer, Failed):
        return without_answer(bundle, "failed", answer.error)
    answer = at_point(answer, bundle)
    series, geometry = stack.display_set.series_instance_uid, stack.display_set.geometry
    assert geometry is not None
    scores = of_slices(answer.scores, stack.display_set)
    limits = thresholds(bundle, dict.fromkeys(s.label for s in scores))
    whole = whole_answers(scores, answer.candidates, limits)
    ordered = [*whole, *by_probability(answer.candidates)]
    uids = [tracking_uid(series, bundle.sha256, c.id) for c in ordered]
    findings = tuple(
        whole_finding(c, f"M{n}", uid, stack.display_set, scores, bundle)
        if n <= len(whole)
        else to_finding(c, f"M{n}", uid, series, geometry.frame_of_reference_uid, bundle)
        for n, (c, uid) in enumerate(zip(ordered, uids, strict=True), start=1)
    )
    middles = midlines(hu, geometry)
    centres = {f.tracking_uid: f.center_lps_mm for f in findings}
    sides = {uid: side(middles, geometry, at) for uid, at in centres.items() if at is not None}
    status, reason = _status(answer, stack)
    return replace(
        without_answer(bundle, status, reason),
        device=answer.device,
        seconds=answer.seconds,
        operating_point=answer.operating_point,
        domain=answer.domain,
        scores=scores,
        measurements=answer.measurements,
        thresholds=limits,
        findings=findings,
        candidates=dict(zip(uids, ordered, strict=True)),
        laterality={uid: lr for uid, lr in sides.items() if lr is not None},
    )


def _status(answer: Done, stack: Stack) -> tuple[str, str | None]:
    """The worker's word, but no more than partial where slices are not there."""
    lost = _without_pixels(stack)
    if answer.status == "done" and lost:
        return "partial", f"without {len(lost)} of {len(stack.ready)} slices of {stack.display_set.title}"
    return answer.status, answer.reason
