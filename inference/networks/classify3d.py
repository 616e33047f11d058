"""Stage 2: is a candidate a lesion? From the image round it, the mask of stage 1 and the lung."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from inference.networks.detect3d import STRIDE, folded, residual


class CandidateClassifier(nn.Module):
    """(batch, inputs, side, side, side) crops to (batch, 1) logits; mean and maximum pooling."""

    def __init__(self, inputs: int = 3, channels: Sequence[int] = (32, 48, 64)) -> None:
        super().__init__()
        widths = [inputs * STRIDE**3, *channels]
        self.blocks = nn.ModuleList(
            residual(a, b, stride=1 if i == 0 else 2) for i, (a, b) in enumerate(pairwise(widths))
        )
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(2 * widths[-1], 1)

    def features(self, crops: torch.Tensor) -> torch.Tensor:
        """The last feature map, (batch, channels[-1], side/8, ...)."""
        x = folded(crops)
        for block in self.blocks:
            x = block(x)
        return x

    def pooled(self, crops: torch.Tensor) -> torch.Tensor:
        """The feature vector of each crop, (batch, 2 x channels[-1])."""
        x = self.features(crops)
        return torch.cat([x.mean(dim=(2, 3, 4)), x.amax(dim=(2, 3, 4))], dim=1)

    def classify(self, pooled: torch.Tensor) -> torch.Tensor:
        """Logits from feature vectors, (batch, 1)."""
        out: torch.Tensor = self.head(self.drop(pooled))
        return out

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Logits, (batch, 1)."""
        return self.classify(self.pooled(crops))
