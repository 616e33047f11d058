"""The network for breast density: a linear one, on what the trunk of a mass detector sees in the breast."""

import torch
from torch import nn
from torch.nn import functional

from inference.networks.detect2d import Trunk

CLASSES = ("a", "b", "c", "d")
"""BI-RADS: almost entirely fatty, scattered, heterogeneously dense, extremely dense."""
BINS = 16
"""Of the histogram of grey levels in the breast."""
LOWEST, HIGHEST = -0.3, 1.3


class DensityNet(nn.Module):
    """(batch, features) of `breast_features` to (batch, 4) logits of `CLASSES`."""

    def __init__(self, features: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.LayerNorm(features), nn.Dropout(dropout), nn.Linear(features, len(CLASSES))
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits."""
        out: torch.Tensor = self.body(features)
        return out


def breast_features(trunk: Trunk, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(features,) of one breast: mean and deviation of the trunk's two coarsest maps in it, and a histogram.

    image (1, 2, r, c) and mask (1, 1, r, c), sides a multiple of 32.
    """
    out = []
    for maps in trunk(image)[-2:]:
        weight = functional.adaptive_avg_pool2d(mask, (maps.shape[-2], maps.shape[-1]))
        total = weight.sum().clamp(min=1e-3)
        mean = (maps * weight).sum(dim=(0, 2, 3)) / total
        spread = ((maps - mean[None, :, None, None]) ** 2 * weight).sum(dim=(0, 2, 3)) / total
        out += [mean, spread.sqrt()]
    grey = image[:, :1][mask > 0.5]
    shares = torch.histc(grey.float(), BINS, LOWEST, HIGHEST) / max(grey.numel(), 1)
    return torch.cat([*out, 4 * shares.to(out[0].dtype)])
