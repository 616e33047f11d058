"""The training configuration of `ct_head_haemorrhage` as frozen values; unknown keys are refused."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec


class HeadTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One network. A batch holds `painted`, real `positive` and real `negative` slices.

    distracted  share of the negatives on which something is painted that is no bleed
    doubt       exponent of the generalised cross entropy (Zhang and Sabuncu, 2018) of real positive
                slices, some of which show nothing: the less one looks like bleeding, the less it teaches;
                0 is the cross entropy
    cells       weight of the loss of the cells beside that of the slices; cell_positive of bleeding cells
    """

    steps: int
    painted: int
    positive: int
    negative: int
    distracted: float
    doubt: float
    cells: float
    cell_positive: float
    learning_rate: float
    weight_decay: float
    warmup: int
    ema: float
    save_every: int


class HeadConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. For each of the five folds one network is trained in each way of `trainings`."""

    seed: int
    network: dict[str, Any]
    trainings: tuple[HeadTraining, ...]

    def with_steps(self, steps: int) -> "HeadConfig":
        """The same with another number of steps."""
        shorter = tuple(msgspec.structs.replace(training, steps=steps) for training in self.trainings)
        return msgspec.structs.replace(self, trainings=shorter)


def load_config(path: Path) -> HeadConfig:
    """Read a configuration; raises ValueError with the key that is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), HeadConfig)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error
