"""Learning that begins with given weights: what of them fits, which layers learn when, and how fast."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
import torch
from safetensors.torch import load_file
from torch import nn

from inference.bundle import MODEL, WEIGHTS, load_bundle, sha256
from inference.install.mapping import Loaded, mapped
from inference.install.weights import read_weights
from inference.networks import build, own_tensors, put_tensors

Positive = Annotated[float, msgspec.Meta(gt=0, le=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

_GROUP = re.compile(
    r"(.*\.submodule\.|backbone\.)?"  # MONAI's nested U-Net: the innermost level; what a detector stands on
    r"([^.]*\d(?=\.)|features\.[^.]+|(?:[^.\d]+\.)+?\d+(?=\.)|[^.]+)"
)
"""A stage or block: layer1, features.denseblock1, blocks.3, ...; else the first part of the name."""
_TOGETHER = {
    **dict.fromkeys(("top", "lateral", "merge"), "top"),
    **dict.fromkeys(("heat", "box", "malignancy", "specks", "mass", "concepts"), "heads"),
}
"""Parts of this project's networks that lie side by side, not one behind the other."""


BEGAN = "began.txt"
"""With which weights, and how, the checkpoints of a folder began."""


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How given weights learn on; `[transfer]` of a configuration.

    decay   learning rate of a group of layers, as a share of that of the next one towards the answer
    thaw    share of the steps after which all groups learn: the one next to the answer from the start,
            the one next to the image last. 0: all from the start
    keep    groups (their names begin so) that never learn
    names   prefix of the checkpoint's names -> prefix of the network's; ignore: prefixes left out
    """

    decay: Positive = 0.75
    thaw: Share = 0.2
    keep: tuple[str, ...] = ()
    names: dict[str, str] = {}
    ignore: tuple[str, ...] = ()


class TransferError(ValueError):
    """Weights that nothing can begin with; one sentence."""


@dataclass(frozen=True, slots=True)
class Start:
    """Weights to begin with, and how they learn on; `sha256` of their file."""

    tensors: Mapping[str, torch.Tensor]
    sha256: str
    plan: Transfer

    def of(self, network: str) -> "Start":
        """Those of one network of a bundle that has several."""
        prefix = f"{network}."
        own = {k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)}
        return Start(own, self.sha256, self.plan)

    def keeping(self, group: str) -> "Start":
        """The same, with one more group that never learns."""
        plan = msgspec.structs.replace(self.plan, keep=(*self.plan.keep, group))
        return Start(self.tensors, self.sha256, plan)


@dataclass(frozen=True, slots=True)
class Pace:
    """`rates` and `learns_from` of an `optimise.Run`."""

    rates: Mapping[str, float] = field(default_factory=dict)
    learns_from: Mapping[str, int] = field(default_factory=dict)


def read_start(path: Path, plan: Transfer) -> Start:
    """From a bundle's folder, or a file of weights. Raises BundleError, or `install.Refused`."""
    if (path / MODEL).exists():
        bundle = load_bundle(path, verify=True)
        return Start(load_file(path / WEIGHTS), bundle.sha256, plan)
    tensors = read_weights(path)
    return Start(tensors, sha256(path), plan)


def claim(out: Path, start: Start | None) -> None:
    """Checkpoints in a folder go on only as they began. Raises `TransferError` where they began otherwise."""
    said = "" if start is None else f"{start.sha256} {msgspec.json.encode(start.plan).decode()}"
    path = out / BEGAN
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    if there != said and any(out.glob("*.safetensors")):
        raise TransferError(f"{out} holds a training that began otherwise: --restart drops it")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(said, encoding="utf-8")


def begin(network: nn.Module, kind: str, start: Start, steps: int) -> tuple[Loaded, Pace]:
    """Put all weights that fit into a network of the registry's name `kind`; the others stay as they are.

    Raises `TransferError` where none fits.
    """
    plan = start.plan
    loaded = mapped(start.tensors, network, kind=kind, names=plan.names, ignore=plan.ignore)
    if not any(name in loaded.state for name, _ in network.named_parameters()):
        raise TransferError(f"no tensor of the checkpoint fits the network '{kind}': {loaded.lines()[-1]}")
    put_tensors(network, {**own_tensors(network), **loaded.state})
    return loaded, pace(network, plan, steps, loaded.state)


def begun(architecture: Mapping[str, Any], start: Start | None, steps: int) -> tuple[nn.Module, Pace]:
    """A network, fresh or begun with weights, and at which pace it learns. Raises `TransferError`."""
    network = build(architecture)
    if start is None:
        return network, Pace()
    return network, begin(network, str(architecture.get("network")), start, steps)[1]


def pace(network: nn.Module, plan: Transfer, steps: int, given: Mapping[str, object]) -> Pace:
    """When each parameter learns, and how fast; those that are not `given` at full rate from the start."""
    groups = layer_groups(network)
    deepest = max(len(groups) - 1, 1)
    rates: dict[str, float] = {}
    learns_from: dict[str, int] = {}
    for height, names in enumerate(reversed(groups.values())):
        for name in names:
            kept = name.startswith(plan.keep)
            if kept or name in given:
                rates[name] = plan.decay**height
                learns_from[name] = steps if kept else round(plan.thaw * steps * height / deepest)
    return Pace(rates, learns_from if any(learns_from.values()) else {})


def layer_groups(network: nn.Module) -> dict[str, list[str]]:
    """Parameters by stage or block, in the order in which the network has them: from image to answer."""
    groups: dict[str, list[str]] = {}
    for name, _ in network.named_parameters():
        found = _GROUP.match(name)
        stage = name if found is None else found[0]
        groups.setdefault(_TOGETHER.get(name.split(".")[0], stage), []).append(name)
    return groups
