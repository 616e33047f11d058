"""One optimiser for all networks: AdamW, warm-up and cosine, averaged weights, exact checkpoints."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

CLIP = 5.0


@dataclass
class Run:
    """A network in training. `step`: steps done; `average`: exponential mean of the weights.

    rates  share of the learning rate for parameters whose names begin so; 1 for the others
    """

    network: nn.Module
    steps: int
    learning_rate: float
    weight_decay: float
    warmup: int
    ema: float
    step: int = 0
    layout: torch.memory_format = torch.channels_last_3d
    rates: Mapping[str, float] = field(default_factory=dict)
    average: AveragedModel = field(init=False)
    optimiser: torch.optim.AdamW = field(init=False)

    def __post_init__(self) -> None:
        """Build average and optimiser."""
        self.network = self.network.to(memory_format=self.layout)  # type: ignore[call-overload]
        mean = get_ema_multi_avg_fn(self.ema)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.network, multi_avg_fn=mean, use_buffers=True)
        self.optimiser = torch.optim.AdamW(
            self._groups(), lr=self.learning_rate, weight_decay=self.weight_decay
        )

    def _groups(self) -> list[dict[str, Any]]:
        """Parameters by their share of the learning rate."""
        groups: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            share = next((rate for start, rate in self.rates.items() if name.startswith(start)), 1.0)
            groups.setdefault(share, []).append(parameter)
        return [{"params": own, "share": share} for share, own in groups.items()]

    def advance(self, loss: Callable[[], torch.Tensor]) -> float:
        """One step down the gradient of `loss()`; a loss that is not finite is skipped. Returns it."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * self._factor() * group["share"]
        self.optimiser.zero_grad(set_to_none=True)
        value = loss()
        if torch.isfinite(value):
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
            self.optimiser.step()
            self.average.update_parameters(self.network)
        self.step += 1
        return float(value.detach())

    def averaged(self) -> nn.Module:
        """The network with averaged weights, in evaluation mode."""
        module: nn.Module = self.average.module
        return module.eval()

    def _factor(self) -> float:
        if self.step < self.warmup:
            return (self.step + 1) / self.warmup
        done = (self.step - self.warmup) / max(self.steps - self.warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0))) + 1e-3

    def save(self, path: Path) -> None:
        """Weights, their average, the optimiser's moments and the step, as safetensors."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for number, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{k}": v for k, v in state.items()}
        tensors["step"] = torch.tensor(self.step)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same network."""
        tensors = load_file(path)
        self.step = int(tensors.pop("step"))
        self.network.load_state_dict(_part(tensors, "network."))
        self.average.load_state_dict(_part(tensors, "average."))
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in _part(tensors, "optimiser.").items():
            number, name = key.split(".", 1)
            moments.setdefault(int(number), {})[name] = value
        state = self.optimiser.state_dict()
        state["state"] = moments
        self.optimiser.load_state_dict(state)


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
