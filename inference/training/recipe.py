"""The recipe of `ct_lung_nodule` from data to a bundle, in steps that resume. It measures nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from torch import nn

from inference.bundle import FORMAT, WEIGHTS, Bundle, Calibration, Range, TrainingDomain, save_bundle
from inference.input_contract import InputContract
from inference.networks import save_networks
from inference.networks.classify3d import CandidateClassifier
from inference.pipelines.detect3d import Detect3D
from inference.pipelines.domain import statistics
from inference.pipelines.lungs import find_lungs
from inference.protocol import OperatingPoint
from inference.training.backgrounds import (
    HARVEST_SEEDS,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
    Background,
    cached,
    chests,
    phantoms,
    real_background,
    real_training,
)
from inference.training.calibrate import (
    DEFAULT,
    NODULES_PER_LITRE,
    Trial,
    calibration,
    domain_statistics,
    operating_points,
    trial,
)
from inference.training.characterise import characterise
from inference.training.classifier import train_classifier
from inference.training.config import Config
from inference.training.ct_chest import Nodule, Part, nodules
from inference.training.detector import CLIP_HU, Report, train_detector
from inference.training.harvest import Draw, Harvest, harvest, joined, with_implants
from inference.training.implants import ImplantMix, random_implant
from inference.training.patches import PatchSource

VALIDATION_HALF = "lungdx_a0001_validation"
FITTED_ON = (
    "nodules of procedural chests, and implants of calibration patients there and in the left half of A0001"
)
SPREAD = {"lung_hu": 25.0, "lung_sd": 12.0, "noise_hu": 8.0}
"""What augmentation adds to the deviation of the domain's statistics, HU."""

SETTINGS = {"tile": 128.0, "peak": 0.04, "most": 140.0, "explain_below": 5.0, "explain_most": 30.0}

Say = Callable[[str], None]


def implant_mix(config: Config) -> ImplantMix:
    """What is implanted, from the configuration."""
    mix = config.mix
    return ImplantMix(mix.procedural, mix.subsolid, mix.scale_sigma, mix.density_hu)


def drawer(library: tuple[Nodule, ...], mix: ImplantMix) -> Draw:
    """A function that draws implants from a library."""
    return lambda rng: random_implant(rng, library, mix)


def patch_source(config: Config, data: Path, out: Path) -> PatchSource:
    """Backgrounds (made or read from `out/backgrounds`) and the training side of the crops."""
    folder = out / "backgrounds"
    made = phantoms(folder, TRAINING_SEEDS[: config.phantoms])
    whole = chests(folder, TRAINING_SEEDS[: config.chests])
    return PatchSource(
        [*real_training(folder, data, config.real), *made, *whole],
        tuple(nodules(data, Part.TRAINING, cubes=False)),
        tuple(nodules(data, Part.TRAINING, cubes=True)),
        implant_mix(config),
    )


def train(config: Config, data: Path, out: Path, device: str, report: Report, say: Say) -> Bundle:
    """All steps; each one that `out` already holds is taken up where it stopped. Writes `out/bundle`."""
    say("data")
    source = patch_source(config, data, out)
    say("stage 1: centre and mask")
    detector = train_detector(config, source, out, device, report)
    say("candidates for stage 2")
    harvested = gathered(config, detector, source, data, out)
    say(f"stage 2: {int(harvested.hit.sum())} nodules, {int((~harvested.hit).sum())} others")
    classifier = cast("CandidateClassifier", train_classifier(config, harvested, out, device, report))
    say("calibration")
    bundle = bundled(config, detector, classifier, source, data, out, device)
    say("type, concepts and malignancy of nodules")
    try:
        bundle, _ = characterise(
            out / "bundle", data, out / "outlines", device, report, config.outlined_chests
        )
    except ValueError as error:  # too short a training; what there is can be looked at
        say(f"{error}: the bundle goes without type, concepts and malignancy; train longer")
    return bundle


def gathered(config: Config, detector: nn.Module, source: PatchSource, data: Path, out: Path) -> Harvest:
    """The harvest, read from `out` or made: fresh chests and real backgrounds, implants anew each round."""
    path = out / "harvest.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            return Harvest(*(arrays[name] for name in Harvest.__slots__))
    settings = config.classifier_training
    fresh = [
        *phantoms(out / "backgrounds", HARVEST_SEEDS[: settings.harvest_phantoms]),
        *chests(out / "backgrounds", HARVEST_SEEDS[: settings.harvest_chests]),
    ]
    real = [b for b in source.backgrounds if b.real]
    draw = drawer(tuple(source.nodules), source.mix)
    parts = []
    for number, background in enumerate(_rounds(fresh, real, settings.harvest_rounds)):
        rng = np.random.default_rng([config.seed, 4, number])
        hu, _, placed = with_implants(rng, background, draw)
        parts.append(harvest(detector, background, hu, placed, clip=CLIP_HU, tile=96, above=0.1, most=250))
    whole = joined(parts)
    np.savez(path, **{name: getattr(whole, name) for name in Harvest.__slots__})
    return whole


def _rounds(fresh: list[Background], real: list[Background], rounds: int) -> Iterator[Background]:
    """Every chest once a round, real ones twice (the second time mirrored)."""
    for _ in range(rounds):
        yield from fresh
        yield from real
        yield from (mirrored(background) for background in real)


def mirrored(background: Background) -> Background:
    """Left and right exchanged."""
    hu = np.ascontiguousarray(background.hu[:, :, ::-1])
    masks = (background.lung, background.read, background.usable)
    lung, read, usable = (np.ascontiguousarray(mask[:, :, ::-1]) for mask in masks)
    lesions = np.ascontiguousarray(background.lesions[:, :, ::-1])
    return Background(background.name, background.real, hu, lung, read, usable, lesions)


def bundled(
    config: Config,
    detector: nn.Module,
    classifier: CandidateClassifier,
    source: PatchSource,
    data: Path,
    out: Path,
    device: str,
) -> Bundle:
    """Calibrate and write the bundle into `out/bundle`; its card says that nothing was measured yet."""
    draft = draft_bundle(config)
    pipeline = Detect3D(draft, detector, classifier, device)
    trials = list(calibration_trials(config, pipeline, data, out))
    fitted = calibration(
        trials,
        FITTED_ON,
    )
    folder = out / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    save_networks({"detector": detector, "classifier": classifier}, folder / WEIGHTS)
    domain = TrainingDomain(statistics=training_statistics(source))
    bundle = msgspec.structs.replace(
        draft, calibration=fitted, operating_points=operating_points(trials, fitted), domain=domain
    )
    return save_bundle(bundle, folder, card=f"# {bundle.title}\n\nNot measured yet: run the evaluation.\n")


def draft_bundle(config: Config) -> Bundle:
    """Everything but weights, calibration, operating points and domain."""
    return Bundle(
        format=FORMAT,
        id="ct_lung_nodule",
        version="1.2.0",
        title="Lung nodules on chest CT",
        task="detect3d",
        sha256="",
        input=InputContract(modality="CT", body_parts=("chest", "neck", "abdomen"), clip_hu=CLIP_HU),
        labels=("lung nodule",),
        operating_points=(OperatingPoint(DEFAULT, 0.5, 0.0, "not chosen"),),
        default_operating_point=DEFAULT,
        calibration=Calibration(method="none", scores=(0.0, 1.0), probabilities=(0.0, 1.0)),
        domain=TrainingDomain(),
        architecture={"detector": config.detector, "classifier": config.classifier},
        settings=SETTINGS,
        licence="Apache-2.0",
        training=_training(config),
    )


def _training(config: Config) -> dict[str, Any]:
    return {
        "seed": config.seed,
        "detector_steps": config.detector_training.stop_at,
        "classifier_steps": config.classifier_training.steps,
        "data": "LIDC-IDRI nodule crops (CC BY 3.0), LIDC-0001, LIDC-0002 and A0001 lungs, procedural chests",
        "split": "by patient, MD5 of the number: 1 in 5 held back, 1 in 8 of the rest for calibration",
        "nodules_per_litre": NODULES_PER_LITRE,
    }


def calibration_trials(config: Config, pipeline: Detect3D, data: Path, out: Path) -> Iterator[Trial]:
    """Implants of calibration patients in chests and a half lung that were not trained on."""
    folder = out / "backgrounds"
    library = tuple(nodules(data, Part.CALIBRATION, cubes=False))
    mix = ImplantMix(procedural=0.2, subsolid=0.2, scale_sigma=0.1, density_hu=25.0)
    made = [
        *phantoms(folder, VALIDATION_SEEDS[: config.calibration_phantoms]),
        *chests(folder, VALIDATION_SEEDS[: config.calibration_chests]),
    ]
    half = cached(folder, VALIDATION_HALF, lambda: real_background(data, "lungdx_a0001", validation=True))
    for number, background in enumerate([*made, half, mirrored(half)]):
        rng = np.random.default_rng([config.seed, 5, number])
        yield trial(rng, pipeline, background, drawer(library, mix), f"{background.name}_{number}")


def training_statistics(source: PatchSource) -> dict[str, Range]:
    """Domain statistics over the training backgrounds."""
    rows = []
    for background in source.backgrounds:
        hu = background.hu.astype(np.float32)
        rows.append(statistics(hu, find_lungs(hu)))
    return domain_statistics(rows, SPREAD)
