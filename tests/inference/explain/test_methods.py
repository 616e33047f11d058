"""The five methods against closed forms and against the libraries' own; what they leave behind."""

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from monai.visualize import GradCAMpp
from torch import nn

from inference.explain.asked import Asked, Scored
from inference.explain.explanation import heat_map
from inference.explain.faithfulness import faithfulness
from inference.explain.methods import attribute
from inference.protocol import Method


class Linear(nn.Module):
    """Feature maps, their mean, one linear answer: for it class activation maps are exact."""

    def __init__(self, dims):
        super().__init__()
        convolution = nn.Conv3d if dims == 3 else nn.Conv2d
        self.layer = nn.Sequential(convolution(1, 4, 3, padding=1), nn.Softplus())
        self.head = nn.Linear(4, 1, bias=False)
        nn.init.uniform_(self.head.weight, 0.1, 1.0)

    def forward(self, x):
        return self.head(self.layer(x).flatten(2).mean(dim=2))


def asked(dims=2, side=16):
    """A bright spot at one corner of nothing."""
    torch.manual_seed(0)
    network = Linear(dims)
    with torch.no_grad():
        network.layer[0].weight.abs_()
        network.head.weight.mul_(200)
    inputs = torch.zeros(1, 1, *[side] * dims)
    inputs[(..., *[slice(3, 7)] * dims)] = 4.0
    return Asked(Scored(network, lambda said: said[:, 0]), "layer", inputs, torch.zeros_like(inputs))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("method", Method)
def test_every_method_points_at_what_raised_the_answer_and_leaves_nothing_behind(method, dims):
    one = asked(dims)
    heat = heat_map([one], method, 1.0)
    assert heat.shape == one.space
    assert heat.max() == pytest.approx(1)
    assert all(3 <= at < 7 for at in np.unravel_index(int(heat.argmax()), heat.shape))
    assert all(parameter.grad is None for parameter in one.network.parameters())
    assert not any(m._forward_hooks or m._backward_hooks for m in one.network.modules())
    assert not one.inputs.requires_grad


def test_grad_cam_is_that_of_captum_and_grad_cam_pp_that_of_monai():
    one = asked()
    own = attribute(one, Method.GRAD_CAM)
    theirs = LayerGradCam(one.network, one.network.network.layer).attribute(one.inputs, target=0)
    assert torch.allclose(own, torch.relu(theirs[0, 0]).detach(), rtol=1e-4)
    with torch.no_grad():
        one.network.network.head.weight.mul_(0.02)  # MONAI takes the exponential of the answer
    own = attribute(one, Method.GRAD_CAM_PP)
    theirs = GradCAMpp(one.network, "network.layer").compute_map(
        one.inputs.clone().requires_grad_(), class_idx=0
    )[0, 0]
    assert torch.allclose(own / own.max(), (theirs / theirs.max()).detach(), rtol=1e-3)


def test_integrated_gradients_add_up_to_the_answer():
    one = asked()
    with torch.no_grad():
        said = one.network(one.inputs) - one.network(one.baseline)
    assert float(attribute(one, Method.INTEGRATED_GRADIENTS).sum()) == pytest.approx(float(said), rel=0.02)


def test_a_true_map_is_more_faithful_than_a_random_one_and_a_false_one_less():
    one = asked()
    heat = heat_map([one], Method.OCCLUSION, 1.0)
    good, bad = faithfulness([one], heat), faithfulness([one], 1 - heat)
    assert good.deletion < 0.15 < good.random_deletion
    assert good.insertion > 0.85 > good.random_insertion
    assert bad.deletion > bad.random_deletion
    assert bad.insertion < bad.random_insertion


def test_an_answer_that_rests_on_nothing_gets_no_map_and_no_figure():
    one = asked()
    with torch.no_grad():
        one.network.network.head.weight.mul_(1e-4)
    for method in Method:
        assert not heat_map([one], method, 1.0).any()
    assert faithfulness([one], np.ones(one.space, np.float32)) is None
