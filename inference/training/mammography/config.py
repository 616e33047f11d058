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


class Clusters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network for calcification clusters; at most so many films and exams of phantoms to learn from."""

    films: int
    phantoms: int
    network: dict[str, Any]
    training: Schedule

    def with_steps(self, most: int) -> "Clusters":
        """At most so many steps, and no more phantoms than would be met in them."""
        training = msgspec.structs.replace(self.training, steps=min(self.training.steps, most))
        return msgspec.structs.replace(self, training=training, phantoms=min(self.phantoms, most // 100))


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    detectors    networks of equal task whose heat is averaged, by name
    classifiers  of what the detectors find; each starts from the trunk of a detector, taken in turn
    patch        rows and columns of a detector's patch, coarse pixels; divisible by 32
    density      of the breast, from the trunk of the first detector
    spread_mm    see `both_views.Agreement`
    """

    seed: int
    patch: tuple[int, int]
    detectors: dict[str, dict[str, Any]]
    detector_training: Schedule
    classifiers: dict[str, dict[str, Any]]
    classifier_training: Schedule
    density: dict[str, Any]
    spread_mm: float
    cluster: Clusters

    def with_steps(self, most: int) -> "Config":
        """The same with at most so many steps for each network."""
        named = {"detector_training": self.detector_training, "classifier_training": self.classifier_training}
        shorter = {
            name: msgspec.structs.replace(own, steps=min(own.steps, most)) for name, own in named.items()
        }
        return msgspec.structs.replace(self, cluster=self.cluster.with_steps(most), **shorter)


def load_config(path: Path) -> Config:
    """Read a configuration; raises ValueError with the key that is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Config)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error
