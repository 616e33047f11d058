"""The recipe of `ct_head_haemorrhage` from data to a bundle, in steps that resume.

Every network learns from four of the five folds; the bundle holds them all and averages them. So each patient
can be read by a network that did not see it: calibration, operating points and figures stand on that.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
from torch import nn

from inference.bundle import FORMAT, HEAD_CT, WEIGHTS, Bundle, Calibration, TrainingDomain, save_bundle
from inference.input_contract import InputContract
from inference.networks import load_networks, save_networks
from inference.pipelines.haemorrhage import STUDY
from inference.pipelines.head import PIXEL_MM, WINDOW_HU
from inference.protocol import OperatingPoint
from inference.training.head.batches import SliceSource
from inference.training.head.calibrate import DEFAULT, domain_statistics, fitted, operating_points
from inference.training.head.config import HeadConfig
from inference.training.head.learning import Report, train_network
from inference.training.head.out_of_fold import FOLDS, answers
from inference.training.head.patients import SLICE_MM, Patient, load_patients

Say = Callable[[str], None]
LABEL = "intracranial haemorrhage"
THICKEST_MM = 6.0
"""A distance of 5 mm along a gantry that is tilted by 30 degrees is 5.8 mm."""
MARK = 0.3
"""Places from this probability on are marked too where a study is flagged, beside the highest."""


def train(config: HeadConfig, data: Path, out: Path, device: str, report: Report, say: Say) -> Bundle:
    """All steps; each one that `out` already holds is taken up where it stopped. Writes `out/bundle`.

    Raises FileNotFoundError or DataError where the data set is not whole.
    """
    say("preparing the heads")
    patients = load_patients(data, out / "heads")
    networks: dict[str, nn.Module] = {}
    for net, training in enumerate(config.trainings):
        for fold in FOLDS:
            say(f"network {net + 1} of {len(config.trainings)} without fold {fold}")
            source = SliceSource([p for p in patients if p.fold != fold], training)
            path = out / checkpoint(fold, net)
            networks[f"fold_{fold}_{net}"] = train_network(config, source, (fold, net), path, report)
    say("calibration, out of fold")
    return bundled(config, networks, patients, out, device)


def checkpoint(fold: int, net: int) -> str:
    """Name of the file from which a network goes on."""
    return f"net_{fold}_{net}.safetensors"


def leaves(config: HeadConfig) -> tuple[str, ...]:
    """What it leaves in its folder to go on from."""
    return tuple(checkpoint(fold, net) for net in range(len(config.trainings)) for fold in FOLDS)


def bundled(
    config: HeadConfig, networks: dict[str, nn.Module], patients: list[Patient], out: Path, device: str
) -> Bundle:
    """Calibrate and write the bundle into `out/bundle`; its card says that nothing was measured yet."""
    folder = out / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    draft = draft_bundle(config, tuple(networks))
    save_networks(networks, folder / WEIGHTS, half=True)
    found = answers(load_networks(draft.architecture, folder / WEIGHTS), patients, device)
    bundle = msgspec.structs.replace(
        draft,
        calibration=fitted(found.slice_score, found.slice_truth),
        calibrations={STUDY: fitted(found.study_score, found.study_truth)},
        operating_points=operating_points(found),
        domain=TrainingDomain(slice_thickness_mm=(0.4, SLICE_MM + 1), statistics=domain_statistics(patients)),
    )
    return save_bundle(bundle, folder, card=f"# {bundle.title}\n\nNot measured yet: run the evaluation.\n")


def draft_bundle(config: HeadConfig, names: tuple[str, ...]) -> Bundle:
    """Everything but weights, calibration, operating points and domain."""
    return Bundle(
        format=FORMAT,
        id="ct_head_haemorrhage",
        version="1.1.0",
        title="Intracranial haemorrhage on head CT",
        task=HEAD_CT,
        sha256="",
        input=InputContract(
            modality="CT",
            body_parts=("head",),
            spacing_mm=(SLICE_MM, PIXEL_MM, PIXEL_MM),
            clip_hu=WINDOW_HU,
            max_slice_mm=THICKEST_MM,
            min_extent_mm=25.0,
            tilted=True,
        ),
        labels=(LABEL,),
        operating_points=(OperatingPoint(DEFAULT, 0.5, 0.0, "not chosen"),),
        default_operating_point=DEFAULT,
        calibration=Calibration(method="none", scores=(0.0, 1.0), probabilities=(0.0, 1.0)),
        domain=TrainingDomain(),
        architecture=dict.fromkeys(names, config.network),
        settings={"mark": MARK},
        licence="CC BY 4.0",
        training={
            "seed": config.seed,
            "networks": len(config.trainings) * len(FOLDS),
            "steps": [training.steps for training in config.trainings],
            "data": "CT-ICH 1.0.0 (CC BY 4.0), slices with labels; painted bleeds",
            "split": "five folds by patient; each network left one out",
        },
    )
