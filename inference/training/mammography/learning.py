"""One step of a network that marks lesions on mammograms."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.training.optimise import Run

Maps = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""What such a network says: heat, boxes and a third map of its own."""
Loss = Callable[[Maps, tuple[torch.Tensor, ...]], tuple[torch.Tensor, dict[str, float]]]
"""(what the network says, the aims) -> the loss, and its terms by name."""


def learn(
    run: Run, images: NDArray[np.float32], aims: Sequence[NDArray[Any]], loss: Loss, device: str
) -> dict[str, float]:
    """Advance by one batch, images (n, channels, rows, columns); the terms of its loss."""
    given = torch.from_numpy(images).to(device, memory_format=torch.channels_last)
    wanted = tuple(torch.from_numpy(a).to(device) for a in aims)
    parts: dict[str, float] = {}

    def value(part: slice) -> torch.Tensor:
        found, terms = loss(run.network(given[part]), tuple(a[part] for a in wanted))
        parts.update(terms)
        return found

    run.advance_batch(value, len(images))
    return parts
