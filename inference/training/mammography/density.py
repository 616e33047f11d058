"""Training of the density network: on features of whole breasts, in seconds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import nn
from torch.nn import functional

from inference.networks import build
from inference.networks.density2d import CLASSES
from inference.pipelines.density import features_of
from inference.pipelines.mammogram import prepare
from inference.training.mammography.config import Config
from inference.training.mammography.views import Film

STEPS, LEARNING_RATE, WEIGHT_DECAY = 400, 3e-3, 0.3
TERMS = dict(zip("1234", CLASSES, strict=True))
"""How the data set numbers the densities."""

Features = tuple[NDArray[np.float32], NDArray[np.int64]]


def features(detector: nn.Module, films: Sequence[Film], kept: Path, device: str) -> Features:
    """(n, features) and (n,) class of films whose density is known; the file `kept` has them next time."""
    if not kept.exists():
        rows, known = [], []
        for film in films:
            prepared = prepare(film.read()) if film.density in TERMS else None
            if prepared is not None:
                rows.append(features_of(detector, prepared, device))
                known.append(CLASSES.index(TERMS[film.density]))
        save_file({"features": np.stack(rows), "known": np.array(known, np.int64)}, kept)
    found = load_file(kept)
    return found["features"], found["known"]


def train_density(config: Config, learnt: Features) -> nn.Module:
    """All breasts in every step; 400 steps."""
    torch.manual_seed(config.seed + 4)
    x, y = (torch.from_numpy(a) for a in learnt)
    network = build(config.density).train()
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for _ in range(STEPS):
        loss = functional.cross_entropy(network(x), y)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return network.eval()
