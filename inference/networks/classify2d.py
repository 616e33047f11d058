"""The network for one suspected mass: is it one, is it malignant, what would a reader call it."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from inference.networks.detect2d import Trunk

SIDE = 96
"""Pixels of a crop a side."""


class MassClassifier(nn.Module):
    """(batch, inputs, 96, 96) crops to logits, each (batch, n): mass (1), malignancy (1), concepts.

    Features are pooled from the trunk's maps, those of strides 8 and 16 under the ellipse of the suspected
    mass. The trunk has the shape of the detector's, whose weights it starts from.
    """

    def __init__(
        self,
        concepts: int,
        inputs: int = 2,
        channels: Sequence[int] = (16, 32, 64, 96, 128),
        width: int = 96,
        norm: str = "group",
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        self.trunk = Trunk(inputs, channels, norm)
        eighth, sixteenth, deepest = channels[-3:]
        features = eighth + 2 * sixteenth + 2 * deepest + 1
        self.body = nn.Sequential(
            nn.LayerNorm(features), nn.Dropout(dropout), nn.Linear(features, width), nn.ReLU(),
            nn.Dropout(dropout / 2),
        )  # fmt: skip
        self.mass = nn.Linear(width, 1)
        self.malignancy = nn.Linear(width, 1)
        self.concepts = nn.Linear(width, concepts)

    def forward(
        self, crop: torch.Tensor, ellipse: torch.Tensor, size: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Ellipse: (batch, 1, 96, 96), 1 inside. Size: (batch, 1), log of the box side (see `mass_crops`)."""
        return self.answers(self.features(crop, ellipse, size))

    def answers(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mass, malignancy, concepts, as logits."""
        return self.mass(features), self.malignancy(features), self.concepts(features)

    def features(self, crop: torch.Tensor, ellipse: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """(batch, width): what the answers are made of."""
        _, eighth, sixteenth, deepest = self.trunk(crop)
        pooled = [
            _within(eighth, ellipse),
            _within(sixteenth, ellipse),
            sixteenth.amax(dim=(2, 3)),
            deepest.mean(dim=(2, 3)),
            deepest.amax(dim=(2, 3)),
            size,
        ]
        out: torch.Tensor = self.body(torch.cat(pooled, dim=1))
        return out


def _within(maps: torch.Tensor, ellipse: torch.Tensor) -> torch.Tensor:
    """(batch, channels): mean of (batch, channels, r, c) under the ellipse."""
    weight = functional.adaptive_avg_pool2d(ellipse, (maps.shape[-2], maps.shape[-1])) + 1e-4
    return (maps * weight).sum(dim=(2, 3)) / weight.sum(dim=(2, 3))
