"""Backbones of MONAI without their heads: maps of an image at several resolutions."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.efficientnet import EfficientNetBN
from monai.networks.nets.resnet import ResNet
from monai.networks.nets.vit import ViT
from torch import nn

from inference.networks.architectures import ArchitectureError, build_architecture

Maps = list[torch.Tensor]


class Pyramid:
    """A backbone and how its maps are taken, finest first. It holds no weights: the `backbone` does."""

    def __init__(self, architecture: Mapping[str, Any]) -> None:
        """From an entry as in `model.toml`; raises `ArchitectureError`."""
        name = architecture.get("network", "")
        if name not in TAPS:
            raise ArchitectureError(f"backbone '{name}' found; there is: {', '.join(sorted(TAPS))}")
        self._tap = TAPS[name]
        arguments = {key: value for key, value in architecture.items() if key != "network"}
        unused = {self._tap.classes: 1} if self._tap.classes else {}
        self.backbone = build_architecture(name, {**unused, **arguments})
        for head in self._tap.heads:
            delattr(self.backbone, head)
        first = next(m for m in self.backbone.modules() if isinstance(m, nn.Conv2d | nn.Conv3d))
        self.dims = first.weight.dim() - 2
        self.channels, self.strides = self._measured(first.in_channels, arguments.get("img_size", PROBE))

    def of(self, image: torch.Tensor) -> Maps:
        """(batch, channels, ...) to maps, finest first."""
        return self._tap.maps(self.backbone, image)

    def _measured(self, inputs: int, size: int | tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Channels and stride of each map, by an image without storage."""
        sides = (size,) * self.dims if isinstance(size, int) else tuple(size)
        probe = deepcopy(self.backbone).to("meta").eval()
        with torch.no_grad():
            maps = self._tap.maps(probe, torch.zeros(1, inputs, *sides, device="meta"))
        return tuple(m.shape[1] for m in maps), tuple(sides[0] // m.shape[2] for m in maps)


PROBE = 64
"""Side of that image, where the backbone does not ask for another."""


def _resnet(b: ResNet, image: torch.Tensor) -> Maps:
    x = b.act(b.bn1(b.conv1(image)))
    x = x if b.no_max_pool else b.maxpool(x)
    return _finest_first(b.layer1, b.layer2, b.layer3, b.layer4, image=x)


def _efficientnet(b: EfficientNetBN, image: torch.Tensor) -> Maps:
    x = b._swish(b._bn0(b._conv_stem(b._conv_stem_padding(image))))
    return _finest_first(*b._blocks, image=x)


def _densenet(b: DenseNet, image: torch.Tensor) -> Maps:
    return _finest_first(*b.features, image=image)


def _vit(b: ViT, image: torch.Tensor) -> Maps:
    """Its tokens, laid where their patches were."""
    _, hidden = ViT.forward(b, image)  # type: ignore[no-untyped-call]
    tokens = b.norm(hidden[-1])[:, 1:]  # the first stands for the whole image
    kernel = next(m for m in b.modules() if isinstance(m, nn.Conv2d | nn.Conv3d)).kernel_size
    grid = [n // k for n, k in zip(image.shape[2:], kernel, strict=True)]
    return [tokens.transpose(1, 2).reshape(len(image), -1, *grid)]


def _whole(b: nn.Module, image: torch.Tensor) -> Maps:
    """The answer of a U-Net, at the resolution of the image."""
    return [b(image)]


def _finest_first(*stages: nn.Module, image: torch.Tensor) -> Maps:
    """What stages make one after the other: of those of one resolution the last."""
    maps: Maps = []
    for stage in stages:
        image = stage(image)
        if maps and maps[-1].shape[2:] == image.shape[2:]:
            maps.pop()
        maps.append(image)
    return maps


@dataclass(frozen=True, slots=True)
class Tap:
    """How a backbone's maps are taken; which parts only a classifier needs, and their argument."""

    maps: Callable[[Any, torch.Tensor], Maps]
    heads: tuple[str, ...] = ()
    classes: str = ""


TAPS = {
    "resnet": Tap(_resnet, ("fc",), "num_classes"),
    "efficientnet": Tap(_efficientnet, ("_conv_head", "_bn1", "_fc"), "num_classes"),
    "densenet": Tap(_densenet, ("class_layers",), "out_channels"),
    "vit": Tap(_vit, ("classification_head",), "num_classes"),
    **dict.fromkeys(("unet", "basic_unet", "dynunet", "segresnet"), Tap(_whole)),
}
"""The backbones by their names in a configuration."""
