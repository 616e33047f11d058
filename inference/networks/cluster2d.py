"""The network for calcification clusters: single specks on a fine map, clusters on a coarse one."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from inference.networks.detect2d import Residual, convolution

STRIDE = 8
"""Of the map of clusters."""
SPECK_STRIDE = 2
"""Of the map of specks."""


class ClusterNet(nn.Module):
    """(batch, inputs, r, c), sides a multiple of 32, to three maps.

    heat    (batch, 1, r/8, c/8) logit of a cluster's centre
    box     (batch, 2, r/8, c/8) log of a cluster's height and width over 8 mm
    specks  (batch, 1, r/2, c/2) logit of a single speck, of whatever it is part

    The first convolution keeps the pitch of the input, so that a speck of two pixels is weighed before
    anything is thrown away; context (is it one of many? along a vessel?) comes from up to stride 32.
    """

    def __init__(
        self,
        inputs: int = 2,
        channels: Sequence[int] = (12, 24, 32, 48, 64, 96),
        width: int = 48,
        norm: str = "batch",
    ) -> None:
        super().__init__()
        stem, *deeper = channels
        self.stem = convolution(inputs, stem, norm)
        self.stages = nn.ModuleList(
            Residual(shallow, deep, norm, stride=2) for shallow, deep in zip(channels, deeper, strict=False)
        )
        self.specks = nn.Conv2d(channels[1], 1, 1)
        self.top = nn.Conv2d(channels[-1], width, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(n, width, 1) for n in channels[-2:-4:-1])
        self.merge = nn.ModuleList(convolution(width, width, norm) for _ in range(2))
        self.heat = nn.Conv2d(width, 1, 1)
        self.box = nn.Conv2d(width, 2, 1)
        for head in (self.heat, self.specks):
            nn.init.constant_(head.bias, -4.0)  # type: ignore[arg-type]  # both are rare

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Heat, box and specks."""
        x = self.stem(image)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        specks = self.specks(maps[0])
        x = self.top(maps[-1])
        for lateral, merge, finer in zip(self.lateral, self.merge, maps[-2:-4:-1], strict=True):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = merge(x + lateral(finer))
        return self.heat(x), self.box(x), specks
