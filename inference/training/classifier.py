"""Training of stage 2 on harvested candidates: balanced batches, shifts, turns and scanner noise."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from inference.pipelines.candidates import CROP
from inference.pipelines.tiles import scaled
from inference.training.augment import scanner, turned
from inference.training.config import Config
from inference.training.detector import CLIP_HU, Report
from inference.training.harvest import CUT, Harvest
from inference.training.optimise import Run
from inference.training.transfer import Start, begun


def train_classifier(
    config: Config, data: Harvest, out: Path, device: str, report: Report, start: Start | None = None
) -> nn.Module:
    """Train stage 2 from scratch, `start` or `out/classifier.safetensors`; returns the averaged network."""
    settings = config.classifier_training
    torch.manual_seed(config.seed + 1)
    network, pace = begun(config.classifier, start, settings.steps)
    run = Run(
        network.to(device),
        settings.steps,
        settings.learning_rate,
        settings.weight_decay,
        settings.warmup,
        settings.ema,
        rates=pace.rates,
        learns_from=pace.learns_from,
    )
    checkpoint = out / "classifier.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    groups = [np.flatnonzero((data.hit == hit) & (data.real == real)) for hit in (0, 1) for real in (0, 1)]
    groups = [group for group in groups if len(group)]
    while run.step < settings.steps:
        rng = np.random.default_rng([config.seed, 3, run.step])
        chosen = np.concatenate([rng.choice(group, settings.batch // len(groups)) for group in groups])
        crops, hits = batch(rng, data, chosen)
        smooth = hits * (1 - 2 * settings.label_smoothing) + settings.label_smoothing

        def loss(crops: torch.Tensor = crops, smooth: torch.Tensor = smooth) -> torch.Tensor:
            logits = run.network(crops.to(device))[:, 0]
            return functional.binary_cross_entropy_with_logits(logits.float(), smooth.to(device))

        report(run.step, settings.steps, {"classifier": run.advance(loss)})
        if run.step % settings.save_every == 0 or run.step == settings.steps:
            run.save(checkpoint)
    return run.averaged()


def batch(
    rng: np.random.Generator, data: Harvest, chosen: NDArray[np.intp]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Augmented crops (n, 3, 32, 32, 32) and whether each is a nodule (n,)."""
    crops = np.stack([_crop(rng, data, int(k)) for k in chosen])
    return torch.from_numpy(crops), torch.from_numpy(data.hit[chosen].astype(np.float32))


def _crop(rng: np.random.Generator, data: Harvest, k: int) -> NDArray[np.float32]:
    room = CUT - CROP
    z, y, x = (slice(int(f), int(f) + CROP) for f in rng.integers(1, room, 3))
    hu, mask, lung = turned(rng, data.hu[k, z, y, x], data.mask[k, z, y, x], data.lung[k, z, y, x])
    picture = scaled(scanner(rng, hu.astype(np.float32)), CLIP_HU)
    return np.stack([picture, mask.astype(np.float32) / 255, lung.astype(np.float32)])
