"""From a configuration and labelled pictures to a bundle, in steps that resume. It measures nothing."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch
from monai.losses.dice import DiceCELoss, DiceLoss
from numpy.typing import NDArray
from torch.nn import functional

from inference.bundle import (
    FORMAT,
    NOT_CALIBRATED,
    NOT_MEASURED,
    WEIGHTS,
    Bundle,
    Calibration,
    OwnScale,
    TrainingDomain,
    save_bundle,
)
from inference.evidence.calibration import isotonic
from inference.networks import build, save_networks
from inference.pipelines.classify import Classify
from inference.pipelines.general import NETWORK, GeneralNetwork
from inference.protocol import OperatingPoint
from inference.training.calibrate import NothingMarkedError
from inference.training.detector import Report
from inference.training.general.batches import Learnt, batch, learnt
from inference.training.general.config import Config
from inference.training.general.samples import DataError, Part, Sample, samples
from inference.training.optimise import Run

SPECIFICITIES = {"sensitive": 0.8, "balanced": 0.9, "strict": 0.95}
"""Operating points by the share of calibration pictures without the finding that stay below them."""
UNCALIBRATED = "each is the mean answer of the network inside of an outline."
LEAVES = ("network.safetensors",)
Say = Callable[[str], None]


def train(config: Config, data: Path, out: Path, device: str, report: Report, say: Say) -> Bundle:
    """All steps; taken up where `out` holds a checkpoint. Writes `out/bundle`."""
    say("the pictures")
    pictures = samples(config, data)
    network = train_network(config, pictures, out, device, report)
    say("calibration")
    folder = out / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    save_networks({NETWORK: network.to("cpu")}, folder / WEIGHTS)
    bundle = draft(config, pictures)
    if config.task == "classify2d":
        pipeline = Classify(GeneralNetwork(bundle, network, device))
        bundle = calibrated(pipeline, [s for s in pictures if s.part is Part.CALIBRATION])
    return save_bundle(bundle, folder, card=card(config, bundle))


def train_network(
    config: Config, pictures: list[Sample], out: Path, device: str, report: Report
) -> torch.nn.Module:
    """Train from scratch or from `out/network.safetensors`; returns the averaged network."""
    settings = config.training
    torch.manual_seed(config.seed)
    run = Run(
        build(config.architecture).to(device),
        settings.steps,
        settings.learning_rate,
        settings.weight_decay,
        settings.warmup,
        settings.ema,
        layout=torch.channels_last,
    )
    checkpoint = out / LEAVES[0]
    if checkpoint.exists():
        run.load(checkpoint)
    shown = [learnt(s, config.contract) for s in pictures if s.part is Part.TRAINING]
    if not shown:
        raise DataError(f"{config.data.name}: no picture is of the split 'train'")
    while run.step < settings.steps:
        value = run.advance(partial(_loss, run, config, shown, device))
        report(run.step, settings.steps, {"loss": value})
        if run.step % settings.save_every == 0 or run.step == settings.steps:
            run.save(checkpoint)
    return run.averaged()


def _loss(run: Run, config: Config, shown: list[Learnt], device: str) -> torch.Tensor:
    rng = np.random.default_rng([config.seed, run.step])
    torch.manual_seed(config.seed + run.step)  # dropout, also after a resumed start
    images, labels, masks = batch(rng, shown, config.augment, config.training.batch, config.contract.channels)
    run.network.train()
    logits = run.network(images.to(device))
    if config.task == "classify2d":
        return _label_loss(logits, labels.to(device), softmax=config.contract.activation == "softmax")
    return _mask_loss(logits, masks.to(device), softmax=config.contract.activation == "softmax")


def _label_loss(logits: torch.Tensor, labels: torch.Tensor, *, softmax: bool) -> torch.Tensor:
    if softmax:
        return functional.cross_entropy(logits, labels, label_smoothing=0.05)
    wanted = functional.one_hot(labels, logits.shape[1]).float()
    return functional.binary_cross_entropy_with_logits(logits, wanted)


def _mask_loss(logits: torch.Tensor, masks: torch.Tensor, *, softmax: bool) -> torch.Tensor:
    if softmax:
        loss = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, batch=True)
        out: torch.Tensor = loss(logits, masks)
        return out
    dice: torch.Tensor = DiceLoss(sigmoid=True, batch=True)(logits, masks)
    return dice + functional.binary_cross_entropy_with_logits(logits, masks)


# --- the bundle


def draft(config: Config, pictures: list[Sample]) -> Bundle:
    """The bundle without calibration: scores stand for probabilities, and it says that they do not."""
    count = {part: sum(s.part is part for s in pictures) for part in Part}
    return Bundle(
        format=FORMAT,
        id=config.id,
        version=config.version,
        title=config.title,
        task=config.task,
        sha256="",
        input=config.input,
        labels=config.labels,
        operating_points=(NOT_MEASURED,),
        default_operating_point=NOT_MEASURED.name,
        calibration=NOT_CALIBRATED,
        domain=TrainingDomain(),
        architecture={NETWORK: config.architecture},
        licence=config.licence,
        training={
            "seed": config.seed,
            "steps": config.training.steps,
            "pictures": count[Part.TRAINING],
            "calibration_pictures": count[Part.CALIBRATION],
            "source": f"{config.data.source} ({config.data.licence})",
            "split": "by patient where the data set names patients; its test split held back",
            "set": msgspec.to_builtins(config.data),
        },
        contract=config.contract,
    )


def calibrated(pipeline: Classify, held: list[Sample]) -> Bundle:
    """Each finding's scores to probabilities and operating points, from the calibration pictures.

    Raises `NothingMarkedError` where a finding is on none, or on all, of them.
    """
    bundle = pipeline.bundle
    said = np.array([pipeline.of_view(sample.view) for sample in held])
    truth = np.array([sample.label for sample in held])
    scales = {}
    for k in pipeline.network.contract.found(bundle.labels):
        positive = truth == k
        if not positive.any() or positive.all():
            raise NothingMarkedError(
                f"'{bundle.labels[k]}' is on {int(positive.sum())} of {len(held)} calibration pictures: "
                "nothing can be calibrated"
            )
        scales[bundle.labels[k]] = _scale(said[:, k], positive)
    first = next(iter(scales.values()))
    return msgspec.structs.replace(
        bundle,
        calibration=first.calibration,
        operating_points=first.operating_points,
        default_operating_point="balanced",
        own_scales=scales if len(scales) > 1 else {},
    )


def _scale(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> OwnScale:
    knots, values = isotonic(score, positive.astype(np.float64))
    fitted = Calibration(
        method="isotonic",
        scores=tuple(knots.tolist()),
        probabilities=tuple(values.tolist()),
        fitted_on="calibration pictures of the training split, with their share of findings",
    )
    points = tuple(
        OperatingPoint(
            name,
            float(fitted(np.quantile(score[~positive], specificity))),
            round(1 - specificity, 3),
            "false alarms per picture without the finding",
        )
        for name, specificity in SPECIFICITIES.items()
    )
    return OwnScale(calibration=fitted, operating_points=points)


def card(config: Config, bundle: Bundle) -> str:
    """What it is, what it learnt from, where it ends; figures follow with the evaluation."""
    lines = [
        f"# {bundle.title}: {bundle.id} {bundle.version}",
        "",
        "**Research software. Not a medical device. Not for diagnosis.**",
        "",
        f"- Task: {bundle.task}; labels: {', '.join(bundle.labels)}",
        f"- Reads: {bundle.input.modality}, one grey picture",
        f"- Network: {config.architecture['network']}, from scratch, {config.training.steps} steps",
        f"- Data: {bundle.training['source']}; {bundle.training['pictures']} pictures, "
        f"{bundle.training['calibration_pictures']} more for calibration",
        f"- Licence of the weights: {bundle.licence}",
        "",
        "## Limits",
        *(f"- {limit}" for limit in config.limits),
        *(() if bundle.calibrated else (f"- Its scores are not calibrated: {UNCALIBRATED}",)),
        "- What it learnt from is not described by statistics: no image is called outside of its domain.",
    ]
    return "\n".join(lines) + "\n"
