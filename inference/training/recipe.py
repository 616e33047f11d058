"""The whole recipe of `ct_lung_nodule`, from data to networks, in resumable steps. What is measured is elsewhere."""

from pathlib import Path

from torch import nn

from inference.training.backgrounds import TRAINING_SEEDS, phantoms, real_training
from inference.training.config import Config
from inference.training.ct_chest import Part, nodules
from inference.training.detector import Report, train_detector
from inference.training.implants import ImplantMix
from inference.training.patches import PatchSource


def implant_mix(config: Config) -> ImplantMix:
    """What is implanted, from the configuration."""
    mix = config.mix
    return ImplantMix(mix.procedural, mix.subsolid, mix.scale_sigma, mix.density_hu)


def patch_source(config: Config, data: Path, out: Path) -> PatchSource:
    """Backgrounds (made or read from `out/backgrounds`) and the training side of the crops."""
    folder = out / "backgrounds"
    made = phantoms(folder, TRAINING_SEEDS[: config.phantoms])
    return PatchSource(
        [*real_training(folder, data, config.real), *made],
        tuple(nodules(data, Part.TRAINING, cubes=False)),
        tuple(nodules(data, Part.TRAINING, cubes=True)),
        implant_mix(config),
    )


def detector(config: Config, data: Path, out: Path, device: str, report: Report) -> nn.Module:
    """Stage 1."""
    return train_detector(config, patch_source(config, data, out), out, device, report)
