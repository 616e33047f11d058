"""Breast density on one mammogram, as a suggestion."""

import numpy as np
import torch
from torch import nn

from inference.networks.density2d import CLASSES, breast_features
from inference.networks.detect2d import LesionNet
from inference.pipelines.detect2d import Array, padded
from inference.pipelines.mammogram import Prepared


class Density:
    """The loaded network, with the detector on whose trunk it stands."""

    def __init__(self, network: nn.Module, detector: nn.Module, device: str) -> None:
        self.network, self.device = network.to(device).eval(), device
        self.detector = detector

    @torch.inference_mode()
    def probabilities(self, prepared: Prepared) -> dict[str, float]:
        """Of the BI-RADS densities a to d, not calibrated."""
        features = torch.from_numpy(features_of(self.detector, prepared, self.device)).to(self.device)
        said = torch.softmax(self.network(features[None])[0], dim=0).double().cpu().numpy()
        return dict(zip(CLASSES, said.tolist(), strict=True))


@torch.inference_mode()
def features_of(detector: nn.Module, prepared: Prepared, device: str) -> Array:
    """(features,) of a breast; `detector` is a LesionNet on that device."""
    assert isinstance(detector, LesionNet)
    image = padded(prepared.channels, device)
    mask = padded(prepared.mask[None].astype(np.float32), device)
    out: Array = breast_features(detector.trunk, image, mask).float().cpu().numpy()
    return out
