"""HiResCAM (Draelos and Carin, 2020): gradient times activation, summed over channels."""

from collections.abc import Callable

import torch
from torch import nn


def hirescam(
    network: nn.Module, layer: nn.Module, inputs: torch.Tensor, score: Callable[..., torch.Tensor]
) -> torch.Tensor:
    """What raised the score: (batch, z, y, x) >= 0 on the layer's grid, in units of the score.

    `score` turns the network's output into one number per sample. Unlike Grad-CAM the gradients are not
    averaged over the image, so for a linear head the map adds up to the score. Parameters keep no gradient.
    """
    return torch.relu(weighed(*captured(network, layer, inputs, score)))


def weighed(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Each activation by its own gradient: (batch, channel, ...) -> (batch, ...)."""
    return (gradients * activations).sum(dim=1)


def captured(
    network: nn.Module, layer: nn.Module, inputs: torch.Tensor, score: Callable[..., torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the layer gave out, and the gradient of the score by it, both (batch, channel, ...)."""
    kept: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        with torch.enable_grad():
            total = score(network(inputs.requires_grad_())).sum()
            (gradient,) = torch.autograd.grad(total, kept[0])
    finally:
        handle.remove()
    return kept[0].detach(), gradient.detach()
