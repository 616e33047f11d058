"""Shapes, norms and the way of weights to disk and back."""

import pytest
import torch
from torch import nn

from inference.networks import build, load_networks, save_networks

DETECTOR = {"network": "centre_mask_3d", "channels": [4, 8, 8]}
CLASSIFIER = {"network": "candidate_classifier_3d", "channels": [4, 8]}


def test_the_detector_answers_at_two_and_at_one_millimetre():
    centre, mask = build(DETECTOR)(torch.zeros(2, 1, 16, 24, 32))
    assert centre.shape == (2, 1, 8, 12, 16)
    assert mask.shape == (2, 1, 16, 24, 32)


def test_the_classifier_gives_one_logit_a_crop():
    network = build(CLASSIFIER)
    crops = torch.randn(3, 3, 16, 16, 16)
    assert network(crops).shape == (3, 1)
    assert torch.equal(network.eval()(crops), network.classify(network.pooled(crops)))


@pytest.mark.parametrize("architecture", [DETECTOR, CLASSIFIER])
def test_no_network_keeps_statistics_of_batches(architecture):
    assert not any(
        isinstance(part, nn.modules.batchnorm._BatchNorm) for part in build(architecture).modules()
    )


def test_weights_come_back_exactly(tmp_path):
    architectures = {"detector": DETECTOR, "classifier": CLASSIFIER}
    networks = {name: build(architecture).eval() for name, architecture in architectures.items()}
    save_networks(networks, tmp_path / "weights.safetensors")
    loaded = load_networks(architectures, tmp_path / "weights.safetensors")
    volume = torch.randn(1, 1, 16, 16, 16)
    assert torch.equal(loaded["detector"](volume)[1], networks["detector"](volume)[1])


def test_weights_of_another_network_are_refused(tmp_path):
    save_networks({"detector": build(DETECTOR)}, tmp_path / "weights.safetensors")
    with pytest.raises(RuntimeError, match="Missing key"):
        load_networks({"classifier": CLASSIFIER}, tmp_path / "weights.safetensors")
