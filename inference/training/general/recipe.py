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

from inference.bundle import WEIGHTS, Bundle, Calibration, OwnScale, save_bundle
from inference.contract import TASKS
from inference.evidence.calibration import isotonic
from inference.networks import build, save_networks
from inference.pipelines.classify import Classify
from inference.pipelines.general import NETWORK, GeneralNetwork
from inference.protocol import OperatingPoint
from inference.training.calibrate import NothingMarkedError
from inference.training.detector import Report
from inference.training.general.batches import Learnt, batch, learnt, middle
from inference.training.general.config import Config
from inference.training.general.early_stop import LEAF, EarlyStop
from inference.training.general.samples import DataError, Sample, samples
from inference.training.optimise import Run
from inference.training.split import Part
from inference.training.transfer import Pace, Start, begin, claim

SPECIFICITIES = {"sensitive": 0.8, "balanced": 0.9, "strict": 0.95}
"""Operating points by the share of calibration pictures without the finding that stay below them."""
UNCALIBRATED = "each is the mean answer of the network inside of an outline."
CHECKPOINT = "network.safetensors"
LEAVES = (CHECKPOINT, LEAF)
Say = Callable[[str], None]


def train(
    config: Config, data: Path, out: Path, device: str, report: Report, say: Say, start: Start | None = None
) -> Bundle:
    """All steps; taken up where `out` holds a checkpoint. Writes `out/bundle`.

    start  weights to begin with; what of them was loaded is said line by line
    """
    claim(out, start)
    say("the pictures")
    pictures = samples(config, data)
    network, began = train_network(config, pictures, out, device, report, start, say)
    say("calibration")
    folder = out / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    save_networks({NETWORK: network.to("cpu")}, folder / WEIGHTS)
    bundle = draft(config, pictures)
    if start is not None:
        training = {**bundle.training, "start": list(began), "transfer": msgspec.to_builtins(start.plan)}
        bundle = msgspec.structs.replace(bundle, parent=start.sha256, training=training)
    if config.task.startswith("classify"):
        pipeline = Classify(GeneralNetwork(bundle, network, device))
        bundle = calibrated(pipeline, [s for s in pictures if s.part is Part.CALIBRATION])
    return save_bundle(bundle, folder, card=card(config, bundle))


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
        layout=torch.channels_last if TASKS[config.task] == 2 else torch.channels_last_3d,
        rates=pace.rates,
        learns_from=pace.learns_from,
    )
    checkpoint = out / CHECKPOINT
    if checkpoint.exists():
        run.load(checkpoint)
    shown, held = (
        [learnt(s, config.contract) for s in pictures if s.part is part]
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
    return (stop.best(run.averaged()) if config.patience else run.averaged()), tuple(began)


def _step(run: Run, config: Config, shown: list[Learnt], device: str) -> float:
    rng = np.random.default_rng([config.seed, run.step])
    torch.manual_seed(config.seed + run.step)  # dropout, also after a resumed start
    made = batch(rng, shown, config.augment, config.training.batch, config.contract.channels)
    given = tuple(tensor.to(device) for tensor in made)
    size = config.training.batch
    return run.advance_batch(lambda part: _loss(run.network, config, *(t[part] for t in given)), size)


def _loss(
    network: torch.nn.Module, config: Config, images: torch.Tensor, labels: torch.Tensor, masks: torch.Tensor
) -> torch.Tensor:
    logits = network(images).float()
    of = _mask_loss if config.task.startswith("segment") else _label_loss
    return of(logits, masks if of is _mask_loss else labels, softmax=config.contract.activation == "softmax")


def _held_loss(config: Config, held: list[Learnt], device: str, network: torch.nn.Module) -> float:
    """Mean over images as they are (their middle, where training sees cut-outs)."""
    losses = []
    for one in held:
        both = torch.cat([one.image, one.mask])[None]
        if config.augment.crop:
            both = middle(both, config.augment.crop)
        image = both[:, :1].repeat_interleave(config.contract.channels, dim=1).to(device)
        loss = _loss(network, config, image, torch.tensor([one.label], device=device), both[:, 1:].to(device))
        losses.append(float(loss))
    return float(np.mean(losses))


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
    return config.unmeasured(
        {
            "seed": config.seed,
            "schedule": msgspec.to_builtins(config.training),
            "augment": msgspec.to_builtins(config.augment),
            "steps": config.training.steps,
            "pictures": count[Part.TRAINING],
            "calibration_pictures": count[Part.CALIBRATION],
            "source": f"{config.data.source} ({config.data.licence})",
            "split": "by patient where the data set names patients; its test split held back",
            "set": msgspec.to_builtins(config.data),
        },
    )


def calibrated(pipeline: Classify, held: list[Sample]) -> Bundle:
    """Each finding's scores to probabilities and operating points, from the calibration pictures.

    Raises `NothingMarkedError` where a finding is on none, or on all, of them.
    """
    bundle = pipeline.bundle
    said = np.array([pipeline.scores(sample.image) for sample in held])
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


def _origin(bundle: Bundle) -> str:
    if not bundle.parent:
        return "from scratch"
    return f"from weights {bundle.parent[:12]} ({'; '.join(bundle.training['start'])})"


def card(config: Config, bundle: Bundle) -> str:
    """What it is, what it learnt from, where it ends; figures follow with the evaluation."""
    lines = [
        f"# {bundle.title}: {bundle.id} {bundle.version}",
        "",
        "**Research software. Not a medical device. Not for diagnosis.**",
        "",
        f"- Task: {bundle.task}; labels: {', '.join(bundle.labels)}",
        f"- Reads: {bundle.input.modality}, one grey {'volume' if TASKS[config.task] == 3 else 'picture'}",
        f"- Network: {config.architecture['network']}, {_origin(bundle)}, "
        f"at most {config.training.steps} steps",
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
