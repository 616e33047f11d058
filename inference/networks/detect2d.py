"""The network for mammograms: where lesions lie (CenterNet-like, with a top-down path)."""

from collections.abc import Sequence

import torch
from monai.networks.blocks.convolutions import Convolution
from torch import nn
from torch.nn import functional

GROUPS = 8
STRIDE = 4
"""Of the detector's answer."""
BOX_SIDE = 24.0
"""Side in input pixels of a box whose log size is 0: a common mass at 0.6 mm."""


def convolution(
    inputs: int, outputs: int, norm: str, *, kernel: int = 3, stride: int = 1, act: str | None = "relu"
) -> nn.Module:
    """Convolution, normalisation ("group" or "batch"), ReLU."""
    named = ("group", {"num_groups": GROUPS}) if norm == "group" else ("batch", {})
    return Convolution(
        2, inputs, outputs, strides=stride, kernel_size=kernel, norm=named, act=act, bias=False
    )


class Residual(nn.Module):
    """Two 3x3 convolutions round a skip that is averaged where it shrinks (nothing is thrown away unseen)."""

    def __init__(self, inputs: int, outputs: int, norm: str, stride: int = 1) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, norm, stride=stride)
        self.second = convolution(outputs, outputs, norm, act=None)
        shrink = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        narrow = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()
        self.skip = nn.Sequential(shrink, narrow)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, r, c) to (batch, outputs, r/stride, c/stride)."""
        return functional.relu(self.second(self.first(x)) + self.skip(x))


class Trunk(nn.Module):
    """(batch, inputs, r, c) to maps at stride 4, 8, 16 and 32; sides a multiple of 32."""

    def __init__(
        self, inputs: int = 2, channels: Sequence[int] = (16, 32, 64, 96, 128), norm: str = "group"
    ) -> None:
        super().__init__()
        stem, *deeper = channels
        self.stem = convolution(inputs, stem, norm, kernel=5, stride=2)
        stages = []
        for number, (shallow, deep) in enumerate(zip(channels, deeper, strict=False)):
            blocks = [Residual(shallow, deep, norm, stride=2)]
            if number:
                blocks.append(Residual(deep, deep, norm))
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, finest first."""
        x = self.stem(image)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class LesionNet(nn.Module):
    """(batch, inputs, r, c), sides a multiple of 32, to maps at stride 4.

    heat        (batch, 1, r/4, c/4) logit of a lesion's centre
    box         (batch, 4, ...) log(width/24), log(height/24) and offset of the centre (column, row) in cells
    malignancy  (batch, 1, ...) logit
    """

    def __init__(
        self,
        inputs: int = 2,
        channels: Sequence[int] = (16, 32, 64, 96, 128),
        width: int = 48,
        norm: str = "group",
    ) -> None:
        super().__init__()
        self.trunk = Trunk(inputs, channels, norm)
        used = channels[-3:]  # strides 8, 16 and 32 feed the top-down path; the finest joins last
        fine = channels[1]
        self.top = nn.Conv2d(used[-1], width, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(n, width, 1) for n in (used[-2], used[-3], fine))
        self.merge = nn.ModuleList(convolution(width, width, norm) for _ in range(3))
        self.heat = nn.Conv2d(width, 1, 1)
        self.box = nn.Conv2d(width, 4, 1)
        self.malignancy = nn.Sequential(
            nn.Conv2d(width, 32, 1), nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(32, 1, 1)
        )
        nn.init.constant_(self.heat.bias, -4.0)  # type: ignore[arg-type]  # lesions are rare

    def features(self, image: torch.Tensor) -> torch.Tensor:
        """(batch, width, r/4, c/4): what all heads see."""
        maps = self.trunk(image)
        x: torch.Tensor = self.top(maps[-1])
        for lateral, merge, finer in zip(self.lateral, self.merge, reversed(maps[:-1]), strict=True):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = merge(x + lateral(finer))
        return x

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Heat, box and malignancy."""
        x = self.features(image)
        return self.heat(x), self.box(x), self.malignancy(x)
