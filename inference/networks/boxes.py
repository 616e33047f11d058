"""The detector on any backbone: where findings lie and how large they are (CenterNet-like), in 2-D and 3-D.

Zhou et al., Objects as Points, 2019; with a top-down path (Lin et al., Feature Pyramid Networks, 2017).
"""

from typing import Annotated, Any

import msgspec
import torch
from monai.networks.blocks.convolutions import Convolution
from torch import nn
from torch.nn import functional

from inference.networks.architectures import UNBUILDABLE, ArchitectureError
from inference.networks.pyramid import Pyramid

GROUPS = 8
CELLS = 4.0
"""A side whose logarithm is said as 0 is so many cells long."""
RARE = -4.0
"""Logit of a centre before anything was learnt."""


class _Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    backbone: dict[str, Any]
    labels: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    stride: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    width: Annotated[int, msgspec.Meta(ge=GROUPS, le=1024, multiple_of=GROUPS)] = 32


class BoxNet(nn.Module):
    """(batch, channels, ...), sides a multiple of the backbone's deepest stride, to cells of `stride` voxels.

    The answer is (batch, labels + 2 * dims, ...): logits of a centre in the cell for each label, logarithms
    of the box's sides in units of `CELLS` cells, offsets of its centre from the cell's in cells; all in
    index order.
    """

    def __init__(self, backbone: dict[str, Any], labels: int = 1, stride: int = 4, width: int = 32) -> None:
        super().__init__()
        self._pyramid = Pyramid(backbone)
        self.backbone, self.dims = self._pyramid.backbone, self._pyramid.dims
        self.labels, self.stride = labels, stride
        strides = self._pyramid.strides
        self._used = tuple(k for k, s in enumerate(strides) if s >= stride) or (len(strides) - 1,)
        finest, *coarser = (self._pyramid.channels[k] for k in self._used)
        self._pool = max(stride // strides[self._used[0]], 1)
        self._doublings = max(strides[self._used[0]] // stride, 1).bit_length() - 1
        if strides[self._used[0]] * self._pool != stride * 2**self._doublings:
            raise ValueError(f"stride {stride} cannot be made of the backbone's {strides}")
        self.lateral = nn.ModuleList(self._point(n, width) for n in (finest, *coarser))
        self.merge = nn.ModuleList(self._block(width) for _ in (finest, *coarser))
        self.grow = nn.ModuleList(self._block(width) for _ in range(self._doublings))
        self.heat, self.box = self._point(width, labels), self._point(width, 2 * self.dims)
        nn.init.constant_(self.heat.bias, RARE)  # type: ignore[arg-type]

    def _point(self, inputs: int, outputs: int) -> nn.Module:
        return (nn.Conv2d if self.dims == 2 else nn.Conv3d)(inputs, outputs, 1)

    def _block(self, width: int) -> nn.Module:
        norm = ("group", {"num_groups": GROUPS})
        return Convolution(self.dims, width, width, kernel_size=3, norm=norm, act="relu", bias=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """The answer, from the coarsest map to the finest."""
        maps = self._pyramid.of(image)
        x: torch.Tensor | None = None
        for k, lateral, merge in reversed(list(zip(self._used, self.lateral, self.merge, strict=True))):
            here = lateral(maps[k])
            x = merge(here if x is None else here + functional.interpolate(x, size=here.shape[2:]))
        assert x is not None  # `_used` is never empty
        for grow in self.grow:
            x = grow(functional.interpolate(x, scale_factor=2.0))
        if self._pool > 1:
            x = (functional.avg_pool2d if self.dims == 2 else functional.avg_pool3d)(x, self._pool)
        return torch.cat([self.heat(x), self.box(x)], dim=1)


def box_net(**arguments: object) -> BoxNet:
    """From an entry of `model.toml`; raises `ArchitectureError`."""
    try:
        said = msgspec.convert(arguments, _Arguments)
        return BoxNet(said.backbone, said.labels, said.stride, said.width)
    except (msgspec.ValidationError, *UNBUILDABLE) as error:
        if isinstance(error, ArchitectureError):
            raise
        raise ArchitectureError(f"network 'boxes' cannot be built so: {error}") from error
