"""Losses of the two stages."""

import torch
from monai.losses.dice import DiceLoss
from torch.nn import functional

_dice = DiceLoss(sigmoid=True, reduction="none", smooth_nr=1.0, smooth_dr=1.0)


def focal_loss(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Penalty-reduced focal loss (Zhou et al., Objects as Points, 2019, eq. 1) over the number of centres."""
    p = torch.sigmoid(logits.float()).clamp(1e-5, 1 - 1e-5)
    peak = (target > 0.999).float()
    found = -torch.log(p) * (1 - p) ** 2 * peak
    false = -torch.log(1 - p) * p**2 * (1 - target) ** 4 * (1 - peak)
    return ((found + false) * weight).sum() / peak.sum().clamp(min=1.0)


def mask_loss(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """10 x cross entropy (lesion voxels count three times) + Dice over the samples that hold a lesion."""
    logits = logits.float()
    entropy = functional.binary_cross_entropy_with_logits(
        logits, target, weight=weight, pos_weight=logits.new_tensor(3.0)
    )
    present = target.flatten(1).sum(dim=1) > 0
    if not present.any():
        return 10 * entropy
    silent = torch.where(weight[present] > 0, logits[present], torch.full_like(logits[present], -20.0))
    dice: torch.Tensor = _dice(silent, target[present] * weight[present]).mean()
    return 10 * entropy + dice
