"""From a configuration and labelled pictures to a bundle, in steps that resume. It measures nothing."""

from pathlib import Path

import msgspec

from inference.bundle import WEIGHTS, Bundle, save_bundle
from inference.contract import TASKS
from inference.networks import save_networks
from inference.pipelines.general import NETWORK, GeneralNetwork
from inference.training.detector import Report
from inference.training.general.calibrate import calibrated
from inference.training.general.config import Config
from inference.training.general.learning import LEAVES as LEAVES
from inference.training.general.learning import Say, train_network
from inference.training.general.samples import Sample, samples
from inference.training.split import Part
from inference.training.transfer import Start, claim

UNCALIBRATED = "each is the mean answer of the network inside of an outline."


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
    held = [s for s in pictures if s.part is Part.CALIBRATION]
    bundle = calibrated(GeneralNetwork(bundle, network, device), held)
    return save_bundle(bundle, folder, card=card(config, bundle))


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
