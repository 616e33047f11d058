"""MONAI's architectures by name: shapes, arguments that are refused, weights to disk and back."""

import pytest
import torch

from inference.networks import build, load_networks, own_tensors, save_networks
from inference.networks.architectures import ARCHITECTURES, ArchitectureError

RESNET = {"network": "resnet", "layers": [1, 1, 1, 1], "block_inplanes": [4, 4, 8, 8], "num_classes": 3}
VIT = {"network": "vit", "hidden_size": 12, "mlp_dim": 16, "num_layers": 2, "num_heads": 2, "num_classes": 3}
UNET = {"network": "unet", "out_channels": 3, "channels": [4, 8, 8], "strides": [2, 2]}
DYNUNET = {
    "network": "dynunet",
    "out_channels": 3,
    "kernel_size": [3, 3, 3],
    "strides": [1, 2, 2],
    "upsample_kernel_size": [2, 2],
    "filters": [4, 8, 8],
    "deep_supervision": True,
}
DENSENET = {
    "network": "densenet",
    "out_channels": 3,
    "init_features": 4,
    "growth_rate": 2,
    "block_config": [2, 2],
}
CASES = [
    {**RESNET, "block": "basic", "n_input_channels": 1},
    {**RESNET, "block": "bottleneck", "n_input_channels": 1, "shortcut_type": "B", "conv1_t_stride": 2},
    {"network": "efficientnet", "model_name": "efficientnet-b0", "in_channels": 1, "num_classes": 3},
    {**VIT, "in_channels": 1, "img_size": 32, "patch_size": 8, "post_activation": ""},
    {**UNET, "in_channels": 1, "num_res_units": 1, "norm": ["group", {"num_groups": 1}]},
    {"network": "basic_unet", "in_channels": 1, "out_channels": 3, "features": [4, 4, 4, 4, 4, 4]},
    {**DYNUNET, "in_channels": 1},
    {"network": "segresnet", "in_channels": 1, "out_channels": 3, "init_filters": 8},
    {**DENSENET, "in_channels": 1},
]


def test_every_registered_architecture_is_among_the_cases():
    assert {case["network"] for case in CASES} == set(ARCHITECTURES)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["network"])
def test_it_answers_logits_and_its_weights_come_back_exactly(tmp_path, case, dims):
    architecture = {**case, "spatial_dims": dims}
    network = build(architecture).eval()
    image = torch.randn(1, 1, *(32,) * dims)
    segments = case["network"] in ("unet", "basic_unet", "dynunet", "segresnet")
    save_networks({"network": network}, tmp_path / "w.safetensors")
    loaded = load_networks({"network": architecture}, tmp_path / "w.safetensors")["network"]
    with torch.inference_mode():
        answer, again = network(image), loaded(image)
    assert answer.shape == (1, 3, *((32,) * dims if segments else ()))
    assert torch.equal(answer, again)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["network"])
def test_names_and_shapes_are_known_before_anything_is_allocated(case):
    architecture = {**case, "spatial_dims": 2}
    with torch.device("meta"):
        empty = own_tensors(build(architecture))
    assert {k: v.shape for k, v in empty.items()} == {
        k: v.shape for k, v in own_tensors(build(architecture)).items()
    }


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({"network": "lenet"}, "network 'lenet' found; there is: .*unet"),
        ({**UNET, "in_channels": 1, "spatial_dims": 4}, "network 'unet'"),
        ({**UNET, "in_channels": 1, "spatial_dims": 2, "hook": "os.system"}, "unknown field `hook`"),
        ({**UNET, "in_channels": 1, "spatial_dims": 2, "norm": "mine"}, "cannot be built so"),
        (
            {
                "network": "efficientnet",
                "model_name": "efficientnet-b0",
                "num_classes": 2,
                "pretrained": True,
            },
            "pretrained",
        ),
    ],
)
def test_other_arguments_are_refused_in_one_sentence(case, says):
    with pytest.raises(ArchitectureError, match=says):
        build(case)
