"""The training configuration of `mg_lesion` (`train.toml`) as frozen values; unknown keys are refused."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one network is trained: AdamW, warm-up, cosine over `steps`, averaged weights."""

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    warmup: int
    ema: float
    save_every: int


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    detectors   networks of equal task whose heat is averaged, by name
    patch       rows and columns of a detector's patch, coarse pixels; divisible by 32
    """

    seed: int
    patch: tuple[int, int]
    detectors: dict[str, dict[str, Any]]
    detector_training: Schedule

    def with_detector_steps(self, steps: int) -> "Config":
        """The same with another length of training."""
        return msgspec.structs.replace(
            self, detector_training=msgspec.structs.replace(self.detector_training, steps=steps)
        )


def load_config(path: Path) -> Config:
    """Read a configuration; raises ValueError with the key that is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Config)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error
