"""One job through the pool of workers: what a read works with, submitting, waiting, stopping."""

import queue
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inference.bundle import Bundle
from inference.protocol import Analyse, Cancelled, Done, Explained, Failed, Mistakes, Progress
from viewer.app.second_read.client import Answer
from viewer.app.second_read.model_read import ModelRead, SeriesInput
from viewer.app.second_read.pool import WorkerPool
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance

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

    def stop_if_cancelled(self) -> None:
        """Raise `ReadCancelled` where somebody asked for it."""
        if self.cancelled():
            raise ReadCancelled


def ask(job: Analyse, means: Means) -> Done | Failed:
    """Submit and wait, reporting on this thread. Raises `ReadCancelled`."""
    news: queue.SimpleQueue[Progress | Answer] = queue.SimpleQueue()
    means.report(LOADING, "waiting for the second reader")
    means.workers.submit(job, news.put, news.put)
    try:
        while True:
            means.stop_if_cancelled()
            with suppress(queue.Empty):
                message = news.get(timeout=LOOK_EVERY_S)
                match message:
                    case Done() | Failed():
                        return message
                    case Cancelled() | Explained() | Mistakes():
                        raise ReadCancelled
                    case Progress(done=done, doing=doing):
                        means.report(LOADING + (1 - LOADING) * done, doing)
    except BaseException:  # also what the report raises: no job goes on that no one waits for
        means.workers.cancel(job.job)
        raise


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
        accuracies=bundle.accuracies,
        bottleneck=None if bundle.characteristics is None else bundle.characteristics.bottleneck,
        near_cases=bundle.near_cases,
        labels=bundle.looked_for,
        outlines=bundle.contract is not None and bundle.task.startswith("segment"),
        organs=bundle.outlines_organs,
        calibrated=bundle.calibrated,
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
