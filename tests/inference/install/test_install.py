"""Models of others become bundles that answer as they did, or are refused in one sentence; none runs."""

import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.bundle import load_bundle
from inference.install import Refused
from inference.install.install import install
from inference.install.source import Archive
from inference.networks import own_tensors
from inference.pipelines import load
from inference.pipelines.general import GeneralNetwork
from tests.inference.install import models


def installed(source, out, config=None):
    lines = []
    return install(source, out, config, lines.append), lines


def answers_as_before(folder: Path) -> None:
    """The installed network says what the network said where its weights came from."""
    loaded = load(load_bundle(folder, verify=True), folder, "cpu").network
    image = np.random.default_rng(1).random((1, 32, 32, 32), np.float32)
    with torch.inference_mode():
        wanted = torch.softmax(models.network()(torch.from_numpy(image[None])), 1)[0].numpy()
    assert loaded.answer(image) == pytest.approx(wanted, abs=1e-5)


# --- what is taken


def test_a_safetensors_file_with_a_description_becomes_a_bundle(tmp_path):
    (done, lines) = installed(models.safetensors_file(tmp_path / "in"), tmp_path / "out")
    answers_as_before(tmp_path / "out")
    assert done.bundle.labels == ("background", "spleen")
    assert any("tensors of the network loaded" in line for line in lines)
    card = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
    assert "not calibrated" in card
    assert "Not a medical device" in card


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"epoch": 7, "state_dict": {f"module.{k}": v for k, v in state.items()}},
        lambda state: {"model_state_dict": {f"module.model.{k}": v for k, v in state.items()}, "step": 3},
        lambda state: {k: v.half() if v.is_floating_point() else v for k, v in state.items()},
    ],
    ids=["plain", "parallel", "two prefixes", "half precision"],
)
def test_a_torch_checkpoint_is_read_however_its_names_are_prefixed(tmp_path, wrap):
    state = {
        k: v.half().float() if v.is_floating_point() else v for k, v in models.network().state_dict().items()
    }
    source = models.checkpoint(tmp_path / "in", wrap(state))
    install(source, tmp_path / "out", None, lambda line: None)
    loaded = GeneralNetwork.load(load_bundle(tmp_path / "out"), tmp_path / "out", "cpu")
    for name, value in own_tensors(loaded.network).items():
        assert torch.equal(value, state[name])


def test_names_are_mapped_as_the_description_says_and_the_report_tells(tmp_path):
    state = {f"gen.{k}": v for k, v in models.network().state_dict().items()} | {"loss.weight": torch.ones(2)}
    description = models.changed(models.DESCRIPTION, names={"gen.": ""}, ignore=["loss."])
    _, lines = installed(models.checkpoint(tmp_path / "in", state, description), tmp_path / "out")
    answers_as_before(tmp_path / "out")
    assert any("renamed, such as gen." in line for line in lines)
    assert any("left out as the description says: loss.weight" in line for line in lines)


@pytest.mark.parametrize("archived", [False, True], ids=["folder", "zip"])
def test_a_monai_bundle_is_taken_over_with_its_transforms(tmp_path, archived):
    source = models.monai_bundle(tmp_path / "spleen_ct_segmentation")
    if archived:
        source = models.zipped(source, tmp_path / "spleen.zip")
    done, _ = installed(source, tmp_path / "out")
    answers_as_before(tmp_path / "out")
    bundle = done.bundle
    assert (bundle.id, bundle.version, bundle.task) == ("spleen_ct_segmentation", "0.2.0", "segment3d")
    assert bundle.input.modality == "CT"
    contract = bundle.contract
    assert (contract.axes, contract.spacing_mm, contract.window) == ("RAS", (2.0, 2.0, 3.0), (32, 32, 32))
    assert (contract.overlap, contract.activation, contract.silent) == (0.5, "softmax", ("background",))
    (step,) = contract.intensity
    assert (step.source, step.target, step.clip) == ((-57.0, 164.0), (0.0, 1.0), True)


def test_a_description_stands_before_what_a_bundle_says(tmp_path):
    inference = models.changed(models.INFERENCE, spacing="$[1.5, 1.5, 2.0] if True else [3, 3, 3]")
    source = models.monai_bundle(tmp_path / "bundle", inference)
    with pytest.raises(Refused, match="not evaluated"):
        installed(source, tmp_path / "refused")
    models.described_file(
        source, models.changed(models.DESCRIPTION, weights="models/model.pt"), "tandem.toml"
    )
    done, _ = installed(source, tmp_path / "out")
    assert done.bundle.id == "site_spleen"
    answers_as_before(tmp_path / "out")


def test_a_network_whose_tensors_have_two_names_is_taken(tmp_path):
    """DynUNet's state dictionary names every tensor twice."""
    architecture = {
        "network": "dynunet",
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 2,
        "kernel_size": [3, 3, 3],
        "strides": [1, 2, 2],
        "upsample_kernel_size": [2, 2],
        "filters": [4, 8, 8],
    }
    from inference.networks import build

    description = models.changed(models.DESCRIPTION, architecture=architecture)
    state = build(architecture).state_dict()
    done, _ = installed(models.checkpoint(tmp_path / "in", state, description), tmp_path / "out")
    assert done.loaded is not None
    assert done.loaded.whole
    assert done.loaded.count < len(state)


# --- what is refused


class Runs:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_a_pickle_that_would_run_code_does_not_run_it(tmp_path, legacy):
    marker = tmp_path / "it ran"
    models.described_file(tmp_path / "in")
    source = tmp_path / "in" / "spleen.pt"
    torch.save({"a": Runs(marker)}, source, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(Refused, match=r"mkdir, which is code and is not run; .*safetensors"):
        installed(source, tmp_path / "out")
    assert not marker.exists()
    with source.open("rb") as file:  # the fixture is what it claims to be
        torch.load(file, weights_only=False)
    assert marker.exists()


def test_a_bare_pickle_is_refused_without_being_run(tmp_path):
    marker = tmp_path / "it ran"
    models.described_file(tmp_path / "in")
    source = tmp_path / "in" / "spleen.pt"
    source.write_bytes(pickle.dumps(Runs(marker), protocol=2))
    with pytest.raises(Refused, match=r"is not run|no whole torch checkpoint"):
        installed(source, tmp_path / "out")
    assert not marker.exists()


def test_a_whole_model_in_a_pickle_is_refused_by_the_name_of_its_class(tmp_path):
    source = models.checkpoint(tmp_path / "in", models.network())
    with pytest.raises(Refused, match=r"asks for monai\.networks\.nets\.unet\.UNet"):
        installed(source, tmp_path / "out")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_torchscript_archive_is_refused_by_name(tmp_path):
    models.described_file(tmp_path / "in")
    source = tmp_path / "in" / "spleen.pt"
    torch.jit.trace(torch.nn.Conv3d(1, 2, 1), torch.zeros(1, 1, 4, 4, 4)).save(str(source))
    with pytest.raises(Refused, match="TorchScript archive, which is code and is not run"):
        installed(source, tmp_path / "out")
    bundle = models.monai_bundle(tmp_path / "bundle")
    (bundle / "models" / "model.pt").rename(bundle / "models" / "model.ts")
    with pytest.raises(Refused, match="TorchScript"):
        installed(bundle, tmp_path / "out2")


def transforms(*, at: int, **step) -> dict:
    out = models.changed(models.INFERENCE)
    out["preprocessing"]["transforms"][at] = step
    return out


@pytest.mark.parametrize(
    ("inference", "says"),
    [
        (models.changed(models.INFERENCE, spacing="$[1.5] * 3"), "is an expression, which is code"),
        (models.changed(models.INFERENCE, spacing="%other.json::spacing"), "macro"),
        (models.changed(models.INFERENCE, spacing="@spacing"), "refers to itself"),
        (models.changed(models.INFERENCE, spacing="@nowhere"), "'nowhere', which is not there"),
        (
            models.changed(models.INFERENCE, network_def={"_target_": "scripts.net.Mine", "spatial_dims": 3}),
            "network 'scripts.net.Mine' found, which is none of the registered",
        ),
        (
            models.changed(models.INFERENCE, network_def={"_target_": "$__import__('os').system('x')"}),
            "none of the registered",
        ),
        (transforms(at=3, _target_="Lambdad", func="$lambda x: x"), "is Lambda, which a network contract"),
        (transforms(at=3, _target_="CropForegroundd", keys="image"), "is CropForeground"),
        (transforms(at=2, _target_="EnsureTyped"), "no Orientationd"),
        (
            transforms(at=3, _target_="Spacingd", pixdim=[1, 1, 1], _disabled_="$not @x"),
            "may be switched off",
        ),
    ],
)
def test_what_would_need_code_or_cannot_be_said_is_refused_by_name(tmp_path, inference, says):
    with pytest.raises(Refused, match=says.replace("(", r"\(").replace("$", r"\$")):
        installed(models.monai_bundle(tmp_path / "bundle", inference), tmp_path / "out")


def test_several_sequences_at_once_are_refused(tmp_path):
    metadata = models.changed(models.METADATA)
    metadata["network_data_format"]["inputs"]["image"]["num_channels"] = 4
    with pytest.raises(Refused, match="4 sequences at once"):
        installed(models.monai_bundle(tmp_path / "bundle", metadata=metadata), tmp_path / "out")


def test_weights_of_another_shape_are_refused_with_both_shapes(tmp_path):
    state = models.network().state_dict()
    name = next(iter(state))
    state[name] = torch.zeros(3, 1, 3, 3, 3)
    with pytest.raises(Refused, match=r"1 of another shape: .* is 3 x 1 x 3 x 3 x 3, the network's 4 x 1"):
        installed(models.checkpoint(tmp_path / "in", state), tmp_path / "out")


def test_missing_and_surplus_weights_are_refused_by_name(tmp_path):
    state = models.network().state_dict()
    name = list(state)[1]
    with pytest.raises(Refused, match=f"1 missing from the file: {name}"):
        installed(
            models.checkpoint(tmp_path / "a", {k: v for k, v in state.items() if k != name}), tmp_path / "o"
        )
    with pytest.raises(Refused, match=r"1 in the file, but not in the network: head\.weight"):
        installed(models.checkpoint(tmp_path / "b", {**state, "head.weight": torch.ones(1)}), tmp_path / "o")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    state = {k: v.clone() for k, v in own_tensors(models.network()).items()}
    name = next(iter(state))
    state[name].view(-1)[3] = value
    with pytest.raises(Refused, match="not finite"):
        installed(models.safetensors_file(tmp_path / "in", state), tmp_path / "out")


def test_an_archive_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path):
    models.described_file(tmp_path / "in")
    source = tmp_path / "in" / "spleen.pt"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("spleen/data.pkl", pickle.dumps({}, protocol=2))
        with archive.open("spleen/data/0", "w") as member:
            for _ in range(64):
                member.write(bytes(1 << 20))
    assert source.stat().st_size < 1 << 20
    with pytest.raises(Refused, match=r"unpacks from 0\.1 MB to 64\.0 MB"):
        installed(source, tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["../evil.toml", "/etc/evil.toml", "a/../../evil", "C:/evil", "a\\..\\..\\evil"]
)
def test_an_archive_with_a_name_that_leads_out_of_it_is_refused_whole(tmp_path, name):
    source = models.zipped(models.monai_bundle(tmp_path / "bundle"), tmp_path / "bundle.zip")
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(Refused, match="leads out of the archive"):
        installed(source, tmp_path / "out")
    assert not (tmp_path / "evil.toml").exists()


def test_an_archive_that_lies_about_its_sizes_is_stopped_while_unpacking(tmp_path, monkeypatch):
    source = models.zipped(models.monai_bundle(tmp_path / "bundle"), tmp_path / "bundle.zip")
    archive = Archive(source)
    monkeypatch.setattr("inference.install.source.MOST_BYTES", 1000)
    with pytest.raises(Refused, match="unpacked"):
        archive.file("bundle/models/model.pt", tmp_path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    bundle = models.monai_bundle(tmp_path / "bundle")
    secret = tmp_path / "secret.json"
    secret.write_text("{}", encoding="utf-8")
    (bundle / "configs" / "metadata.json").unlink()
    (bundle / "configs" / "metadata.json").symlink_to(secret)
    with pytest.raises(Refused, match="is a link out of"):
        installed(bundle, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"architecture": {"network": "mystery"}}, "network 'mystery' found; there is"),
        ({"architecture": {**models.DESCRIPTION["architecture"], "channels": [4, 8, 99999]}}, "<= 4096"),
        ({"architecture": {**models.DESCRIPTION["architecture"], "strides": [2]}}, "cannot be built so"),
        ({"architecture": {**models.DESCRIPTION["architecture"], "run": "code"}}, "unknown field `run`"),
        ({"task": "segment2d"}, "axes 'RAS' found, 'RC' or 'CR' allowed"),
        ({"task": "guess"}, "task 'guess' has no use for a network contract"),
        ({"labels": ["background", "spleen", "liver"]}, "dry run: .* its contract needs"),
        ({"labels": ["spleen", "spleen"]}, "a name of its own"),
        ({"id": "../up"}, "matching regex"),
    ],
)
def test_a_description_that_does_not_hold_is_refused(tmp_path, change, says):
    source = models.safetensors_file(
        tmp_path / "in", description=models.changed(models.DESCRIPTION, **change)
    )
    with pytest.raises(Refused, match=says):
        installed(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5"),
        (b"PK\x03\x04 nothing", "no whole"),
        (b"\x10" + bytes(7) + b'{"a":1}' + bytes(30), "no whole safetensors"),
        (b"", "an unknown kind of file"),
        (b"hello", "an unknown kind of file"),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path, data, says):
    models.described_file(tmp_path)
    (tmp_path / "spleen.pt").write_bytes(data)
    with pytest.raises(Refused, match=says):
        installed(tmp_path / "spleen.pt", tmp_path / "out")


def test_weights_alone_say_what_is_missing(tmp_path):
    source = models.safetensors_file(tmp_path)
    (tmp_path / "spleen.toml").unlink()
    with pytest.raises(Refused, match=r"describe the model in spleen\.toml beside it"):
        installed(source, tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_the_process_that_reads_is_limited(tmp_path):
    source = models.safetensors_file(tmp_path / "in")
    program = (
        "import resource, sys\n"
        "from inference.install.__main__ import main\n"
        "import inference.install.install as i\n"
        "kept = i.install\n"
        "def install(*a):\n"
        "    done = kept(*a)\n"
        "    try:\n"
        "        bytearray(40 << 30)\n"
        "    except MemoryError:\n"
        "        print('bounded')\n"
        "    return done\n"
        "i.install = install\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(source), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert "bounded" in done.stdout
    answers_as_before(tmp_path / "out")
