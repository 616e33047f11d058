"""Nodules on a site's chest CT: from prepared cases to an adapted `ct_lung_nodule`, and what it finds."""

from collections.abc import Iterator
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.bundle import CARD, WEIGHTS, Bundle, save_bundle
from inference.cases import Case, CaseHeader, load_case
from inference.evidence.froc import froc, sensitivity_at
from inference.evidence.marks import Scored
from inference.networks import load_networks, save_networks
from inference.pipelines.detect3d import Detect3D
from inference.pipelines.lungs import find_lungs
from inference.pipelines.working_grid import Resampled, resample
from inference.training.adapt.plan import Learning, Plan, TooFewError
from inference.training.adapt.verdict import Held, mean_over
from inference.training.backgrounds import Background, cached
from inference.training.calibrate import calibration, operating_points, trial
from inference.training.classifier import train_classifier
from inference.training.config import Config, load_config
from inference.training.detector import CLIP_HU, train_detector
from inference.training.evaluate import RATES, Rules, judge
from inference.training.harvest import Harvest, harvest, joined, with_implants
from inference.training.implants import ImplantMix
from inference.training.patches import PatchSource
from inference.training.recipe import drawer, mirrored
from inference.training.split import Part, site_part
from inference.training.transfer import Start

DETECTOR, CLASSIFIER = "detector", "classifier"
MIX = ImplantMix(procedural=1.0)
"""Beside the site's own nodules procedural ones are implanted: a few cases hold few of them."""
FIGURE = "mean sensitivity for nodules at 0.2, 0.5, 1 and 2 false marks per litre of lung"
ROUNDS = 2
"""Of candidates for stage 2 on each chest, with other implants."""


class Chests:
    """A site's volumes, split by patient, and the adaptation of a bundle to them."""

    def __init__(self, data: Path, parent: Bundle, plan: Plan) -> None:
        """Raises `TooFewError` where one side of the split has no volume, or none of it a lesion."""
        self.parent, self.plan = parent, plan
        self.cases: dict[Part, list[Path]] = {part: [] for part in Part}
        self.patients: dict[Path, str] = {}
        lesions = dict.fromkeys(Part, 0)
        for path in sorted(data.rglob("case.json")):
            header = msgspec.json.decode(path.read_bytes(), type=CaseHeader)
            patient = header.patient or path.parent.name
            part = site_part(patient)
            self.patients[path.parent] = patient
            self.cases[part].append(path.parent)
            lesions[part] += sum(not lesion.ignore for lesion in header.lesions)
        for part in Part:
            if not lesions[part]:
                raise TooFewError(
                    f"{data}: of {len({*self.patients.values()})} patients none with a lesion is on the side "
                    f"'{part.value}'"
                )

    def counts(self) -> dict[str, int]:
        """Patients on each side."""
        return {part.value: len({self.patients[p] for p in own}) for part, own in self.cases.items()}

    def learn(self, start: Start, folder: Path, at: Learning) -> Bundle:
        """Stage 1, stage 2, calibration. Weights go into `folder`; raises `NothingMarkedError`."""
        config = configured(self.parent, self.plan)
        networks = load_networks(self.parent.architecture, at.parent / WEIGHTS)
        at.say("the lungs of the training cases")
        chests = self._backgrounds(Part.TRAINING, at.out)
        source = PatchSource(chests, (), (), MIX)
        at.say("stage 1: centre and mask")
        networks[DETECTOR] = train_detector(config, source, at.out, at.device, at.report, start.of(DETECTOR))
        at.say("candidates for stage 2")
        found = self._harvest(config, chests, networks[DETECTOR])
        at.say(f"stage 2: {int(found.hit.sum())} nodules, {int((~found.hit).sum())} others")
        networks[CLASSIFIER] = train_classifier(
            config, found, at.out, at.device, at.report, start.of(CLASSIFIER)
        )
        at.say("calibration")
        save_networks(networks, folder / WEIGHTS)
        draft = save_bundle(self.parent, folder, card=(at.parent / CARD).read_text(encoding="utf-8"))
        pipeline = Detect3D.load(draft, folder, at.device)
        trials = [
            trial(np.random.default_rng([self.plan.seed, 5, k]), pipeline, chest, drawer((), MIX), chest.name)
            for k, chest in enumerate(self._backgrounds(Part.CALIBRATION, at.out))
        ]
        fitted = calibration(trials, "the site's calibration patients, with procedural nodules beside theirs")
        points = operating_points(trials, fitted)
        return msgspec.structs.replace(self.parent, calibration=fitted, operating_points=points)

    def _backgrounds(self, part: Part, out: Path) -> list[Background]:
        folder = out / "backgrounds"
        return [cached(folder, path.name, partial(site_background, path)) for path in self.cases[part]]

    def _harvest(self, config: Config, chests: list[Background], detector: nn.Module) -> Harvest:
        parts = []
        for number, chest in enumerate(_rounds(chests)):
            rng = np.random.default_rng([config.seed, 4, number])
            hu, _, placed = with_implants(rng, chest, drawer((), MIX))
            parts.append(harvest(detector, chest, hu, placed, clip=CLIP_HU, tile=96, above=0.1, most=250))
        return joined(parts)

    def measure(self, bundle: Bundle, folder: Path, device: str) -> Held:
        """On the held-out patients."""
        pipeline = Detect3D.load(bundle, folder, device)
        scored = [
            judge(pipeline, load_case(path), path.name, Rules(), lambda *_: None).scored
            for path in self.cases[Part.TEST]
        ]
        patients = tuple(self.patients[path] for path in self.cases[Part.TEST])
        return Held(FIGURE, patients, mean_over(scored, mean_sensitivity))


def mean_sensitivity(cases: list[Scored]) -> float:
    """Over the rates that an evaluation tells."""
    curve = froc(cases)
    return float(np.mean([sensitivity_at(curve, rate) for rate in RATES]))


def _rounds(chests: list[Background]) -> Iterator[Background]:
    for _ in range(ROUNDS):
        for chest in chests:
            yield chest
            yield mirrored(chest)


def site_background(folder: Path) -> Background:
    """A prepared case at 1 mm with the numbers of its lesions; of one without masks spheres stand for them.

    Lesions that count neither way are neither trained on nor counted.
    """
    case = load_case(folder)
    volume = resample(case, 1.0)
    lungs = find_lungs(volume.hu, volume.known)
    numbers = _numbers(case, volume)
    unsure = [k for k, lesion in enumerate(case.lesions, start=1) if lesion.ignore]
    ignored = ndimage.binary_dilation(np.isin(numbers, unsure), iterations=2)
    numbers[np.isin(numbers, unsure)] = 0
    _, without_gaps = np.unique(np.append(numbers, 0), return_inverse=True)
    lesions = without_gaps[:-1].reshape(numbers.shape).astype(np.uint8)
    hu = np.rint(volume.hu).astype(np.int16)
    return Background(folder.name, True, hu, lungs.closed, lungs.closed, volume.known & ~ignored, lesions)


def _numbers(case: Case, volume: Resampled) -> NDArray[np.uint8]:
    """1-based numbers of the case's lesions on the working grid."""
    if case.mask is not None:
        step = np.linalg.inv(case.grid.matrix()) @ volume.grid.matrix()
        near: NDArray[np.uint8] = ndimage.affine_transform(
            np.asarray(case.mask), step[:3, :3], step[:3, 3], volume.hu.shape, order=0
        )
        return near
    out = np.zeros(volume.hu.shape, np.uint8)
    z, y, x = np.ogrid[tuple(slice(n) for n in volume.hu.shape)]
    for number, lesion in enumerate(case.lesions, start=1):
        cz, cy, cx = volume.grid.patient_to_index(lesion.center_lps_mm)
        out[(z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= (lesion.diameter_mm / 2) ** 2] = number
    return out


def configured(parent: Bundle, plan: Plan) -> Config:
    """The configuration that the bundle was trained with, at the plan's pace, for the bundle's networks.

    False marks are gathered at the start: those of the parent on the site's lungs.
    """
    with as_file(files("resources") / "models" / "ct_lung_nodule" / "train.toml") as shipped:
        config = load_config(shipped)
    first, second = config.detector_training, config.classifier_training
    return msgspec.structs.replace(
        config,
        seed=plan.seed,
        detector=parent.architecture[DETECTOR],
        classifier=parent.architecture[CLASSIFIER],
        detector_training=plan.paced(
            msgspec.structs.replace(first, stop_at=plan.steps, mine_at=(0.0,), mine_phantoms=0)
        ),
        classifier_training=plan.paced(second),
    )
