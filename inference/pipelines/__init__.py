"""From a case to findings, one module per task; `load` picks it by the bundle's task. Knows no DICOM."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from inference.bundle import DETECT_2D, DETECT_3D, HEAD_CT, Bundle, BundleError
from inference.cases import Case, Exam
from inference.contract import TASKS
from inference.protocol import Candidate, Domain, Explain, Measurement, OperatingPoint, Score, SkippedImage

if TYPE_CHECKING:  # torch loads only when a model does
    from inference.explain.explanation import Explanation

Progress = Callable[[float, str], None]
"""Called with how far the read is (0 to 1) and what it does; what it raises ends the read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The answer for one case.

    status       done, partial or not_run (with a reason, one sentence)
    candidates   most probable first, also those below the operating point
    scores       of an examination: about its images, breasts and all of it
    skipped      images that were not read
    measurements of the whole study
    measured     what the domain check measured, and `lung_litres`
    arrays of the candidates (mask, heat) lie in the folder that the caller named
    """

    status: str
    reason: str | None = None
    operating_point: OperatingPoint | None = None
    domain: Domain | None = None
    candidates: tuple[Candidate, ...] = ()
    scores: tuple[Score, ...] = ()
    skipped: tuple[SkippedImage, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    measured: dict[str, float] = field(default_factory=dict)


class Pipeline(Protocol):
    """A loaded model that reads volumes, or examinations; what it does not read, it says."""

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one case. Arrays are written into `out`."""
        ...


@runtime_checkable
class Explainer(Protocol):
    """A loaded model that can explain what it said of its findings."""

    def explain(self, ask: Explain, out: Path) -> "Explanation":
        """A heat map by the method and of the answer asked for, and its faithfulness, written into `out`."""
        ...


def load(bundle: Bundle, folder: Path, device: str) -> Pipeline:
    """The pipeline of a bundle whose weights lie in `folder`, on a torch device such as "cpu" or "cuda:0"."""
    if bundle.task == DETECT_3D:
        from inference.pipelines.detect3d import Detect3D  # torch loads only when a model does

        return Detect3D.load(bundle, folder, device)
    if bundle.task == DETECT_2D:
        from inference.pipelines.exam import ExamReader

        return ExamReader.load(bundle, folder, device)
    if bundle.task == HEAD_CT:
        from inference.pipelines.haemorrhage import HaemorrhageReader

        return HaemorrhageReader.load(bundle, folder, device)
    if bundle.task in ("classify2d", "classify3d"):
        from inference.pipelines.classify import Classify

        return Classify.load(bundle, folder, device)
    if bundle.task in ("segment2d", "segment3d"):
        from inference.pipelines.segment import Segment

        return Segment.load(bundle, folder, device)
    if bundle.task in ("boxes2d", "boxes3d"):
        from inference.pipelines.boxes import Boxes

        return Boxes.load(bundle, folder, device)
    allowed = ", ".join((DETECT_3D, DETECT_2D, HEAD_CT, *TASKS))
    raise BundleError(f"{folder}: task '{bundle.task}' found, one of {allowed} allowed; update the program")
