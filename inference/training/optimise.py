"""One optimiser for all networks: AdamW, warm-up and cosine, averaged weights, exact checkpoints."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inference.memory import out_of_memory

CLIP = 5.0


@dataclass
class Run:
    """A network in training. `step`: steps done; `average`: exponential mean of the weights.

    rates        share of the learning rate for parameters whose names begin so; 1 for the others
    learns_from  parameters whose names begin so learn from this step on, the others at once. Until then
                 they stay, and so do the statistics of their layers
    parts        a batch is passed in so many parts: twice as many each time that memory runs out
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
    learns_from: Mapping[str, int] = field(default_factory=dict)
    parts: int = 1
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
        return self.advance_batch(lambda _: loss(), 1)

    def advance_batch(self, loss: Callable[[slice], torch.Tensor], size: int) -> float:
        """The same for a batch of `size`; `loss` of a part of it is the mean over that part.

        Where memory runs out the batch is passed in halves, quarters, ..., whose gradients add up to the
        same step (but for statistics of BatchNorm, and for losses weighted by what is in the part).
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * self._factor() * group["share"]
        self._thaw()
        value = self._passed(loss, size)
        if math.isfinite(value):
            nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
            self.optimiser.step()
            self.average.update_parameters(self.network)
        self.step += 1
        return value

    def _passed(self, loss: Callable[[slice], torch.Tensor], size: int) -> float:
        """Gradients of a batch, and its loss."""
        while True:
            self.optimiser.zero_grad(set_to_none=True)
            try:
                return sum(self._part(loss, part, size) for part in _halves(size, self.parts))
            except Exception as error:
                if not out_of_memory(error) or 2 * self.parts > size:
                    raise
            self.parts *= 2
            torch.cuda.empty_cache()  # nothing happens where there is no such device

    def _part(self, loss: Callable[[slice], torch.Tensor], part: slice, size: int) -> float:
        with torch.autocast("cuda", torch.bfloat16, enabled=self._on_cuda()):  # on a CPU bf16 is slower
            value = loss(part) * ((part.stop - part.start) / size)
        if torch.isfinite(value):
            value.backward()
        return float(value.detach())

    def _on_cuda(self) -> bool:
        return next(self.network.parameters()).is_cuda

    def _thaw(self) -> None:
        """Training mode for all that learns at this step."""
        self.network.train()
        if not self.learns_from:
            return
        for name, parameter in self.network.named_parameters():
            start = next((step for begin, step in self.learns_from.items() if name.startswith(begin)), 0)
            parameter.requires_grad_(self.step >= start)
        for module in self.network.modules():
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.eval()

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


def _halves(size: int, parts: int) -> Iterator[slice]:
    """A batch in as many nearly equal parts."""
    for k in range(parts):
        yield slice(k * size // parts, (k + 1) * size // parts)
