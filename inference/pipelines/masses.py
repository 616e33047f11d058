"""Masses on one mammogram: preparation, detectors, classifiers, calibration; marks in stored pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from torch import nn

from inference.bundle import WEIGHTS, Bundle, BundleError, Calibration, load_bundle
from inference.cases import View
from inference.near_cases import Finder, finder
from inference.networks import load_networks
from inference.networks.classify2d import MassClassifier
from inference.pipelines.breast import nipple
from inference.pipelines.classify2d import CONCEPTS, SHAPES, Classify2D, Judgement
from inference.pipelines.density import Density
from inference.pipelines.detect2d import Detect2D, Peak
from inference.pipelines.mammogram import Prepared, prepare
from inference.pipelines.marks2d import Mark, Marked, Suggestion

Numbers = NDArray[np.float64]

DENSITY = "density"
DETECTORS, CLASSIFIERS = "mass_", "malignancy"
"""How the names of the networks of each stage begin."""
AS_IS = Calibration(method="none", scores=(0.0, 1.0), probabilities=(0.0, 1.0))
PROPERTIES = {"shape": slice(0, len(SHAPES)), "margin": slice(len(SHAPES), len(CONCEPTS))}
"""Which concepts each property is chosen from."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much the classifiers count beside the detectors, 0..1: in the score, in the malignancy."""

    score: float = 0.0
    malignancy: float = 0.5

    @classmethod
    def of_settings(cls, settings: Mapping[str, float]) -> "Weights":
        """From the bundle's settings; the defaults where they do not say."""
        usual = cls()
        return cls(
            settings.get("score_of_classifier", usual.score),
            settings.get("malignancy_of_classifier", usual.malignancy),
        )

    def settings(self) -> dict[str, float]:
        """The other way."""
        return {"score_of_classifier": self.score, "malignancy_of_classifier": self.malignancy}


@dataclass(frozen=True, slots=True)
class Scales:
    """From what the networks say to probabilities."""

    mass: Calibration = AS_IS
    malignancy: Calibration = AS_IS
    shape: Calibration = AS_IS
    margin: Calibration = AS_IS
    density: Calibration = AS_IS


@dataclass(frozen=True, slots=True)
class Raw:
    """What the networks say about the peaks of one view; `said` by the classifiers, where there are any."""

    peaks: tuple[Peak, ...]
    said: Judgement | None

    def scores(self, share: float) -> Numbers:
        """(n,) of both stages together, the second with this share."""
        own = np.array([p.score for p in self.peaks], np.float64)
        return own if self.said is None else mixed(own, self.said.mass, share)

    def malignancy(self, share: float) -> Numbers:
        """(n,) likewise."""
        own = np.array([p.malignancy for p in self.peaks], np.float64)
        return own if self.said is None else mixed(own, self.said.malignancy, share)


class Masses:
    """Both stages, loaded. `networks` by the names of the bundle; others than theirs are left alone."""

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        device: str,
        settings: Mapping[str, float],
        scales: Scales | None = None,
        near: Finder | None = None,
    ) -> None:
        first = [n for name, n in networks.items() if name.startswith(DETECTORS)]
        second = [cast("MassClassifier", n) for name, n in networks.items() if name.startswith(CLASSIFIERS)]
        self.detectors = Detect2D(first, device, peak=settings["peak"], most=int(settings["most"]))
        self.classifiers = Classify2D(second, device)
        self.density = Density(networks[DENSITY], first[0], device) if DENSITY in networks else None
        self.weights = Weights.of_settings(settings)
        self.scales = scales or Scales()
        self.near = near

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "Masses":
        """Networks from the weights in `folder`; raises BundleError where they are not the bundle's."""
        if load_bundle(folder, verify=True).sha256 != bundle.sha256:
            raise BundleError(f"{folder}: the weights are not those of {bundle.id} {bundle.version}")
        named = {name: bundle.calibrations.get(name, AS_IS) for name in ("malignancy", *PROPERTIES, DENSITY)}
        networks = load_networks(bundle.architecture, folder / WEIGHTS)
        scales, near = Scales(bundle.calibration, **named), finder(bundle.near_cases, folder)
        return cls(networks, device, bundle.settings, scales, near)

    def look(self, view: View, prepared: Prepared | None = None) -> Marked:
        """The marks of a view; raises ValueError where no breast is found.

        `prepared`, where the caller has made it of this view already, saves the time to make it again.
        """
        prepared = prepare(view) if prepared is None else prepared
        if prepared is None:
            raise ValueError(f"{view.image}: no breast was found on the image")
        return self.marked(view, prepared, self.raw(prepared))

    def marked(self, view: View, prepared: Prepared, raw: Raw) -> Marked:
        """A prepared view with its marks, its nipple and its density."""
        front = nipple(prepared.mask) or (0.0, 0.0)  # `prepare` gives no empty mask
        row, column = prepared.placed.to_stored(2 * np.array(front) + 0.5).tolist()
        return Marked(
            view.image, view.laterality, view.view, view.plane, (row, column), self.marks(prepared, raw),
            axis=0 if prepared.placed.transpose else 1, density=self._density(prepared),
            prepared=prepared,
        )  # fmt: skip

    def _density(self, prepared: Prepared) -> Suggestion | None:
        if self.density is None:
            return None
        said = self.density.probabilities(prepared)
        best = max(said, key=lambda term: said[term])
        return Suggestion(best, float(self.scales.density(said[best])))

    def raw(self, prepared: Prepared) -> Raw:
        """What the networks say."""
        peaks = self.detectors.peaks(prepared)
        if not self.classifiers.networks:
            return Raw(peaks, None)
        return Raw(peaks, self.classifiers.judge(prepared, [peak.place for peak in peaks]))

    def marks(self, prepared: Prepared, raw: Raw) -> tuple[Mark, ...]:
        """Most probable first."""
        scores, malignancy = raw.scores(self.weights.score), raw.malignancy(self.weights.malignancy)
        marks = [
            self._mark(prepared, raw, k, float(s), float(m))
            for k, (s, m) in enumerate(zip(scores, malignancy, strict=True))
        ]
        return tuple(sorted(marks, key=lambda mark: -mark.probability))

    def _mark(self, prepared: Prepared, raw: Raw, k: int, score: float, malignancy: float) -> Mark:
        suggested = {} if raw.said is None else self._suggested(raw.said.concepts[k])
        nearest = () if raw.said is None or self.near is None else self.near(raw.said.features[k])
        centre, box = stored(prepared, raw.peaks[k])
        return Mark(
            centre, box, score, float(self.scales.malignancy(malignancy)),
            probability=float(self.scales.mass(score)), suggestions=suggested, nearest=nearest,
        )  # fmt: skip

    def _suggested(self, concepts: Numbers) -> dict[str, Suggestion]:
        scales = {"shape": self.scales.shape, "margin": self.scales.margin}
        return {name: suggestion(concepts, name, scale) for name, scale in scales.items()}


def suggestion(concepts: Numbers, name: str, scale: Calibration) -> Suggestion:
    """The likeliest term of a property, and how probable it is to be a reader's term too."""
    own = PROPERTIES[name]
    best = int(np.argmax(concepts[own]))
    return Suggestion(CONCEPTS[own][best], float(scale(concepts[own][best])))


def mixed(first: Numbers, second: Numbers, share: float) -> Numbers:
    """Mean of log odds, the second with this share."""
    odds = [logit(np.clip(p, 1e-5, 1 - 1e-5)) for p in (first, second)]
    out: Numbers = expit((1 - share) * odds[0] + share * odds[1])
    return out


def stored(prepared: Prepared, peak: Peak) -> tuple[tuple[float, float], tuple[float, float, float, float]]:
    """Centre and box of a peak in stored pixels, as `Mark` has them."""
    row, column, height, width = peak.place
    corners = [(row - height / 2, column - width / 2), (row + height / 2, column + width / 2)]
    centre, a, b = prepared.placed.to_stored(2 * np.array([(row, column), *corners]) + 0.5)
    (top, left), (bottom, right) = np.minimum(a, b), np.maximum(a, b)
    return (float(centre[0]), float(centre[1])), (float(left), float(top), float(right), float(bottom))
