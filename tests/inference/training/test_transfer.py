"""Learning that begins with given weights: what fits, what stays, what learns when; batches too large."""

import re

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from inference.networks import build
from inference.training.optimise import Run
from inference.training.transfer import Start, Transfer, TransferError, begin, layer_groups, pace, read_start

RESNET = {
    "network": "resnet", "spatial_dims": 2, "n_input_channels": 1, "num_classes": 2, "block": "basic",
    "layers": [1, 1, 1, 1], "block_inplanes": [4, 4, 8, 8], "conv1_t_size": 3, "no_max_pool": True,
}  # fmt: skip
BACKBONES = {
    "resnet": (RESNET, "conv1", "fc"),
    "efficientnet": (
        {"network": "efficientnet", "model_name": "efficientnet-b0", "num_classes": 2, "in_channels": 1},
        "_conv_stem",
        "_fc",
    ),
    "vit": (
        {
            "network": "vit", "in_channels": 1, "img_size": [32, 32], "patch_size": 8, "num_classes": 2,
            "hidden_size": 24, "mlp_dim": 32, "num_layers": 2, "num_heads": 4, "spatial_dims": 2,
        },
        "cls_token",
        "classification_head.0",
    ),
    "unet": (
        {
            "network": "unet", "spatial_dims": 2, "in_channels": 1, "out_channels": 1, "channels": [4, 8, 8],
            "strides": [2, 2],
        },
        "model.0",
        "model.2",
    ),
    "lesion_2d": ({"network": "lesion_2d", "channels": [8, 8, 8, 8, 8], "width": 8}, "trunk", "heads"),
}  # fmt: skip


@pytest.mark.parametrize("name", BACKBONES)
def test_layers_are_grouped_from_the_image_to_the_answer(name):
    architecture, first, last = BACKBONES[name]
    network = build(architecture)
    groups = layer_groups(network)
    assert next(iter(groups)) == first
    assert list(groups)[-1] == last
    assert sorted(n for own in groups.values() for n in own) == sorted(
        n for n, _ in network.named_parameters()
    )


def test_what_fits_is_loaded_and_the_rest_is_named_with_the_reason(tmp_path):
    old, new = build(RESNET), build({**RESNET, "num_classes": 5, "layers": [1, 1, 1, 2]})
    fresh = {name: value.clone() for name, value in new.state_dict().items()}
    path = tmp_path / "old.safetensors"
    save_file(
        {f"module.{k}": v.clone() for k, v in old.state_dict().items()} | {"loss.w": torch.ones(2)}, path
    )
    loaded, _ = begin(new, "resnet", read_start(path, Transfer()), 10)
    report = "\n".join(loaded.lines())
    assert "fc.weight is 5 x 8" not in report
    assert "fc.weight is 2 x 8, the network's 5 x 8" in report
    assert re.search(r"missing from the file: layer4\.1\.", report)
    assert "not in the network: loss.w" in report
    assert torch.equal(new.state_dict()["conv1.weight"], old.state_dict()["conv1.weight"])
    assert torch.equal(new.state_dict()["fc.weight"], fresh["fc.weight"])


def test_weights_that_fit_nowhere_are_refused():
    start = Start({"a": torch.ones(3)}, "", Transfer())
    with pytest.raises(TransferError, match="no tensor of the checkpoint fits"):
        begin(build(RESNET), "resnet", start, 10)


def test_layers_thaw_from_the_answer_down_and_kept_ones_never_learn():
    network = build(RESNET)
    start = Start(build(RESNET).state_dict(), "", Transfer(decay=0.5, thaw=0.5, keep=("layer1",)))
    _, own = begin(network, "resnet", start, 12)
    assert own.rates["fc.weight"] == 1
    assert own.rates["layer4.0.conv1.weight"] == 0.5
    assert own.rates["conv1.weight"] == 0.5**6
    run = Run(network, 12, 0.05, 0.1, 1, 0.5, layout=torch.channels_last, rates=own.rates,
              learns_from=own.learns_from)  # fmt: skip
    images, labels = torch.randn(8, 1, 16, 16), torch.arange(8) % 2
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def changed():
        now = network.state_dict()
        return {name.split(".")[0] for name, old in before.items() if not torch.equal(old, now[name])}

    def learn(steps):
        for _ in range(steps):
            run.advance(lambda: nn.functional.cross_entropy(network(images), labels))

    learn(1)
    assert changed() == {"fc"}  # neither weights nor statistics of the others
    learn(2)
    assert changed() == {"fc", "layer4", "layer3"}
    learn(9)
    assert changed() == {"conv1", "bn1", "layer2", "layer3", "layer4", "fc"}


def test_what_was_not_loaded_learns_at_once_and_at_full_rate():
    network = build(RESNET)
    own = pace(network, Transfer(decay=0.5, thaw=1.0), 10, {"fc.weight": 0, "fc.bias": 0})
    assert set(own.rates) == {"fc.weight", "fc.bias"}


def _weights_after_a_step(fits):
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    run = Run(network, 5, 0.01, 0.0, 1, 0.5, layout=torch.channels_last)
    images, labels = torch.randn(8, 1, 8, 8), torch.arange(8) % 2
    sizes = []

    def loss(part):
        sizes.append(part.stop - part.start)
        if sizes[-1] > fits:
            raise torch.OutOfMemoryError
        return nn.functional.cross_entropy(network(images[part]), labels[part])

    first = run.advance_batch(loss, 8)
    run.advance_batch(loss, 8)
    return first, network.state_dict(), sizes


def test_a_batch_that_does_not_fit_is_passed_in_parts_of_the_same_step():
    whole, expected, _ = _weights_after_a_step(8)
    parts, found, sizes = _weights_after_a_step(2)
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2]  # later steps begin with what fitted
    assert parts == pytest.approx(whole, rel=1e-5)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, atol=1e-5), name


def test_a_single_image_that_does_not_fit_is_told():
    with pytest.raises(torch.OutOfMemoryError):
        _weights_after_a_step(0)
