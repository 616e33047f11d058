"""Training of the classifiers of masses: from the trunk of a trained detector, on plates."""

import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from inference.networks.classify2d import MassClassifier
from inference.networks.detect2d import LesionNet
from inference.pipelines.classify2d import tensors
from inference.training.detector import Report
from inference.training.mammography.config import Config
from inference.training.mammography.crops import UNKNOWN, Plates, augmented
from inference.training.mammography.detector import SMOOTHING
from inference.training.optimise import Run
from inference.training.transfer import Start, begun

TRUNK_RATE = 0.4
"""Of the learning rate, for the trunk: it has learnt already."""
FALSE_SHARE = 0.25
"""So much of a batch is false marks."""
MASS_WEIGHT, CONCEPT_WEIGHT = 0.5, 2.0
"""Beside the malignancy, whose loss weighs 1."""


def train_classifier(
    config: Config,
    name: str,
    detector: nn.Module,
    plates: Plates,
    out: Path,
    device: str,
    report: Report,
    start: Start | None = None,
) -> nn.Module:
    """Train `config.classifiers[name]` from `start`, or the trunk of the detector, or go on from `out`.

    Random numbers depend on seed, name and step only. Returns the averaged network.
    """
    settings = config.classifier_training
    own = zlib.crc32(name.encode())
    torch.manual_seed(config.seed + own % 1000)
    network, pace = begun(config.classifiers[name], start, settings.steps)
    assert isinstance(network, MassClassifier)
    assert isinstance(detector, LesionNet)
    if start is None:
        network.trunk.load_state_dict(detector.trunk.state_dict())
    run = Run(
        network.to(device),
        settings.steps,
        settings.learning_rate,
        settings.weight_decay,
        settings.warmup,
        settings.ema,
        layout=torch.channels_last,
        rates={"trunk.": TRUNK_RATE} if start is None else pace.rates,
        learns_from=pace.learns_from,
    )
    checkpoint = out / f"{name}.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    masses, false = (np.flatnonzero((plates.malignant == UNKNOWN) == k) for k in (False, True))
    few = int(settings.batch * FALSE_SHARE) if len(false) else 0
    while run.step < settings.steps:
        rng = np.random.default_rng([config.seed, own, run.step])
        chosen = np.concatenate([rng.choice(masses, settings.batch - few), rng.choice(false, few)])
        report(run.step, settings.steps, _step(run, rng, plates, chosen, device))
        if run.step % settings.save_every == 0 or run.step == settings.steps:
            run.save(checkpoint)
    return run.averaged()


def _step(
    run: Run, rng: np.random.Generator, plates: Plates, chosen: NDArray[np.intp], device: str
) -> dict[str, float]:
    crops = tensors([augmented(rng, plates, int(k)) for k in chosen])
    given = [t.to(device) for t in crops]
    malignant, concepts = (
        torch.from_numpy(a[chosen].astype(np.float32)).to(device) for a in (plates.malignant, plates.concepts)
    )
    parts: dict[str, float] = {}

    def loss() -> torch.Tensor:
        mass, kind, said = run.network(*given)
        terms = {
            "mass": MASS_WEIGHT * _bce(mass[:, 0], (malignant >= 0).float()),
            "malignant": _bce(kind[:, 0], malignant),
            "concepts": CONCEPT_WEIGHT * _bce(said, concepts),
        }
        parts.update({name: float(term.detach()) for name, term in terms.items()})
        return torch.stack(list(terms.values())).sum()

    run.advance(loss)
    return parts


def _bce(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean over what is known (0 or 1), with smoothed labels."""
    known = (wanted >= 0).float()
    soft = wanted.clamp(min=0) * (1 - 2 * SMOOTHING) + SMOOTHING
    each = functional.binary_cross_entropy_with_logits(logits, soft, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1.0)
