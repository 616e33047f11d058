"""Architectures of MONAI that a bundle may name, each with the arguments that it may give.

An argument is a number, a word or a list of them: no code travels with a bundle, and nothing is fetched.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
import torch
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.dynunet import DynUNet
from monai.networks.nets.efficientnet import EfficientNetBN
from monai.networks.nets.resnet import ResNet
from monai.networks.nets.segresnet import SegResNet
from monai.networks.nets.unet import UNet
from monai.networks.nets.vit import ViT
from torch import nn

Dims = Literal[2, 3]
Width = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Depth = Annotated[int, msgspec.Meta(ge=0, le=64)]
Pitch = Annotated[int, msgspec.Meta(ge=1, le=64)]
Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Sides = Pitch | tuple[Pitch, ...]
Layer = str | tuple[str, dict[str, bool | int | float]]
"""A normalisation or activation by MONAI's name, alone or with its arguments."""
Widths = Annotated[tuple[Width, ...], msgspec.Meta(min_length=1, max_length=16)]
Depths = Annotated[tuple[Depth, ...], msgspec.Meta(min_length=1, max_length=16)]
Pitches = Annotated[tuple[Sides, ...], msgspec.Meta(min_length=1, max_length=16)]


class ArchitectureError(ValueError):
    """An architecture that cannot be built: one sentence: its name, what was found, what is allowed."""


class _Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments by MONAI's names. Those that are not given are not passed: MONAI's defaults hold."""


class _ResNet(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    block: Literal["basic", "bottleneck"]
    layers: Annotated[tuple[Depth, ...], msgspec.Meta(min_length=4, max_length=4)]
    block_inplanes: Annotated[tuple[Width, ...], msgspec.Meta(min_length=4, max_length=4)]
    num_classes: Width
    spatial_dims: Dims = 3
    n_input_channels: Width = 3
    conv1_t_size: Sides = 7
    conv1_t_stride: Sides = 1
    no_max_pool: bool = False
    shortcut_type: Literal["A", "B"] = "B"
    widen_factor: Annotated[float, msgspec.Meta(gt=0, le=8)] = 1.0
    bias_downsample: bool = True
    act: Layer = "relu"
    norm: Layer = "batch"


class _EfficientNet(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model_name: Annotated[str, msgspec.Meta(pattern=r"^efficientnet-b[0-8]$")]
    num_classes: Width
    spatial_dims: Dims = 2
    in_channels: Width = 3
    norm: Layer = "batch"
    pretrained: Literal[False] = False


class _ViT(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    in_channels: Width
    img_size: Annotated[int, msgspec.Meta(ge=1, le=2048)] | Widths
    patch_size: Sides
    num_classes: Width
    hidden_size: Width = 768
    mlp_dim: Annotated[int, msgspec.Meta(ge=1, le=16384)] = 3072
    num_layers: Depth = 12
    num_heads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 12
    proj_type: Literal["conv", "perceptron"] = "conv"
    pos_embed_type: Literal["none", "learnable", "sincos"] = "learnable"
    classification: Literal[True] = True
    dropout_rate: Share = 0.0
    spatial_dims: Dims = 3
    post_activation: Literal["Tanh", ""] = "Tanh"
    qkv_bias: bool = False


class _UNet(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    spatial_dims: Dims
    in_channels: Width
    out_channels: Width
    channels: Widths
    strides: Pitches
    kernel_size: Sides = 3
    up_kernel_size: Sides = 3
    num_res_units: Depth = 0
    act: Layer = "PRELU"
    norm: Layer = "INSTANCE"
    dropout: Share = 0.0
    bias: bool = True
    adn_ordering: Annotated[str, msgspec.Meta(pattern="^[NDA]{1,3}$")] = "NDA"


class _BasicUNet(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    spatial_dims: Dims = 3
    in_channels: Width = 1
    out_channels: Width = 2
    features: Annotated[tuple[Width, ...], msgspec.Meta(min_length=6, max_length=6)] = (
        *(32, 32, 64),
        *(128, 256, 32),
    )
    act: Layer = "relu"
    norm: Layer = "instance"
    bias: bool = True
    dropout: Share = 0.0
    upsample: Literal["deconv", "pixelshuffle", "nontrainable"] = "deconv"


class _DynUNet(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    spatial_dims: Dims
    in_channels: Width
    out_channels: Width
    kernel_size: Pitches
    strides: Pitches
    upsample_kernel_size: Pitches
    filters: Widths | None = None
    dropout: Share | None = None
    norm_name: Layer = "INSTANCE"
    act_name: Layer = "leakyrelu"
    deep_supervision: bool = False
    deep_supr_num: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1
    res_block: bool = False
    trans_bias: bool = False


class _SegResNet(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    spatial_dims: Dims = 3
    init_filters: Width = 8
    in_channels: Width = 1
    out_channels: Width = 2
    dropout_prob: Share | None = None
    act: Layer = "RELU"
    norm: Layer = "GROUP"
    use_conv_final: bool = True
    blocks_down: Depths = (1, 2, 2, 4)
    blocks_up: Depths = (1, 1, 1)
    upsample_mode: Literal["nontrainable", "deconv", "pixelshuffle"] = "nontrainable"


class _DenseNet(_Arguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    spatial_dims: Dims
    in_channels: Width
    out_channels: Width
    init_features: Width = 64
    growth_rate: Annotated[int, msgspec.Meta(ge=1, le=256)] = 32
    block_config: Depths = (6, 12, 24, 16)
    bn_size: Pitch = 4
    act: Layer = "relu"
    norm: Layer = "batch"
    dropout_prob: Share = 0.0


class _Classifier(ViT):
    """MONAI's ViT without the hidden states in its answer: (batch, classes) as every other classifier."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(batch, channels, ...) to logits (batch, classes)."""
        logits: torch.Tensor = super().forward(image)[0]  # type: ignore[no-untyped-call]
        return logits


ARCHITECTURES: dict[str, tuple[type[_Arguments], Callable[..., nn.Module]]] = {
    "resnet": (_ResNet, ResNet),
    "efficientnet": (_EfficientNet, EfficientNetBN),
    "vit": (_ViT, _Classifier),
    "unet": (_UNet, UNet),
    "basic_unet": (_BasicUNet, BasicUNet),
    "dynunet": (_DynUNet, DynUNet),
    "segresnet": (_SegResNet, SegResNet),
    "densenet": (_DenseNet, DenseNet),
}
SET: dict[str, dict[str, Any]] = {
    "efficientnet": {"pretrained": False},  # MONAI's default fetches weights
    "vit": {"classification": True},
}
"""Arguments that are always so."""


UNBUILDABLE = (
    TypeError,
    ValueError,
    KeyError,
    IndexError,
    AssertionError,
    NotImplementedError,
    UserWarning,
)
"""What MONAI raises for arguments that do not fit together."""


def checked(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with which MONAI's class is called. Raises `ArchitectureError`."""
    kind, _ = ARCHITECTURES[name]
    try:
        msgspec.convert(dict(arguments), kind)
    except msgspec.ValidationError as error:
        raise ArchitectureError(f"network '{name}': {error}") from error
    return {**arguments, **SET.get(name, {})}


def build_architecture(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """A network of `ARCHITECTURES` with fresh weights. Raises `ArchitectureError`."""
    given = checked(name, arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # MONAI warns of arguments that it would leave unused
            return ARCHITECTURES[name][1](**given)
    except UNBUILDABLE as error:
        raise ArchitectureError(f"network '{name}' cannot be built so: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
