"""The networks of the bundles, built by name from arguments in `model.toml`, and their weights on disk."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from inference.networks.architectures import ARCHITECTURES, build_architecture
from inference.networks.architectures import ArchitectureError as ArchitectureError
from inference.networks.boxes import box_net
from inference.networks.classify2d import MassClassifier
from inference.networks.classify3d import CandidateClassifier
from inference.networks.cluster2d import ClusterNet
from inference.networks.density2d import DensityNet
from inference.networks.detect2d import LesionNet
from inference.networks.detect3d import CentreMaskNet
from inference.networks.haemorrhage2d import HaemorrhageNet

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "boxes": box_net,
    "centre_mask_3d": CentreMaskNet,
    "candidate_classifier_3d": CandidateClassifier,
    "cluster_2d": ClusterNet,
    "density_2d": DensityNet,
    "haemorrhage_2d": HaemorrhageNet,
    "lesion_2d": LesionNet,
    "mass_classifier_2d": MassClassifier,
}
"""Networks of this project, beside the `ARCHITECTURES` of MONAI."""


def build(architecture: Mapping[str, Any]) -> nn.Module:
    """A network from its entry in `model.toml`: `network` is its name here, the rest its arguments.

    Raises `ArchitectureError`.
    """
    arguments = {key: value for key, value in architecture.items() if key != "network"}
    name = architecture.get("network", "")
    if name in ARCHITECTURES:
        return build_architecture(name, arguments)
    if name not in NETWORKS:
        known = ", ".join(sorted({*NETWORKS, *ARCHITECTURES}))
        raise ArchitectureError(f"network '{name}' found; there is: {known}")
    return NETWORKS[name](**arguments)


def own_tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    """The state of a network, a tensor that stands in it under several names (as DynUNet's do) once."""
    seen: set[int] = set()
    out = {}
    for key, value in network.state_dict(keep_vars=True).items():
        if id(value) not in seen:
            seen.add(id(value))
            out[key] = value.detach()
    return out


def put_tensors(network: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Load what `own_tensors` gave; a missing or surplus tensor, or another shape, raises RuntimeError."""
    first: dict[int, str] = {}
    state = dict(tensors)
    for key, value in network.state_dict(keep_vars=True).items():
        name = first.setdefault(id(value), key)
        if name != key and name in tensors:
            state.setdefault(key, tensors[name])
    network.load_state_dict(state)


def save_networks(networks: Mapping[str, nn.Module], path: Path, *, half: bool = False) -> None:
    """Write the weights of several networks into one safetensors file, as `<name>.<parameter>`.

    With `half` in 16 bits; loaded networks compute in 32 bits all the same.
    """

    def stored(value: torch.Tensor) -> torch.Tensor:
        return value.half() if half and value.is_floating_point() else value

    tensors = {
        f"{name}.{key}": stored(value.cpu()).contiguous()
        for name, network in networks.items()
        for key, value in own_tensors(network).items()
    }
    save_file(tensors, path)


def load_networks(architectures: Mapping[str, Mapping[str, Any]], path: Path) -> dict[str, nn.Module]:
    """Build the networks and load their weights; a missing or surplus tensor raises RuntimeError."""
    tensors: dict[str, torch.Tensor] = load_file(path)
    networks = {}
    for name, architecture in architectures.items():
        prefix = f"{name}."
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        network = build(architecture)
        put_tensors(network, own)
        networks[name] = network.eval()
    return networks
