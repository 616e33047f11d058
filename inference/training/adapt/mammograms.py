"""Masses on a site's mammograms: from prepared examinations to an adapted `mg_lesion`, and what it finds."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import cycle
from pathlib import Path

import msgspec

from inference.bundle import WEIGHTS, Bundle, BundleError
from inference.cases import View, load_exam
from inference.networks import load_networks, save_networks
from inference.pipelines.both_views import Agreement
from inference.pipelines.detect2d import Detect2D
from inference.pipelines.masses import CLASSIFIERS, DENSITY, DETECTORS, Masses
from inference.training.adapt.plan import Learning, Plan, TooFewError
from inference.training.adapt.verdict import Held, mean_over
from inference.training.mammography.calibrate import Fitted, fit, mean_sensitivity
from inference.training.mammography.classifier import train_classifier
from inference.training.mammography.config import Config, load_config
from inference.training.mammography.crops import harvest
from inference.training.mammography.detector import train_detector
from inference.training.mammography.evaluate import judge
from inference.training.mammography.patches import Breast, breast
from inference.training.mammography.truth import masses
from inference.training.mammography.views import Film, Part
from inference.training.split import Part as Side
from inference.training.split import site_part
from inference.training.transfer import Start

SIDES = {Side.TRAINING: Part.TRAINING, Side.CALIBRATION: Part.CALIBRATION, Side.TEST: Part.VALIDATION}
TRUNK = "trunk."
"""Of the first detector it stays as it is: breast density rests on it, and a site's cases name none."""
FIGURE = "mean sensitivity for masses at 0.5, 1, 2 and 4 false marks per view"


@dataclass(frozen=True, slots=True)
class ExamFilm(Film):
    """One view of a prepared examination: `archive` is its folder, `member` its number there."""

    def read(self) -> View:
        """Memory-mapped."""
        return load_exam(self.archive).views[int(self.member)]


class Mammograms:
    """A site's examinations, split by patient, and the adaptation of a bundle to them."""

    def __init__(self, data: Path, parent: Bundle, plan: Plan) -> None:
        """Raises `TooFewError` where one side of the split has no mass."""
        self.films = exam_films(data)
        self.parent, self.plan = parent, plan
        for side, part in SIDES.items():
            if not any(masses(film.truth) for film in self._of(part)):
                patients = len({film.patient for film in self.films})
                raise TooFewError(
                    f"{data}: of {patients} patients none with a mass is on the side '{side.value}'"
                )

    def _of(self, part: Part) -> list[ExamFilm]:
        return [film for film in self.films if film.part is part]

    def counts(self) -> dict[str, int]:
        """Patients on each side."""
        return {side.value: len({f.patient for f in self._of(part)}) for side, part in SIDES.items()}

    def learn(self, start: Start, folder: Path, at: Learning) -> Bundle:
        """Stage 1, stage 2, calibration. Weights go into `folder`; raises `NothingMarkedError`."""
        config = configured(self.parent, self.plan)
        networks = load_networks(self.parent.architecture, at.parent / WEIGHTS)
        learnt = cache(self._breasts)
        for number, name in enumerate(config.detectors):
            at.say(f"detector {name}")
            begun = start.keeping(TRUNK) if number == 0 and DENSITY in networks else start
            networks[name] = train_detector(
                config, name, learnt, at.out, at.device, at.report, begun.of(name)
            )
        first = [networks[name] for name in config.detectors]
        if config.classifiers:
            at.say("masses and false marks of the training films")
            settings = self.parent.settings
            stage = Detect2D(first, at.device, peak=settings["peak"], most=int(settings["most"]))
            plates = harvest(stage, self._of(Part.TRAINING))
            for name, trunk in zip(config.classifiers, cycle(first), strict=False):
                at.say(f"classifier {name}")
                networks[name] = train_classifier(
                    config, name, trunk, plates, at.out, at.device, at.report, start.of(name)
                )
        at.say("calibration")
        save_networks(networks, folder / WEIGHTS, half=True)
        kept = load_networks(self.parent.architecture, folder / WEIGHTS)
        pipeline = Masses(kept, at.device, self.parent.settings)
        spread_mm = Agreement.of_settings(self.parent.settings).spread_mm
        return calibrated(
            self.parent, fit(pipeline, self._of(Part.CALIBRATION), self._of(Part.TRAINING), spread_mm)
        )

    def _breasts(self) -> list[Breast]:
        found = (breast(film.read(), film.patient) for film in self._of(Part.TRAINING))
        return [one for one in found if one is not None]

    def measure(self, bundle: Bundle, folder: Path, device: str) -> Held:
        """On the held-out patients."""
        pipeline = Masses.load(bundle, folder, device)
        judged = judge(pipeline, Agreement.of_settings(bundle.settings), self._of(Part.VALIDATION))
        scored = [film.scored for film in judged]
        return Held(FIGURE, tuple(case.patient for case in scored), mean_over(scored, mean_sensitivity))


def exam_films(data: Path) -> list[ExamFilm]:
    """The views of all prepared examinations below a folder."""
    return [
        _film(path.parent, number, exam.patient or path.parent.name, view)
        for path in sorted(data.rglob("exam.json"))
        for exam in [load_exam(path.parent)]
        for number, view in enumerate(exam.views)
    ]


def _film(folder: Path, number: int, patient: str, view: View) -> ExamFilm:
    return ExamFilm(
        id=f"{folder.name}_{number}",
        patient=patient,
        part=SIDES[site_part(patient)],
        split="",
        side=view.laterality,
        view=view.view,
        density="",
        wall="",
        spacing_mm=view.plane.spacing_mm[0],
        archive=folder,
        member=str(number),
        truth=view.truth,
    )


def configured(parent: Bundle, plan: Plan) -> Config:
    """The configuration that the bundle was trained with, at the plan's pace, for the bundle's networks."""
    try:
        with as_file(files("resources") / "models" / "mg_lesion" / "train.toml") as shipped:
            config = load_config(shipped)
    except OSError as error:
        raise BundleError(f"{parent.id}: how it was trained is not known here") from error
    own = parent.architecture
    return msgspec.structs.replace(
        config,
        seed=plan.seed,
        detectors={name: a for name, a in own.items() if name.startswith(DETECTORS)},
        classifiers={name: a for name, a in own.items() if name.startswith(CLASSIFIERS)},
        detector_training=plan.paced(config.detector_training),
        classifier_training=plan.paced(config.classifier_training),
    )


def calibrated(parent: Bundle, fitted: Fitted) -> Bundle:
    """The parent's description with what follows from the site's calibration patients, as far as it does."""
    scales = fitted.scales
    named = {"malignancy": scales.malignancy, "shape": scales.shape, "margin": scales.margin}
    named |= {"breast": fitted.breast}
    names = {point.name for point in parent.operating_points}  # which labels on scales of their own share
    known = {name: own for name, own in named.items() if own.method != "none"}
    return msgspec.structs.replace(
        parent,
        calibration=scales.mass,
        calibrations={**parent.calibrations, **known},
        operating_points=tuple(point for point in fitted.points if point.name in names),
        settings=parent.settings | fitted.weights.settings() | fitted.agreement.settings(),
    )
