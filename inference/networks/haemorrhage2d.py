"""The network for head CT: heat maps of bleeding on a slice, trained on painted bleeds."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from inference.networks.detect2d import Residual, convolution

STRIDE = 4
"""Pixels of a side of a cell of the heat maps."""
NOTHING = -6.0
"""The logit of cells that hold no brain."""
TOP = 10
"""The score of a slice is the mean of so many of its hottest cells."""


class HaemorrhageNet(nn.Module):
    """(batch, inputs, r, c), sides a multiple of 16, to logits (batch, labels, r/4, c/4)."""

    def __init__(
        self,
        inputs: int = 6,
        labels: int = 6,
        channels: Sequence[int] = (16, 32, 64, 128),
        width: int = 48,
        dropout: float = 0.15,
    ) -> None:
        super().__init__()
        stem, *deeper = channels
        self.stem = convolution(inputs, stem, "group", kernel=5, stride=2)
        self.stages = nn.ModuleList(
            Residual(a, b, "group", stride=2) for a, b in zip(channels, deeper, strict=False)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(n, width, 1) for n in deeper)
        self.merge = Residual(width, width, "group")
        self.drop = nn.Dropout2d(dropout)
        self.heat = nn.Conv2d(width, labels, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Heat maps, logits."""
        x = self.stem(image)
        summed = 0
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        for lateral, level in zip(reversed(self.lateral), reversed(maps), strict=True):
            here = lateral(level)
            summed = here if isinstance(summed, int) else here + _doubled(summed)
        out: torch.Tensor = self.heat(self.drop(self.merge(summed)))
        return out


def cells_with_brain(brain: torch.Tensor) -> torch.Tensor:
    """(batch, 1, r, c) brain, 0 or 1, to cells that are at least half brain: bone's edges are left out."""
    return functional.avg_pool2d(brain, STRIDE) >= 0.5


def slice_logits(heat: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Heat maps (batch, labels, r, c), cells (batch, 1, r, c) to a logit of each label, (batch, labels)."""
    inside = heat.masked_fill(~cells, NOTHING).flatten(2)
    return inside.topk(TOP, dim=2).values.mean(dim=2)


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
