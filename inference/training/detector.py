"""Training of stage 1: patches, loss, mining of false peaks, checkpoints."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.pipelines.candidates import candidates
from inference.pipelines.tiles import scaled, sweep
from inference.training.backgrounds import Background
from inference.training.config import Config
from inference.training.losses import focal_loss, mask_loss
from inference.training.optimise import Run
from inference.training.patches import Patch, PatchSource, Place, targets
from inference.training.transfer import Start, begun

CLIP_HU = (-1000.0, 400.0)
CENTRE_WEIGHT = 0.25
MINED_PER_LITRE = 60
MINING_TILE = 104
NODULE_MARGIN_MM = 5

Report = Callable[[int, int, dict[str, float]], None]
"""(step, steps, losses); may raise to stop."""


def train_detector(
    config: Config, source: PatchSource, out: Path, device: str, report: Report, start: Start | None = None
) -> nn.Module:
    """Train stage 1 from scratch, `start` or `out/detector.safetensors`; returns the averaged network.

    Random numbers depend on seed and step only, so a resumed run sees the patches that it would have seen.
    """
    settings = config.detector_training
    torch.manual_seed(config.seed)
    network, pace = begun(config.detector, start, settings.steps)
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
    checkpoint = out / "detector.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    marks = {int(share * settings.steps) for share in settings.mine_at}
    _take_up(run, source, out, marks)
    while run.step < settings.stop_at:
        if run.step in marks:
            _mine(run, config, source, out)
        losses = _step(run, config, source, device)
        report(run.step, settings.stop_at, losses)
        if run.step % settings.save_every == 0 or run.step == settings.stop_at:
            run.save(checkpoint)
    return run.averaged()


def _mine(run: Run, config: Config, source: PatchSource, out: Path) -> None:
    """Gather false peaks on the real backgrounds and on a few procedural ones, other ones each time."""
    rng = np.random.default_rng([config.seed, 2, run.step])
    made = [b for b in source.backgrounds if not b.real]
    some = rng.permutation(len(made))[: config.detector_training.mine_phantoms]
    chosen = [b for b in source.backgrounds if b.real] + [made[int(k)] for k in some]
    network = run.averaged()
    for background in chosen:
        source.hard[background.name] = false_peaks(network, background, config.detector_training.mine_above)
    (out / "hard.json").write_text(json.dumps(source.hard), encoding="utf-8")


def _take_up(run: Run, source: PatchSource, out: Path, marks: set[int]) -> None:
    """Take up the mined places of a run that goes on."""
    kept = out / "hard.json"
    if run.step > min(marks, default=run.step) and kept.exists():
        places = json.loads(kept.read_text(encoding="utf-8"))
        source.hard.update({name: [(z, y, x) for z, y, x in found] for name, found in places.items()})


def _step(run: Run, config: Config, source: PatchSource, device: str) -> dict[str, float]:
    settings = config.detector_training
    rng = np.random.default_rng([config.seed, 1, run.step])
    side = int(rng.choice(settings.sides))
    batch = source.batch(rng, max(settings.voxels // side**3, 1), side)
    parts: dict[str, float] = {}

    def loss(part: slice) -> torch.Tensor:
        value, terms = patch_loss(run.network, batch[part], device)
        parts.update(terms)
        return value

    run.advance_batch(loss, len(batch))
    return parts


def patch_loss(network: nn.Module, batch: list[Patch], device: str) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of stage 1 over a batch, and its terms."""
    aims = [targets(patch) for patch in batch]
    hu = _stack([scaled(patch.hu, CLIP_HU) for patch in batch], device)
    centre, mask = network(hu)
    first = focal_loss(
        centre, _stack([a.centre for a in aims], device), _stack([a.centre_weight for a in aims], device)
    )
    second = mask_loss(
        mask, _stack([a.mask for a in aims], device), _stack([a.mask_weight for a in aims], device)
    )
    return CENTRE_WEIGHT * first + second, {"centre": float(first.detach()), "mask": float(second.detach())}


def _stack(arrays: list[NDArray[np.float32]], device: str) -> torch.Tensor:
    return torch.from_numpy(np.stack(arrays)[:, None]).to(device)


def false_peaks(network: nn.Module, background: Background, above: float) -> list[Place]:
    """Places of peaks on a background away from nodules, highest first."""
    hu = background.hu.astype(np.float32)
    nodules = ndimage.binary_dilation(background.lesions > 0, iterations=NODULE_MARGIN_MM)
    where = background.read & background.usable & ~nodules
    maps = sweep(network, hu, where, CLIP_HU, MINING_TILE, lambda _: None)
    most = max(int(MINED_PER_LITRE * background.litres), 5)
    found = candidates(maps, where, above, most)
    return [(round(f.centre[0]), round(f.centre[1]), round(f.centre[2])) for f in found]
