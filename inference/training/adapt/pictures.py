"""A general network and a site's labelled images (see `general.samples`): adapted, and what it achieves."""

from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from inference.bundle import WEIGHTS, Bundle, BundleError
from inference.evidence.roc import auc
from inference.networks import save_networks
from inference.pipelines.boxes import Boxes
from inference.pipelines.classify import Classify
from inference.pipelines.general import NETWORK, GeneralNetwork
from inference.pipelines.segment import Segment
from inference.training.adapt.plan import Learning, Plan, TooFewError
from inference.training.adapt.verdict import Held
from inference.training.general.calibrate import calibrated, marks
from inference.training.general.config import Augment, Config, Data
from inference.training.general.evaluate import answered, outlined
from inference.training.general.evaluate_boxes import mean_sensitivity
from inference.training.general.learning import train_network
from inference.training.general.samples import Sample, samples
from inference.training.mammography.config import Schedule
from inference.training.split import Part
from inference.training.transfer import Start

USUAL = Schedule(steps=0, batch=8, learning_rate=1e-3, weight_decay=0.02, warmup=20, ema=0.99, save_every=100)
"""For a bundle that does not say how it was trained."""


class Pictures:
    """A site's images, split by patient, and the adaptation of a bundle to them."""

    def __init__(self, data: Path, parent: Bundle, plan: Plan) -> None:
        """Raises `BundleError` for a bundle, `DataError` and OSError for data that cannot be used."""
        self.parent = parent
        self.config = configured(parent, plan, data)
        self.pictures = samples(self.config, data)
        if not self._of(Part.CALIBRATION):
            raise TooFewError(f"{data}: no image is on the side 'calibration'")

    def _of(self, part: Part) -> list[Sample]:
        return [sample for sample in self.pictures if sample.part is part]

    def counts(self) -> dict[str, int]:
        """Patients on each side."""
        return {part.value: len({s.patient for s in self._of(part)}) for part in Part}

    def learn(self, start: Start, folder: Path, at: Learning) -> Bundle:
        """Train and calibrate. Weights go into `folder`; raises `NothingMarkedError`."""
        network, _ = train_network(
            self.config, self.pictures, at.out, at.device, at.report, start.of(NETWORK), at.say
        )
        at.say("calibration")
        save_networks({NETWORK: network.to("cpu")}, folder / WEIGHTS)
        return calibrated(GeneralNetwork(self.parent, network, at.device), self._of(Part.CALIBRATION))

    def measure(self, bundle: Bundle, folder: Path, device: str) -> Held:
        """On the held-out patients."""
        test = self._of(Part.TEST)
        patients = tuple(sample.patient for sample in test)
        if bundle.task.startswith("segment"):
            network = Segment.load(bundle, folder, device)
            overlap = np.array([overlapped(answered(network, s), s.mask) for s in test])
            return Held("mean Dice", patients, lambda rows: float(overlap[rows].mean()))
        if bundle.task.startswith("boxes"):
            detector = Boxes.load(bundle, folder, device)
            marked = [marks(detector, sample) for sample in test]
            return Held("mean sensitivity", patients, partial(mean_sensitivity, marked))
        pipeline = Classify.load(bundle, folder, device)
        said = np.array([pipeline.scores(sample.image) for sample in test])
        truth = np.array([sample.label for sample in test])
        found = pipeline.network.contract.found(bundle.labels)
        return Held(
            "mean AUC", patients,
            lambda rows: float(np.mean([auc(said[rows, k], truth[rows] == k) for k in found])),
        )  # fmt: skip


def overlapped(answer: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
               truth: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> float:  # fmt: skip
    """Dice; of an image with nothing to outline 1 where nothing is, else 0."""
    return outlined(answer, truth).dice if truth.any() else float(not answer.any())


def configured(parent: Bundle, plan: Plan, data: Path) -> Config:
    """The configuration that the bundle was trained with, as far as it says, at the plan's pace."""
    assert parent.contract is not None
    said = parent.training
    if "set" not in said and parent.task.startswith("classify"):
        raise BundleError(
            f"{parent.id} does not say which values stand for its labels: train general --from it"
        )
    own = msgspec.convert(said.get("set", {"name": "set"}), Data)
    schedule = msgspec.convert(said["schedule"], Schedule) if "schedule" in said else USUAL
    return Config(
        seed=plan.seed,
        id=parent.id,
        title=parent.title,
        version=parent.version,
        task=parent.task,
        labels=parent.labels,
        licence=parent.licence,
        data=msgspec.structs.replace(own, name=plan.data or _only(data, own.name)),
        input=parent.input,
        contract=parent.contract,
        architecture=parent.architecture[NETWORK],
        training=plan.paced(schedule),
        augment=msgspec.convert(said.get("augment", {}), Augment),
        transfer=plan.transfer,
        patience=2,
    )


def _only(data: Path, usual: str) -> str:
    """The name of the data set in a folder: the bundle's own, or the only one."""
    there = sorted({path.stem for pattern in ("*.csv", "*.npz") for path in data.glob(pattern)})
    if usual in there:
        return usual
    if len(there) != 1:
        raise TooFewError(
            f"{data}: one data set is needed, found: {', '.join(there) or 'none'}; name it as `data`"
        )
    return there[0]
