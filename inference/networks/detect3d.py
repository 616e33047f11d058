"""Stage 1: a small U-Net that says where a lesion's centre is (2 mm grid) and what belongs to it (1 mm)."""

from collections.abc import Sequence

import torch
from monai.networks.blocks.dynunet_block import UnetResBlock
from monai.networks.utils import pixelshuffle, pixelunshuffle
from torch import nn

STRIDE = 2


def folded(volume: torch.Tensor) -> torch.Tensor:
    """Space to depth: 2 x 2 x 2 voxels become channels, laid out channels-last (faster on a CPU)."""
    out: torch.Tensor = pixelunshuffle(volume, 3, STRIDE)
    return out.contiguous(memory_format=torch.channels_last_3d)


def residual(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    """Two 3x3x3 convolutions with BatchNorm and ReLU round a residual connection.

    GroupNorm was tried: its statistics are those of the tile, so a nodule looked otherwise in a patch of
    40 mm, as learnt, than in a tile of 96 mm, as read.
    """
    return UnetResBlock(3, inputs, outputs, kernel_size=3, stride=stride, norm_name="batch", act_name="relu")


class CentreMaskNet(nn.Module):
    """(batch, 1, z, y, x) scaled HU, sides a multiple of 2 x 2^(levels-1), to two maps of logits.

    centre  (batch, 1, z/2, y/2, x/2)   mask  (batch, 1, z, y, x)
    """

    def __init__(self, channels: Sequence[int] = (24, 48, 64)) -> None:
        super().__init__()
        first, *deeper = channels
        self.stem = residual(STRIDE**3, first)
        self.down = nn.ModuleList(
            residual(shallow, deep, stride=2) for shallow, deep in zip(channels, deeper, strict=False)
        )
        self.narrow = nn.ModuleList(
            nn.Conv3d(deep, shallow, 1) for shallow, deep in zip(channels, deeper, strict=False)
        )
        self.up = nn.ModuleList(residual(shallow, shallow) for shallow in channels[:-1])
        self.heads = nn.Conv3d(first, 1 + STRIDE**3, 1)
        nn.init.constant_(self.heads.bias, -4.0)  # type: ignore[arg-type]  # lesions are rare

    def features(self, volume: torch.Tensor) -> torch.Tensor:
        """The last feature map, (batch, channels[0], z/2, y/2, x/2)."""
        x: torch.Tensor = self.stem(folded(volume))
        skips = [x]
        for block in self.down:
            x = block(x)
            skips.append(x)
        skips.pop()
        for narrow, block in zip(reversed(self.narrow), reversed(self.up), strict=True):
            x = nn.functional.interpolate(narrow(x), scale_factor=2, mode="nearest")
            x = block(skips.pop() + x)
        return x

    def forward(self, volume: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of centre and mask."""
        logits = self.heads(self.features(volume))
        return logits[:, :1], pixelshuffle(logits[:, 1:], 3, STRIDE)
