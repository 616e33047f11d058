"""Training a general network: from labelled images to its averaged weights, in steps that resume."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from inference.contract import TASKS
from inference.networks import build
from inference.training.detector import Report
from inference.training.general.batches import Learnt, batch, learnt, middle
from inference.training.general.config import Config
from inference.training.general.early_stop import LEAF, EarlyStop
from inference.training.general.losses import loss_of
from inference.training.general.samples import DataError, Sample
from inference.training.optimise import Run
from inference.training.split import Part
from inference.training.transfer import Pace, Start, begin

CHECKPOINT = "network.safetensors"
LEAVES = (CHECKPOINT, LEAF)
Say = Callable[[str], None]


def train_network(
    config: Config,
    pictures: list[Sample],
    out: Path,
    device: str,
    report: Report,
    start: Start | None = None,
    say: Say = lambda _: None,
) -> tuple[torch.nn.Module, tuple[str, ...]]:
    """Train from scratch, from `start`, or from the checkpoint in `out`.

    Returns the averaged network, and what became of the tensors of `start`.
    """
    settings = config.training
    run, began = _begun(config, start, device, say)
    checkpoint = out / CHECKPOINT
    if checkpoint.exists():
        run.load(checkpoint)
    shown, held = (
        [learnt(s, config) for s in pictures if s.part is part]
        for part in (Part.TRAINING, Part.CALIBRATION if config.patience else None)
    )
    if config.patience and not held:
        raise DataError(f"{config.data.name}: patience needs calibration images, and there is none")
    stop = EarlyStop(out, config.patience * settings.save_every, partial(_held_loss, config, held, device))
    while run.step < settings.steps:
        losses = {"loss": _step(run, config, shown, device)}
        checked = run.step % settings.save_every == 0 or run.step == settings.steps
        ended = False
        if checked and config.patience:
            losses["held back"], ended = stop.check(run)
        report(run.step, settings.steps, losses)
        if checked:
            run.save(checkpoint)
        if ended:
            break
    return (stop.best(run.averaged()) if config.patience else run.averaged()), began


def _begun(config: Config, start: Start | None, device: str, say: Say) -> tuple[Run, tuple[str, ...]]:
    """A run before its first step, and what became of the tensors of `start`."""
    settings = config.training
    torch.manual_seed(config.seed)
    network, pace, began = build(config.architecture), Pace(), list[str]()
    if start is not None:
        loaded, pace = begin(network, str(config.architecture["network"]), start, settings.steps)
        began = loaded.lines()
        for line in began:
            say(line)
    run = Run(
        network.to(device),
        settings.steps,
        settings.learning_rate,
        settings.weight_decay,
        settings.warmup,
        settings.ema,
        layout=_layout(config),
        rates=pace.rates,
        learns_from=pace.learns_from,
    )
    return run, tuple(began)


def _layout(config: Config) -> torch.memory_format:
    """Channels last is faster, but a detector's backward pass crashes so in torch 2.13 on a CPU (64 x 64)."""
    if config.task.startswith("boxes"):
        return torch.contiguous_format
    return torch.channels_last if TASKS[config.task] == 2 else torch.channels_last_3d


def _step(run: Run, config: Config, shown: list[Learnt], device: str) -> float:
    rng = np.random.default_rng([config.seed, run.step])
    torch.manual_seed(config.seed + run.step)  # dropout, also after a resumed start
    made = batch(rng, shown, config.augment, config.training.batch, config.contract.channels)
    images, *truth = (tensor.to(device) for tensor in made)
    loss = loss_of(config)
    return run.advance_batch(
        lambda part: loss(run.network(images[part]).float(), *(t[part] for t in truth)), config.training.batch
    )


def _held_loss(config: Config, held: list[Learnt], device: str, network: torch.nn.Module) -> float:
    """Mean over images as they are (their middle, where training sees cut-outs)."""
    losses, loss = [], loss_of(config)
    for one in held:
        both = torch.cat([one.image, one.mask])[None]
        if config.augment.crop:
            both = middle(both, config.augment.crop)
        image = both[:, :1].repeat_interleave(config.contract.channels, dim=1).to(device)
        label = torch.tensor([one.label], device=device)
        losses.append(float(loss(network(image).float(), label, both[:, 1:].to(device))))
    return float(np.mean(losses))
