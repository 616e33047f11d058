"""How a bundle is adapted (`--config`), and with what."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from inference.training.config import ClassifierTraining, DetectorTraining
from inference.training.detector import Report
from inference.training.mammography.config import Schedule
from inference.training.transfer import Positive, Transfer

Trained = TypeVar("Trained", Schedule, DetectorTraining, ClassifierTraining)
"""The schedule of one network."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; all of it may be left out.

    steps     of each network
    rate      share of the learning rate with which the bundle was trained
    data      name of the data set (general networks); "" where the folder holds one
    transfer  which layers learn when, and how fast
    """

    seed: int = 20261126
    steps: Annotated[int, msgspec.Meta(ge=1)] = 200
    rate: Positive = 0.2
    data: str = ""
    transfer: Transfer = Transfer()

    def paced(self, schedule: Trained) -> Trained:
        """A schedule of training with the plan's steps and rate, averaged over a tenth of them."""
        return msgspec.structs.replace(
            schedule,
            steps=self.steps,
            learning_rate=self.rate * schedule.learning_rate,
            warmup=min(schedule.warmup, self.steps // 10 + 1),
            ema=min(schedule.ema, 1 - 10 / (self.steps + 20)),
            save_every=min(schedule.save_every, self.steps // 4 + 1),
        )


@dataclass(frozen=True, slots=True)
class Learning:
    """Where the parent lies, where checkpoints go, the torch device, and who is told."""

    parent: Path
    out: Path
    device: str
    report: Report
    say: Callable[[str], None]


class TooFewError(ValueError):
    """Cases that nothing can be learnt from or measured on; one sentence."""


def load_plan(path: Path | None, steps: int | None) -> Plan:
    """Read a plan; raises OSError, or ValueError with the key that is wrong."""
    try:
        raw = {} if path is None else tomllib.loads(path.read_text(encoding="utf-8"))
        plan = msgspec.convert(raw, Plan)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error
    return plan if steps is None else msgspec.structs.replace(plan, steps=steps)
