"""Training of the cluster network: patches, loss, checkpoints."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from inference.networks import build
from inference.pipelines.clusters import NETWORK
from inference.training.detector import Report
from inference.training.losses import focal_loss
from inference.training.mammography.cluster_patches import Sheet, batch
from inference.training.mammography.cluster_sheets import drawn
from inference.training.mammography.config import Clusters
from inference.training.mammography.learning import learn
from inference.training.optimise import Run

PHANTOM_SHARE = 0.2
BOX_WEIGHT, SPECK_WEIGHT = 0.5, 0.3

Sheets = tuple[Sequence[Sheet], Sequence[Sheet]]
"""Of films and of phantoms."""


def train_clusters(
    config: Clusters, seed: int, sheets: Callable[[], Sheets], out: Path, device: str, report: Report
) -> nn.Module:
    """From scratch or from the checkpoint in `out`; the averaged network.

    `sheets` is asked only where there is something left to learn. Random numbers depend on seed and step
    only, so a resumed run sees the patches it would have seen.
    """
    settings = config.training
    own = zlib.crc32(NETWORK.encode())
    torch.manual_seed(seed + own % 1000)
    run = Run(
        build(config.network).to(device),
        settings.steps,
        settings.learning_rate,
        settings.weight_decay,
        settings.warmup,
        settings.ema,
        layout=torch.channels_last,
    )
    checkpoint = out / f"{NETWORK}.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    real, made = sheets() if run.step < settings.steps else ((), ())
    while run.step < settings.steps:
        rng = np.random.default_rng([seed, own, run.step])
        chosen = [drawn(rng, real, made, PHANTOM_SHARE) for _ in range(settings.batch)]
        losses = _step(run, rng, chosen, device)
        report(run.step, settings.steps, losses)
        if run.step % settings.save_every == 0 or run.step == settings.steps:
            run.save(checkpoint)
    return run.averaged()


def _step(run: Run, rng: np.random.Generator, chosen: Sequence[Sheet], device: str) -> dict[str, float]:
    images, aims = batch(rng, chosen)
    return learn(run, images, aims, cluster_loss, device)


def cluster_loss(
    said: tuple[torch.Tensor, torch.Tensor, torch.Tensor], aims: tuple[torch.Tensor, ...]
) -> tuple[torch.Tensor, dict[str, float]]:
    """Heat, box and specks against their aims (see `cluster_patches.Aims`), and the terms."""
    heat, box, specks = said
    target, weight, sides, near, dots, counted = aims
    first = focal_loss(heat[:, 0], target, weight)
    miss = functional.smooth_l1_loss(box, sides, beta=0.2, reduction="none").sum(dim=1)
    second = (miss * near).sum() / near.sum().clamp(min=1.0)
    third = focal_loss(specks[:, 0], dots, counted)
    value = first + BOX_WEIGHT * second + SPECK_WEIGHT * third
    return value, {
        "clusters": float(first.detach()),
        "box": float(second.detach()),
        "specks": float(third.detach()),
    }
