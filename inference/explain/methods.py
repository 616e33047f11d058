"""Five ways to make a heat map of one answer of a network, in 2-D and in 3-D, behind one function.

Class activation maps are a line each (MONAI leaves hooks behind in the network); the rest is captum's.
"""

from collections.abc import Callable

import torch
from torch.nn import functional

from inference.explain.asked import Asked
from inference.explain.hirescam import captured, weighed
from inference.protocol import Method

IG_STEPS = 24
"""Of the path from the baseline to the input; the map then adds up to the answer within a few per cent."""
BATCH = 8
WINDOWS = 64
"""Windows that are covered in turn: 8 x 8 or 4 x 4 x 4, in the middle of the input."""
MIDDLE = 0.8
"""Share of each side in which they lie."""
OVERLAP = 4 / 3
"""Side of a window over the step from one to the next."""


def attribute(asked: Asked, method: Method) -> torch.Tensor:
    """What raised the answer, >= 0, on the input's grid (*space), in no unit. Parameters keep no gradient."""
    return torch.relu(_METHODS[method](asked)).float().cpu()


def grad_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Selvaraju 2017: each feature map counts by its mean gradient. (batch, channel, ...) -> (batch, ...)."""
    weights = gradients.flatten(2).mean(dim=2)
    return torch.einsum("bc,bc...->b...", weights, activations)


def grad_cam_pp(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Chattopadhay 2018, equations 10 and 19, for an exponential of the answer: likewise."""
    a, g = activations.flatten(2), gradients.flatten(2)
    below = 2 * g**2 + a.sum(dim=2, keepdim=True) * g**3
    alpha = torch.where(below != 0, g**2 / torch.where(below != 0, below, torch.ones_like(below)), 0.0)
    weights = (alpha * torch.relu(g)).sum(dim=2)
    return torch.einsum("bc,bc...->b...", weights, activations)


def _of_layer(weigh: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Callable[[Asked], torch.Tensor]:
    """A class activation map of the layer, drawn out to the input's grid."""

    def found(asked: Asked) -> torch.Tensor:
        layer = asked.network.get_submodule(f"network.{asked.layer}")
        coarse = torch.relu(
            weigh(*captured(asked.network, layer, asked.inputs.clone(), lambda said: said[:, 0]))
        )
        mode = "trilinear" if len(asked.space) == 3 else "bilinear"
        return functional.interpolate(coarse[:, None], size=asked.space, mode=mode)[0, 0]

    return found


def _integrated_gradients(asked: Asked) -> torch.Tensor:
    """Sundararajan 2017: the map adds up to the answer less that of the baseline."""
    from captum.attr import IntegratedGradients  # loads a plotting library: not on the way of a read

    found: torch.Tensor = IntegratedGradients(asked.network).attribute(
        asked.inputs, asked.baseline, target=0, n_steps=IG_STEPS, internal_batch_size=BATCH
    )
    return found[0].sum(dim=0).detach()


def _occlusion(asked: Asked) -> torch.Tensor:
    """Zeiler 2014: how far the answer falls where a window is covered by the baseline."""
    from captum.attr import Occlusion

    count = round(WINDOWS ** (1 / len(asked.space)))
    steps = [max(int(MIDDLE * side / (count - 1 + OVERLAP)), 1) for side in asked.space]
    windows = [min(round(step * OVERLAP), side) for step, side in zip(steps, asked.space, strict=True)]
    spans = [step * (count - 1) + window for step, window in zip(steps, windows, strict=True)]
    starts = [(side - span) // 2 for side, span in zip(asked.space, spans, strict=True)]
    inside = [slice(start, start + span) for start, span in zip(starts, spans, strict=True)]
    middle = (slice(None), slice(None), *inside)

    def answer(part: torch.Tensor) -> torch.Tensor:
        whole = asked.inputs.expand(len(part), *asked.inputs.shape[1:]).clone()
        whole[middle] = part
        out: torch.Tensor = asked.network(whole)
        return out

    channels = asked.inputs.shape[1]
    with torch.inference_mode():
        found: torch.Tensor = Occlusion(answer).attribute(
            asked.inputs[middle],
            sliding_window_shapes=(channels, *windows),
            strides=(channels, *steps),
            baselines=asked.baseline[middle],
            target=0,
            perturbations_per_eval=BATCH,
        )
    out = torch.zeros(asked.space)
    out[tuple(inside)] = found[0, 0].cpu()
    return out


_METHODS: dict[Method, Callable[[Asked], torch.Tensor]] = {
    Method.HIRESCAM: _of_layer(weighed),
    Method.GRAD_CAM: _of_layer(grad_cam),
    Method.GRAD_CAM_PP: _of_layer(grad_cam_pp),
    Method.INTEGRATED_GRADIENTS: _integrated_gradients,
    Method.OCCLUSION: _occlusion,
}
