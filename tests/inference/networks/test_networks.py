"""Shapes, norms and the way of weights to disk and back."""

import pytest
import torch

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


def test_a_place_gets_the_same_answer_whatever_the_size_of_its_tile():
    torch.manual_seed(0)
    network = build(DETECTOR).eval()
    volume = torch.randn(1, 1, 112, 112, 112)
    with torch.inference_mode():
        whole, part = network(volume), network(volume[:, :, 8:104, 8:104, 8:104].contiguous())
    assert torch.allclose(whole[0][..., 26:30, 26:30, 26:30], part[0][..., 22:26, 22:26, 22:26], atol=1e-5)
    assert torch.allclose(whole[1][..., 52:60, 52:60, 52:60], part[1][..., 44:52, 44:52, 44:52], atol=1e-5)


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
