"""The recipe of `mg_lesion` from data to a bundle, in steps that resume. It measures nothing."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

from torch import nn

from inference.bundle import FORMAT, WEIGHTS, Bundle, OwnScale, TrainingDomain, save_bundle
from inference.input_contract import InputContract
from inference.networks import load_networks, save_networks
from inference.pipelines.clusters import LABEL, NETWORK
from inference.pipelines.detect2d import Detect2D
from inference.pipelines.masses import DENSITY, Masses
from inference.training.detector import Report
from inference.training.mammography import cluster_recipe as clusters
from inference.training.mammography.calibrate import Fitted, fit
from inference.training.mammography.classifier import train_classifier
from inference.training.mammography.config import Config
from inference.training.mammography.crops import Plates, harvest
from inference.training.mammography.density import train_density, whole_breasts
from inference.training.mammography.detector import train_detector
from inference.training.mammography.near_masses import masses_of
from inference.training.mammography.patches import Breast, breast
from inference.training.mammography.views import Part, films
from inference.training.near_bank import with_near_cases

SETTINGS = {"peak": 0.02, "most": 40.0}
PLATES, WHOLE = "plates.npz", "breasts.safetensors"
LEAVES = (PLATES, WHOLE)
"""What the recipe leaves in its folder beside checkpoints."""

Say = Callable[[str], None]


def breasts(data: Path, side: Part) -> Iterator[Breast]:
    """The breasts of one side of the split, by name; films on which no breast is found are left out."""
    for film in films(data, lambda film: film.part is side):
        found = breast(film.read(), film.patient)
        if found is not None:
            yield found


def train(config: Config, data: Path, out: Path, device: str, report: Report, say: Say) -> Bundle:
    """All steps; each one that `out` already holds is taken up where it stopped. Writes `out/bundle`."""
    networks = detectors(config, data, out, device, report, say)
    networks |= classifiers(config, list(networks.values()), data, out, device, report, say)
    say("breast density")
    first = networks[next(iter(config.detectors))]
    learnt = whole_breasts(first, films(data, lambda film: film.part is Part.TRAINING), out / WHOLE, device)
    networks[DENSITY] = train_density(config, learnt)
    networks[NETWORK] = clusters.trained(config.cluster, config.seed, data, out, device, report, say)
    say("calibration")
    folder = out / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    save_networks(networks, folder / WEIGHTS, half=True)
    kept = load_networks(architecture(config), folder / WEIGHTS)  # what is calibrated is what is kept
    pipeline = Masses(kept, device, SETTINGS)
    held = films(data, lambda film: film.part is Part.CALIBRATION)
    fitted = fit(pipeline, held, films(data, lambda film: film.part is Part.TRAINING), config.spread_mm)
    say("calibration of clusters")
    own = clusters.own_scale(clusters.reader(kept[NETWORK], device), data, config.cluster)
    bundle = description(config, fitted, own, learnt.domain)
    bundle = save_bundle(bundle, folder, card=f"# {bundle.title}\n\nNot measured yet: run the evaluation.\n")
    return with_near_cases(bundle, folder, masses_of(bundle, folder, data, device, say))


def detectors(
    config: Config, data: Path, out: Path, device: str, report: Report, say: Say
) -> dict[str, nn.Module]:
    """Stage 1."""

    @cache
    def learnt() -> list[Breast]:
        say("the breasts of the training films")
        return list(breasts(data, Part.TRAINING))

    networks = {}
    for name in config.detectors:
        say(f"detector {name}")
        networks[name] = train_detector(config, name, learnt, out, device, report)
    return networks


def classifiers(
    config: Config, first: list[nn.Module], data: Path, out: Path, device: str, report: Report, say: Say
) -> dict[str, nn.Module]:
    """Stage 2, on the masses of the training films and on the false marks of stage 1 there."""
    kept = out / PLATES
    if not kept.exists():
        say("masses and false marks of the training films")
        stage = Detect2D(first, device, peak=SETTINGS["peak"], most=int(SETTINGS["most"]))
        harvest(stage, films(data, lambda film: film.part is Part.TRAINING)).save(kept)
    plates = Plates.load(kept)
    networks = {}
    for name, start in zip(config.classifiers, cycle(first), strict=False):
        say(f"classifier {name}")
        networks[name] = train_classifier(config, name, start, plates, out, device, report)
    return networks


def architecture(config: Config) -> dict[str, dict[str, Any]]:
    """Of all networks of the bundle."""
    return config.detectors | config.classifiers | {DENSITY: config.density, NETWORK: config.cluster.network}


def description(config: Config, fitted: Fitted, of_clusters: OwnScale, domain: TrainingDomain) -> Bundle:
    """The bundle's description, with all that follows from the calibration patients."""
    scales = fitted.scales
    return Bundle(
        format=FORMAT,
        id="mg_lesion",
        version="1.2.0",
        title="Masses and calcification clusters on mammograms",
        task="detect2d",
        sha256="",
        input=InputContract(modality="MG"),
        labels=("mass", LABEL),
        operating_points=fitted.points,
        default_operating_point="balanced",
        calibration=scales.mass,
        calibrations={
            "malignancy": scales.malignancy,
            "shape": scales.shape,
            "margin": scales.margin,
            DENSITY: scales.density,
            "breast": fitted.breast,
        },
        own_scales={LABEL: of_clusters},
        domain=domain,
        architecture=architecture(config),
        settings=SETTINGS | clusters.SETTINGS | fitted.weights.settings() | fitted.agreement.settings(),
        licence="Apache-2.0",
        training={
            "seed": config.seed,
            "detector_steps": config.detector_training.steps,
            "classifier_steps": config.classifier_training.steps,
            "cluster_steps": config.cluster.training.steps,
            "clusters": "procedural ones only, in films of the data set and in phantoms",
            "data": "CBIS-DDSM masses (CC BY 3.0), digitised film at about 0.3 mm",
            "split": "by patient: the set's validation patients held back, 1 in 10 of the rest calibrates",
            "tried_on_calibration": fitted.notes,
        },
    )
