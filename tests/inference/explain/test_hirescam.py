"""HiResCAM: for a linear head the map adds up to the score, and no gradient is left behind."""

import torch
from torch import nn

from inference.explain.hirescam import hirescam


def test_the_map_of_a_linear_head_is_the_score():
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Conv3d(1, 4, 3, padding=1), nn.Softplus())
    head = nn.Linear(4, 1, bias=False)
    nn.init.uniform_(head.weight, 0.1, 1.0)
    network = nn.Sequential(layer, nn.AdaptiveAvgPool3d(1), nn.Flatten(), head)
    volume = torch.randn(2, 1, 6, 6, 6)
    found = hirescam(network, layer, volume.clone(), lambda logits: logits[:, 0])
    assert found.shape == (2, 6, 6, 6)
    assert torch.allclose(found.sum(dim=(1, 2, 3)), network(volume)[:, 0], atol=1e-5)
    assert head.weight.grad is None
    assert not layer._forward_hooks
