"""One series through a worker: pixels and place out, findings back. `study_read` decides which series."""

import queue
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.cases import Grid
from inference.protocol import Analyse, ArrayRef, Cancelled, Done, Failed, Input, Progress
from viewer.app.second_read.choose import MOST_MISSING
from viewer.app.second_read.client import Answer
from viewer.app.second_read.findings import by_probability, midlines, side, to_finding, tracking_uid
from viewer.app.second_read.handover import private_folder
from viewer.app.second_read.model_read import ModelRead, Score, SeriesInput
from viewer.app.second_read.pool import WorkerPool
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.problem import DicomError

InstalledBundle = tuple[Path, Bundle]
"""A bundle with the folder that it lies in."""
Report = Callable[[float, str], None]
"""(share done 0..1, what is being done)."""
Volumes = Callable[[DisplaySet, Callable[[], bool]], Stack]
"""(display set, cancelled) -> its pixels, once all that will come are there. Raises `DicomError`."""

LOADING = 0.2
"""Share of the progress that loading the pixels takes."""
LOOK_EVERY_S = 0.05
"""How often a waiting read looks whether it was cancelled."""


class ReadCancelled(Exception):
    """The read was cancelled; nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a read works with: pixels, workers, how to report and to stop, where there is room."""

    volumes: Volumes
    workers: WorkerPool
    report: Report
    cancelled: Callable[[], bool]
    scratch: Path
    priority: int = 0


def read_series(display_set: DisplaySet, installed: InstalledBundle, means: Means, out: Path) -> ModelRead:
    """Read one series; arrays of the answer lie in `out`. Raises `ReadCancelled`.

    What cannot be decoded is not run; what cannot be handed over, or breaks in the worker, is failed.
    """
    _, bundle = installed
    means.report(0.0, "loading the images")
    try:
        stack = means.volumes(display_set, means.cancelled)
        _stop_if(means.cancelled)
        refusal = _too_little(stack)
        if refusal:
            return without_answer(bundle, "not_run", refusal)
        with private_folder(stack.codes.size * 2, means.scratch) as private:
            volume = private / "hu.npy"
            stack.hu_file(volume)
            answer = _ask(_job(stack, volume, installed, means, out), means)
            return _model_read(answer, stack, np.load(volume, mmap_mode="r"), bundle)
    except DicomError as error:
        return without_answer(bundle, "not_run", error.problem.message)
    except OSError as error:
        return without_answer(bundle, "failed", f"the images cannot be handed to the second reader: {error}")


def without_answer(
    bundle: Bundle, status: str, reason: str | None, inputs: tuple[SeriesInput, ...] = ()
) -> ModelRead:
    """A read that says nothing but how it went."""
    return ModelRead(
        model_id=bundle.id,
        model_version=bundle.version,
        model_sha256=bundle.sha256,
        title=bundle.title,
        status=status,
        reason=reason,
        inputs=inputs,
    )


def to_grid(geometry: Geometry) -> Grid:
    """The same place in the worker's words."""
    return Grid(
        geometry.origin_mm,
        (geometry.along_slices, geometry.along_rows, geometry.along_columns),
        geometry.spacing_mm,
        geometry.shape,
        geometry.frame_of_reference_uid,
    )


def header_fields(instance: Instance) -> dict[str, str]:
    """What a model may know of the acquisition, by DICOM keyword; nothing of who the patient is."""
    fields = {
        "Modality": instance.modality,
        "Manufacturer": instance.manufacturer,
        "ManufacturerModelName": instance.model_name,
        "ConvolutionKernel": instance.kernel,
        "KVP": instance.kvp,
        "SliceThickness": instance.slice_thickness_mm,
        "ContrastBolusAgent": instance.contrast,
        "BodyPartExamined": instance.body_part,
        "PatientPosition": instance.patient_position,
    }
    return {key: str(value) for key, value in fields.items() if value not in (None, "")}


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


def _ask(job: Analyse, means: Means) -> Done | Failed:
    """Submit and wait, reporting on this thread. Raises `ReadCancelled`."""
    news: queue.SimpleQueue[Progress | Answer] = queue.SimpleQueue()
    means.report(LOADING, "waiting for the second reader")
    means.workers.submit(job, news.put, news.put)
    try:
        while True:
            _stop_if(means.cancelled)
            with suppress(queue.Empty):
                message = news.get(timeout=LOOK_EVERY_S)
                match message:
                    case Done() | Failed():
                        return message
                    case Cancelled():
                        raise ReadCancelled
                    case Progress(done=done, doing=doing):
                        means.report(LOADING + (1 - LOADING) * done, doing)
    except BaseException:  # also what the report raises: no job goes on that no one waits for
        means.workers.cancel(job.job)
        raise


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


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise ReadCancelled


# --- from the worker


def _model_read(answer: Done | Failed, stack: Stack, hu: NDArray[np.int16], bundle: Bundle) -> ModelRead:
    if isinstance(answer, Failed):
        return without_answer(bundle, "failed", answer.error)
    series, geometry = stack.display_set.series_instance_uid, stack.display_set.geometry
    assert geometry is not None
    ordered = by_probability(answer.candidates)
    uids = [tracking_uid(series, bundle.sha256, c.id) for c in ordered]
    findings = tuple(
        to_finding(c, f"M{n}", uid, series, geometry.frame_of_reference_uid, bundle.calibration)
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
        scores=tuple(Score("study", "any", c.probability) for c in ordered[:1]),
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
