"""What a report needs to know of one model's read of a study. How it was read is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inference.protocol import Characteristic, Domain, Measurement, OperatingPoint
from viewer.core.reading.finding import Finding
from viewer.core.reading.scores import StatedScore


@dataclass(frozen=True, slots=True)
class NoduleMask:
    """Voxels of one finding on the grid of its series.

    voxels  uint8 0/1, (slice, row, column)
    start   index of its first voxel in the series grid
    """

    voxels: NDArray[np.uint8]
    start: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class HeatPatch:
    """The heat map of a finding on the grid of its series: float32 0..1, and the index of its first voxel."""

    values: NDArray[np.float32]
    start: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondRead:
    """One model's read.

    status    done, partial, not_run or failed; `reason` says why it is not done
    findings  all candidates, highest probability first
    series    series that were read
    suggestions  by tracking UID: what the model names, such as texture, shape or margin
    masks     by tracking UID, where the model gives them
    heats     likewise, of findings in volumes
    labels    what the model looks for
    organs    its outlines are whole organs: they are written as an RT Structure Set, too
    document  of another program: SOP Instance UID of its report, with remarks on marks that are not shown
    scores    what it says of the study, its series, breasts and images
    measurements  lengths of the whole study
    lost      SOP Instance UIDs of images without which the read is not whole; unasked: of those that it
              needs not (another one of the same view was chosen)
    """

    model_id: str
    version: str
    sha256: str
    title: str = ""
    status: str
    reason: str = ""
    device: str = ""
    seconds: float = 0.0
    operating_point: OperatingPoint | None = None
    domain: Domain | None = None
    findings: tuple[Finding, ...] = ()
    series: tuple[str, ...] = ()
    suggestions: Mapping[str, Mapping[str, Characteristic]] = field(default_factory=dict)
    masks: Mapping[str, NoduleMask] = field(default_factory=dict)
    heats: Mapping[str, HeatPatch] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    organs: bool = False
    lost: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    document: str = ""
    remarks: tuple[str, ...] = ()
    scores: tuple[StatedScore, ...] = ()
    measurements: tuple[Measurement, ...] = ()

    @property
    def name(self) -> str:
        """What the screen calls the model."""
        return f"{self.title or self.model_id} {self.version}".strip()

    @property
    def marked(self) -> tuple[Finding, ...]:
        """Findings above the operating point."""
        return tuple(f for f in self.findings if f.above_operating_point)

    @property
    def finished(self) -> bool:
        """True where there is an answer, be it that nothing was found."""
        return self.status in ("done", "partial")
