"""What whole breasts say: the density network, trained in seconds, and the domain of the training views."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import nn
from torch.nn import functional

from inference.bundle import TrainingDomain
from inference.networks import build
from inference.networks.density2d import CLASSES
from inference.pipelines.density import features_of
from inference.pipelines.mammogram import prepare
from inference.pipelines.mammogram_domain import NAMES, described, statistics
from inference.training.mammography.config import Config
from inference.training.mammography.views import Film

STEPS, LEARNING_RATE, WEIGHT_DECAY = 400, 3e-3, 0.3
TERMS = dict(zip("1234", CLASSES, strict=True))
"""How the data set numbers the densities."""
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Whole:
    """What is measured of whole breasts.

    features    (n, features) of the detector's trunk
    known       (n,) number of the reader's density in `CLASSES`; UNKNOWN where there is none
    statistics  (n, len(NAMES)) see `mammogram_domain`
    """

    features: NDArray[np.float32]
    known: NDArray[np.int64]
    statistics: NDArray[np.float64]

    @property
    def domain(self) -> TrainingDomain:
        """Of these breasts."""
        return described(dict(zip(NAMES, row, strict=True)) for row in self.statistics.tolist())


def whole_breasts(detector: nn.Module, films: Sequence[Film], kept: Path, device: str) -> Whole:
    """Of the films on which a breast is found; the file `kept` has them next time."""
    if not kept.exists():
        features, known, measured = [], [], []
        for film in films:
            prepared = prepare(film.read())
            if prepared is not None:
                features.append(features_of(detector, prepared, device))
                known.append(CLASSES.index(TERMS[film.density]) if film.density in TERMS else UNKNOWN)
                row = statistics(prepared)
                measured.append([row[name] for name in NAMES])
        arrays = {"features": np.stack(features), "known": np.array(known), "statistics": np.array(measured)}
        save_file(arrays, kept)
    return Whole(**load_file(kept))


def train_density(config: Config, learnt: Whole) -> nn.Module:
    """All breasts in every step; 400 steps."""
    torch.manual_seed(config.seed + 4)
    labelled = learnt.known != UNKNOWN
    x, y = (torch.from_numpy(a[labelled]) for a in (learnt.features, learnt.known))
    network = build(config.density).train()
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for _ in range(STEPS):
        loss = functional.cross_entropy(network(x), y)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return network.eval()
