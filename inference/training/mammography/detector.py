"""Training of the mass detectors: patches, loss, checkpoints."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from inference.training.detector import Report
from inference.training.losses import focal_loss
from inference.training.mammography.config import Config
from inference.training.mammography.learning import learn
from inference.training.mammography.patches import Breast, batch
from inference.training.optimise import Run
from inference.training.transfer import Start, begun

SMOOTHING = 0.05
"""Of the malignancy labels: some were never biopsied."""
BOX_WEIGHT = MALIGNANCY_WEIGHT = 0.5


def train_detector(
    config: Config,
    name: str,
    breasts: Callable[[], Sequence[Breast]],
    out: Path,
    device: str,
    report: Report,
    start: Start | None = None,
) -> nn.Module:
    """Train `config.detectors[name]`, from scratch, `start` or its checkpoint in `out`; the averaged network.

    `breasts` gives what is learnt from; it is not asked where nothing is left to learn. Random numbers
    depend on seed, name and step only, so a resumed run sees the patches it would have seen.
    """
    settings = config.detector_training
    own = zlib.crc32(name.encode())
    torch.manual_seed(config.seed + own % 1000)
    network, pace = begun(config.detectors[name], start, settings.steps)
    run = Run(
        network.to(device),
        settings.steps,
        settings.learning_rate,
        settings.weight_decay,
        settings.warmup,
        settings.ema,
        layout=torch.channels_last,
        rates=pace.rates,
        learns_from=pace.learns_from,
    )
    checkpoint = out / f"{name}.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    while run.step < settings.steps:
        rng = np.random.default_rng([config.seed, own, run.step])
        chosen = _chosen(config, own, breasts(), run.step)
        losses = _step(run, rng, chosen, config.patch, device)
        report(run.step, settings.steps, losses)
        if run.step % settings.save_every == 0 or run.step == settings.steps:
            run.save(checkpoint)
    return run.averaged()


def _chosen(config: Config, own: int, breasts: Sequence[Breast], step: int) -> list[Breast]:
    """The breasts of one step: every one once an epoch, in another order each time."""
    size = config.detector_training.batch
    first = step * size
    out = []
    for k in range(first, first + size):
        epoch, place = divmod(k, len(breasts))
        order = np.random.default_rng([config.seed, own, 7, epoch]).permutation(len(breasts))
        out.append(breasts[int(order[place])])
    return out


def _step(
    run: Run, rng: np.random.Generator, chosen: Sequence[Breast], shape: tuple[int, int], device: str
) -> dict[str, float]:
    images, aims = batch(rng, chosen, shape)
    return learn(run, images, aims, detection_loss, device)


def detection_loss(
    said: tuple[torch.Tensor, torch.Tensor, torch.Tensor], aims: tuple[torch.Tensor, ...]
) -> tuple[torch.Tensor, dict[str, float]]:
    """Heat, box and malignancy against their aims (see `patches.Aims`), and the terms."""
    heat, box, malignancy = said
    target, weight, sides, near, label = aims
    first = focal_loss(heat[:, 0], target, weight)
    total = near.sum().clamp(min=1.0)
    miss = functional.smooth_l1_loss(box, sides, beta=0.2, reduction="none").sum(dim=1)
    second = (miss * near).sum() / total
    soft = label * (1 - 2 * SMOOTHING) + SMOOTHING
    third = functional.binary_cross_entropy_with_logits(malignancy[:, 0], soft, weight=near, reduction="sum")
    third = third / total
    value = first + BOX_WEIGHT * second + MALIGNANCY_WEIGHT * third
    return value, {
        "heat": float(first.detach()),
        "box": float(second.detach()),
        "kind": float(third.detach()),
    }
