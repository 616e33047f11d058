"""One network of one fold, learnt in steps that resume exactly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from inference.networks import build
from inference.networks.haemorrhage2d import slice_logits
from inference.training.head.batches import Batch, SliceSource
from inference.training.head.config import HeadConfig
from inference.training.optimise import Run

Report = Callable[[int, int, dict[str, float]], None]
LABEL_WEIGHTS = torch.tensor([2.0, 1.0, 1.0, 1.0, 1.0, 1.0])


def losses(
    network: nn.Module, batch: Batch, positive: float, doubt: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the slices (any bleed counts twice), and of the cells where the truth is known."""
    heat = network(batch.image.contiguous(memory_format=torch.channels_last))
    said = slice_logits(heat, batch.cells)
    each = functional.binary_cross_entropy_with_logits(said, batch.labels, reduction="none")
    if doubt:
        doubtful = (batch.labels > 0) & ~batch.trusted[:, None]
        each = torch.where(doubtful, (1 - torch.sigmoid(said) ** doubt) / doubt, each)
    known = (batch.cells & batch.trusted[:, None, None, None]).float().expand_as(heat)
    cells = functional.binary_cross_entropy_with_logits(
        heat, batch.truth, weight=known, pos_weight=torch.tensor(positive), reduction="sum"
    )
    return (each * LABEL_WEIGHTS).mean(), cells / known.sum().clamp(min=1)


def train_network(
    config: HeadConfig, source: SliceSource, key: tuple[int, int], path: Path, report: Report
) -> nn.Module:
    """The network with averaged weights; goes on from `path`, where the checkpoints are left.

    `key`: the fold that it must not see, and which of the configuration's trainings it is.
    """
    training = config.trainings[key[1]]
    torch.manual_seed(int(np.random.default_rng([config.seed, *key]).integers(2**31)))
    run = Run(
        build(config.network),
        training.steps,
        training.learning_rate,
        training.weight_decay,
        training.warmup,
        training.ema,
        layout=torch.channels_last,
    )
    if path.exists():
        run.load(path)
    run.network.train()
    while run.step < training.steps:
        torch.manual_seed(run.step)  # dropout
        batch = source.batch(np.random.default_rng([config.seed, *key, run.step]))
        said: dict[str, float] = {}

        def loss(batch: Batch = batch, said: dict[str, float] = said) -> torch.Tensor:
            slices, cells = losses(run.network, batch, training.cell_positive, training.doubt)
            said.update(slices=float(slices.detach()), cells=float(cells.detach()))
            return slices + training.cells * cells

        run.advance(loss)
        if run.step % training.save_every == 0 or run.step == training.steps:
            run.save(path)
        report(run.step, training.steps, said)
    return run.averaged()
