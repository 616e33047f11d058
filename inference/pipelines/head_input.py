"""What the haemorrhage network is given of each slice of a head: six channels, computed on whole batches."""

import torch
from torch.nn import functional

GREY_UNIT = 25.0
"""Grey levels (12 HU) that are one unit of the input."""
CLIP = (-3.0, 4.0)
FLOOR = -0.2
"""An old infarct's dark side must not light up the healthy one opposite."""
DEPTH_UNIT, HEIGHT_UNIT_MM = 20.0, 60.0
INPUTS = 6


def channels(
    slices: torch.Tensor, level: torch.Tensor, depth: torch.Tensor, below_top_mm: torch.Tensor
) -> torch.Tensor:
    """The input, (batch, 6, r, c): the slice and its neighbours, what differs from its mirror, two places.

    slices        (batch, 3, r, c) grey: below, here, above
    level         (batch,) grey of this patient's brain
    depth         (batch, 1, r, c) pixels to the edge of the brain
    below_top_mm  (batch,) how far the slice lies below the highest that shows brain
    """
    scaled = ((slices - level[:, None, None, None]) / GREY_UNIT).clamp(*CLIP)
    smooth = functional.avg_pool2d(scaled[:, 1:2], 5, 1, 2)
    mirror = smooth - smooth.flip(3).clamp(min=FLOOR)
    height = (below_top_mm[:, None, None, None] / HEIGHT_UNIT_MM - 1).expand_as(depth)
    return torch.cat([scaled, mirror, depth / DEPTH_UNIT, height], dim=1)
