"""One answer of one network about one input: what every heat map explains."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

BATCH = 12
WORTH = 0.5
"""Logits. An answer that is not so much higher than that of nothing does not rest on the picture."""


class Scored(nn.Module):
    """A network with one answer: (batch, channel, ...) to (batch, 1), the logit that is explained.

    score  what takes that logit, (batch,), out of the network's output
    """

    def __init__(self, network: nn.Module, score: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.network, self.score = network, score

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The logit of every input."""
        return self.score(self.network(inputs))[:, None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained.

    network   with its answer; layer: name of the feature maps that class activation maps are made of
    inputs    (1, channel, *space), and `baseline` the same where there is nothing to be seen
    """

    network: Scored
    layer: str
    inputs: torch.Tensor
    baseline: torch.Tensor

    @property
    def space(self) -> tuple[int, ...]:
        """Sides of the input."""
        return tuple(self.inputs.shape[2:])


@torch.inference_mode()
def answers(asked: Sequence[Asked], inputs: torch.Tensor) -> NDArray[np.float64]:
    """(n,) mean logits of the networks about inputs like theirs."""
    parts = [inputs[first : first + BATCH] for first in range(0, len(inputs), BATCH)]
    said = [torch.cat([one.network(part) for part in parts])[:, 0] for one in asked]
    return np.asarray(torch.stack(said).mean(dim=0).double().cpu().numpy())


def full_and_empty(asked: Sequence[Asked]) -> tuple[float, float] | None:
    """Mean logits of the input and of its baseline; None where the first is not higher by `WORTH`."""
    full, empty = answers(asked, torch.cat([asked[0].inputs, asked[0].baseline])).tolist()
    return (full, empty) if full - empty >= WORTH else None
