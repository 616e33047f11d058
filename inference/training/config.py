"""The training configuration (`train.toml`) as frozen values; unknown keys are refused."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is implanted; see `implants.ImplantMix`."""

    procedural: float
    subsolid: float
    scale_sigma: float
    density_hu: float


class DetectorTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stage 1: `voxels` of each batch, patch `sides` in mm, shares of the steps for mining.

    `steps` is the length of the learning rate's cosine; training ends at `stop_at`, with averaged weights.
    """

    steps: int
    stop_at: int
    sides: tuple[int, ...]
    voxels: int
    learning_rate: float
    weight_decay: float
    warmup: int
    ema: float
    mine_at: tuple[float, ...]
    mine_above: float
    mine_phantoms: int
    save_every: int


class ClassifierTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stage 2: candidates are harvested on fresh phantoms and the real backgrounds, then learnt."""

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    warmup: int
    ema: float
    label_smoothing: float
    harvest_phantoms: int
    harvest_rounds: int
    save_every: int
    harvest_chests: int = 0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    `phantoms` are fast chests at 1 mm, `chests` are drawn as the demonstration is; likewise for calibration.
    `outlined_chests`: in so many the network's own outlines are learnt from; 0 = all nodules are implanted.
    """

    seed: int
    phantoms: int
    calibration_phantoms: int
    real: tuple[str, ...]
    mix: Mix
    detector: dict[str, Any]
    detector_training: DetectorTraining
    classifier: dict[str, Any]
    classifier_training: ClassifierTraining
    chests: int = 0
    calibration_chests: int = 0
    outlined_chests: int = 0

    def with_detector_steps(self, steps: int) -> "Config":
        """The same with another length of stage 1."""
        shorter = msgspec.structs.replace(self.detector_training, steps=steps, stop_at=steps)
        return msgspec.structs.replace(self, detector_training=shorter)


def load_config(path: Path) -> Config:
    """Read a configuration; raises ValueError with the key that is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Config)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error
