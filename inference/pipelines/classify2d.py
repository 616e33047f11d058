"""Stage 2 for mammograms: what the classifiers say about the peaks of stage 1, in the words of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inference.networks.classify2d import MassClassifier
from inference.pipelines.mammogram import Prepared
from inference.pipelines.mass_crops import Crop, Place, crop

SHAPES = ("oval", "round", "lobulated", "irregular", "architectural distortion", "asymmetry")
MARGINS = ("circumscribed", "obscured", "microlobulated", "ill defined", "spiculated")
CONCEPTS = SHAPES + MARGINS
"""Terms that the classifier's concepts stand for, in their order."""
BATCH = 32

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of n peaks, 0..1, none calibrated: mass (n,), malignancy (n,), concepts (n, len(CONCEPTS)).

    features  (n, networks x width): what all that is made of
    """

    mass: Probabilities
    malignancy: Probabilities
    concepts: Probabilities
    features: NDArray[np.float64]


class Classify2D:
    """Loaded classifiers, whose answers over four mirror images are averaged."""

    def __init__(self, networks: Sequence[MassClassifier], device: str) -> None:
        self.networks = [n.to(device).eval() for n in networks]
        self.device = device

    def judge(self, prepared: Prepared, places: Sequence[Place]) -> Judgement:
        """What the networks say about the boxes of one view."""
        return self.of([crop(prepared, place) for place in places])

    @torch.inference_mode()
    def of(self, crops: Sequence[Crop]) -> Judgement:
        """The same of crops."""
        said = [self._batch(crops[k : k + BATCH]) for k in range(0, len(crops), BATCH)]
        if not said:
            return Judgement(np.zeros(0), np.zeros(0), np.zeros((0, len(CONCEPTS))), np.zeros((0, 0)))
        mass, malignancy, concepts, features = (np.concatenate([s[k] for s in said]) for k in range(4))
        return Judgement(mass[:, 0], malignancy[:, 0], concepts, features)

    def _batch(self, crops: Sequence[Crop]) -> list[NDArray[np.float64]]:
        images, ellipses, sizes = (t.to(self.device) for t in tensors(crops))
        total = [np.zeros(0)] * 3
        features = []
        flips: tuple[tuple[int, ...], ...] = ((), (2,), (3,), (2, 3))
        for network in self.networks:
            seen = [network.features(images.flip(flip), ellipses.flip(flip), sizes) for flip in flips]
            features.append(torch.stack(seen).mean(dim=0).double().cpu().numpy())
            for one in seen:
                parts = [torch.sigmoid(s).double().cpu().numpy() for s in network.answers(one)]
                total = [t + p if len(t) else p for t, p in zip(total, parts, strict=True)]
        means = [t / (len(flips) * len(self.networks)) for t in total]
        return [*means, np.concatenate(features, axis=1)]


def tensors(crops: Sequence[Crop]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(n, 2, s, s) images, (n, 1, s, s) ellipses and (n, 1) sizes for the network."""
    images = torch.from_numpy(np.stack([c.channels for c in crops]))
    ellipses = torch.from_numpy(np.stack([c.ellipse for c in crops])[:, None])
    return images, ellipses, torch.tensor([[c.size] for c in crops], dtype=torch.float32)


def terms(text: str) -> frozenset[str]:
    """The concepts in a description such as "irregular-architectural distortion"."""
    words = {"asymmetry" if "asymmetric" in word else word for word in text.split("-")}
    return frozenset(words & set(CONCEPTS))
