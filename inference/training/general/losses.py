"""What a general network's answer costs, by its task: labels, outlines or boxes."""

from collections.abc import Callable
from functools import partial

import torch
from monai.losses.dice import DiceCELoss, DiceLoss
from torch.nn import functional

from inference.training.general.box_aims import box_loss
from inference.training.general.config import Config

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(answer, labels (batch,), masks (batch, 1, ...)) to one number."""


def loss_of(config: Config) -> Loss:
    """By the configuration's task and activation."""
    softmax = config.contract.activation == "softmax"
    if config.task.startswith("boxes"):
        return partial(_box_loss, len(config.labels))
    if config.task.startswith("segment"):
        return partial(_mask_loss, softmax=softmax)
    return partial(_label_loss, softmax=softmax)


def _label_loss(
    logits: torch.Tensor, labels: torch.Tensor, _masks: torch.Tensor, *, softmax: bool
) -> torch.Tensor:
    if softmax:
        return functional.cross_entropy(logits, labels, label_smoothing=0.05)
    wanted = functional.one_hot(labels, logits.shape[1]).float()
    return functional.binary_cross_entropy_with_logits(logits, wanted)


def _mask_loss(
    logits: torch.Tensor, _labels: torch.Tensor, masks: torch.Tensor, *, softmax: bool
) -> torch.Tensor:
    if softmax:
        loss = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, batch=True)
        out: torch.Tensor = loss(logits, masks)
        return out
    dice: torch.Tensor = DiceLoss(sigmoid=True, batch=True)(logits, masks)
    return dice + functional.binary_cross_entropy_with_logits(logits, masks)


def _box_loss(count: int, said: torch.Tensor, _labels: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    return box_loss(said, masks, count, masks.shape[2] // said.shape[2])
