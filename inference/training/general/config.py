"""The configuration of a general network (`train.toml`) as frozen values; unknown keys are refused."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import torch

from inference.contract import TASKS, contract_faults
from inference.networks import build
from inference.pipelines.general import Described
from inference.training.mammography.config import Schedule
from inference.training.transfer import Transfer


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the labelled pictures lie; see `samples`.

    name    of the data set: NAME.npz, or NAME.csv with NAME.zip (pictures) or the folder NAME (volumes)
    label   column of the csv that holds the label (classification)
    values  what stands in that column (or in the npz), for each label; several values may mean one label
    grey    what a colour picture is read as: its channel (0 red, 1 green, 2 blue), or their mean
    source  who made it, for the card
    licence of the data
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[\w-]+$")]
    label: str = ""
    values: dict[str, tuple[str, ...]] = {}
    grey: Literal[0, 1, 2, "mean"] = "mean"
    source: str = ""
    licence: str = ""


class Augment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How pictures are varied while learning.

    flips      axes of the network's image that may be flipped
    turn_deg, scale, shift  largest rotation, change of size, shift (share of a side)
    grey       largest change of brightness and of contrast
    crop       sides of a random cut-out, half of them round what is to be outlined; () takes the whole image
    """

    flips: tuple[int, ...] = ()
    turn_deg: float = 10.0
    scale: float = 0.1
    shift: float = 0.05
    grey: float = 0.1
    crop: tuple[int, ...] = ()


class Config(Described, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    patience  training ends where the loss on the calibration images was lowest, once it has not fallen for so
              many checks (at every `save_every` steps); 0: after all steps
    transfer  how weights given with --from learn on
    limits    sentences for the card
    """

    seed: int
    data: Data
    training: Schedule
    augment: Augment = Augment()
    patience: Annotated[int, msgspec.Meta(ge=0)] = 0
    transfer: Transfer = Transfer()
    limits: tuple[str, ...] = ()

    def with_steps(self, steps: int) -> "Config":
        """The same with another length of training."""
        return msgspec.structs.replace(self, training=msgspec.structs.replace(self.training, steps=steps))


def load_config(path: Path) -> Config:
    """Read a configuration; raises ValueError with the key that is wrong."""
    try:
        config = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Config)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error
    with torch.device("meta"):
        build(config.architecture)  # raises ArchitectureError, a ValueError
    fault = next(contract_faults(config.task, config.contract, config.labels), None)
    if fault is not None:
        raise ValueError(f"{path}: {fault}")
    if config.augment.crop and len(config.augment.crop) != TASKS[config.task]:
        raise ValueError(f"{path}: augment.crop needs {TASKS[config.task]} sides, or none")
    cut = config.task in ("segment3d", "boxes3d") and config.augment.crop
    if TASKS[config.task] == 3 and not (config.contract.size or cut):
        raise ValueError(
            f"{path}: volumes differ in size: contract.size (or, but for labels, augment.crop) is needed"
        )
    said = config.architecture.get("labels", 1)
    if config.task.startswith("boxes") and said != len(config.labels):
        raise ValueError(f"{path}: architecture.labels is {said}, and there are {len(config.labels)} labels")
    sides = config.augment.crop or config.contract.size
    if config.task.startswith("boxes") and (not sides or any(n % config.contract.multiple for n in sides)):
        raise ValueError(
            f"{path}: a detector learns from sides of a multiple of contract.multiple "
            f"({config.contract.multiple}), as augment.crop or contract.size; found {list(sides)}"
        )
    if config.task.startswith("classify") and set(config.data.values) != set(config.labels):
        raise ValueError(f"{path}: data.values needs one entry for each label")
    return config
