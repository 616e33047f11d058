"""From a case to findings, one module per task; `load` picks it by the bundle's task. Knows no DICOM."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from inference.bundle import Bundle, BundleError
from inference.cases import Case
from inference.protocol import Candidate, Domain, OperatingPoint

Progress = Callable[[float, str], None]
"""Called with how far the read is (0 to 1) and what it does; what it raises ends the read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The answer for one case.

    status       done, or not_run (with a reason, one sentence)
    candidates   most probable first, also those below the operating point
    measured     what the domain check measured, and `lung_litres`
    arrays of the candidates (mask, heat) lie in the folder that the caller named
    """

    status: str
    reason: str | None = None
    operating_point: OperatingPoint | None = None
    domain: Domain | None = None
    candidates: tuple[Candidate, ...] = ()
    measured: dict[str, float] = field(default_factory=dict)


class Pipeline(Protocol):
    """A loaded model that reads cases."""

    def read(self, case: Case, meta: dict[str, str], out: Path, progress: Progress) -> Read:
        """Read one case. `meta`: header fields by DICOM keyword, as text. Arrays are written into `out`."""
        ...


def load(bundle: Bundle, folder: Path, device: str) -> Pipeline:
    """The pipeline of a bundle whose weights lie in `folder`, on a torch device such as "cpu" or "cuda:0"."""
    if bundle.task == "detect3d":
        from inference.pipelines.detect3d import Detect3D  # torch loads only when a model does

        return Detect3D.load(bundle, folder, device)
    raise BundleError(f"{folder}: task '{bundle.task}' found, 'detect3d' allowed; update the program")
