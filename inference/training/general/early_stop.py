"""Where training ends: at the averaged weights that did best on images that are not learnt from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from inference.networks import own_tensors, put_tensors
from inference.training.optimise import Run

LEAF = "best.safetensors"


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """`loss` of a network in evaluation mode; training ends once it has not fallen for `patience` steps.

    The best weights lie in `out`, with their step and loss, so that a resumed run ends where it would have.
    """

    out: Path
    patience: int
    loss: Callable[[nn.Module], float]

    def check(self, run: Run) -> tuple[float, bool]:
        """The loss now, and whether to stop."""
        with torch.inference_mode():
            now = self.loss(run.averaged())
        step, best = self._best()
        if now < best:
            self._keep(run, now)
            return now, False
        return now, run.step - step >= self.patience

    def best(self, network: nn.Module) -> nn.Module:
        """The network with the best weights."""
        tensors = load_file(self.out / LEAF)
        put_tensors(network, {k: v for k, v in tensors.items() if k not in ("step", "loss")})
        return network.eval()

    def _best(self) -> tuple[int, float]:
        path = self.out / LEAF
        if not path.exists():
            return 0, float("inf")
        kept = load_file(path)
        return int(kept["step"]), float(kept["loss"])

    def _keep(self, run: Run, loss: float) -> None:
        tensors = {k: v.cpu().clone().contiguous() for k, v in own_tensors(run.averaged()).items()}
        tensors |= {"step": torch.tensor(run.step), "loss": torch.tensor(loss, dtype=torch.float64)}
        self.out.mkdir(parents=True, exist_ok=True)
        partial = (self.out / LEAF).with_suffix(".part")
        save_file(tensors, partial)
        partial.replace(self.out / LEAF)
