"""General networks: from labelled pictures and a configuration to a bundle that reads, and to its figures."""

import csv
import io
import zipfile
from importlib.resources import files

import imagecodecs
import msgspec
import numpy as np
import pytest
import tomli_w
import torch
from safetensors.torch import load_file

from inference.bundle import WEIGHTS, load_bundle
from inference.cases import Case, Exam, Grid, Plane, View, save_case
from inference.pipelines import load
from inference.training.__main__ import PICTURES, main
from inference.training.evaluate import main as evaluate
from inference.training.evaluation import Evaluation
from inference.training.general.batches import Learnt, learnt, varied
from inference.training.general.config import Augment, load_config
from inference.training.general.evaluate import outlined
from inference.training.general.learning import _held_loss, train_network
from inference.training.general.samples import samples
from inference.training.split import Part
from tests.conftest import shared_data

SIDE = 32
UNET = {
    "network": "unet",
    "spatial_dims": 2,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [4, 8],
    "strides": [2],
}
RESNET = {
    "network": "resnet",
    "spatial_dims": 2,
    "n_input_channels": 1,
    "num_classes": 2,
    "block": "basic",
    "layers": [1, 1, 1, 1],
    "block_inplanes": [4, 4, 8, 8],
    "conv1_t_size": 3,
    "no_max_pool": True,
}


def picture(rng, spot):
    """A noisy picture, with its mask: a bright disc where `spot`."""
    y, x = np.mgrid[:SIDE, :SIDE]
    row, column = rng.integers(9, SIDE - 9, 2)
    mask = ((y - row) ** 2 + (x - column) ** 2 < 36) & spot
    grey = rng.normal(70, 12, (SIDE, SIDE)) + 120 * mask
    return np.clip(grey, 0, 255).astype(np.uint8), mask


def png(array):
    return imagecodecs.png_encode(array)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two data sets of the same discs: to be outlined, and to be told from pictures without one."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(5)
    rows = []
    with (
        zipfile.ZipFile(folder / "discs.zip", "w") as seg,
        zipfile.ZipFile(folder / "kinds.zip", "w") as kinds,
    ):
        for k in range(60):
            grey, mask = picture(rng, k % 2 == 0)
            name = f"p{k:02d}"
            seg.writestr(f"images/{name}.png", png(grey))
            seg.writestr(f"masks/{name}.png", png(mask.astype(np.uint8) * 255))
            kinds.writestr(f"{name}.png", png(np.stack([grey * 0, grey, grey * 0], axis=2)))
            rows.append((name, f"patient{k // 2}", "train" if k < 40 else "test", 1 - k % 2))
    for name in ("discs", "kinds"):
        text = io.StringIO()
        csv.writer(text).writerows([("image", "patient", "split", "disc"), *rows])
        (folder / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")
    return folder


def config(folder, task, **new):
    segments = task.startswith("segment")
    said = {
        "seed": 3,
        "id": "discs",
        "title": "Discs",
        "version": "1",
        "task": task,
        "labels": ["disc"] if segments else ["none", "disc"],
        "licence": "Apache-2.0",
        "limits": ["Discs only."],
        "data": {"name": "discs"}
        if segments
        else {"name": "kinds", "label": "disc", "values": {"none": ["0"], "disc": ["1"]}, "grey": 1},
        "input": {"modality": "US"},
        "contract": {
            "axes": "RC",
            "size": [SIDE, SIDE],
            "activation": "sigmoid" if segments else "softmax",
            "silent": [] if segments else ["none"],
            "parts": segments,
            "multiple": 4,
            "intensity": [{"step": "z_score"}],
        },
        "architecture": UNET if segments else RESNET,
        "training": {
            "steps": 60,
            "batch": 8,
            "learning_rate": 0.01,
            "weight_decay": 0.01,
            "warmup": 5,
            "ema": 0.9,
            "save_every": 20,
        },
    }
    path = folder / "train.toml"
    path.write_text(tomli_w.dumps({**said, **new}), encoding="utf-8")
    return path


def trained(folder, data, task, *more):
    out = folder / "out"
    words = ["general", "--config", str(config(folder, task)), "--data", str(data), "--out", str(out), *more]
    return main([*words, "--device", "cpu"]), out / "bundle"


def figures(bundle, data, out):
    assert evaluate([str(bundle), str(data), "--out", str(out)]) == 0
    result = msgspec.json.decode((out / "evaluation.json").read_bytes(), type=Evaluation)
    assert "evaluation on 20 cases" in (out / "evaluation.html").read_text(encoding="utf-8")
    return {f.name: f for f in result.figures}


def test_outlines_are_learnt_measured_and_read(tmp_path, data):
    code, folder = trained(tmp_path, data, "segment2d")
    assert code == 0
    said = figures(folder, data, tmp_path / "evaluation")
    assert said["Dice, mean"].value > 0.8
    assert said["Dice, mean"].low < said["Dice, mean"].value < said["Dice, mean"].high
    assert said["lesions found"].value > 0.9
    bundle = load_bundle(folder, verify=True)
    assert not bundle.calibrated
    grey, mask = picture(np.random.default_rng(77), True)
    view = View(grey.astype(np.uint16) * 257, Plane((1.0, 1.0), grey.shape), "1.2", meta={"Modality": "US"})
    read = load(bundle, folder, "cpu").read(Exam((view,)), tmp_path, lambda done, doing: None)
    place = read.candidates[0].places[0]
    assert (place.row, place.column) == pytest.approx(np.argwhere(mask).mean(axis=0), abs=1)


def test_a_classifier_is_learnt_calibrated_and_measured(tmp_path, data):
    code, folder = trained(tmp_path, data, "classify2d")
    assert code == 0
    bundle = load_bundle(folder, verify=True)
    assert bundle.calibrated
    assert [p.name for p in bundle.operating_points] == ["sensitive", "balanced", "strict"]
    said = figures(folder, data, tmp_path / "evaluation")
    assert said["disc: AUC"].value > 0.9
    assert "Discs only." in (folder / "card.md").read_text(encoding="utf-8")


def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(tmp_path, data):
    said = load_config(config(tmp_path, "segment2d")).with_steps(25)
    pictures = samples(said, data)

    def stop(step, steps, losses):
        if step == 23:
            raise KeyboardInterrupt

    whole, _ = train_network(said, pictures, tmp_path / "a", "cpu", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        train_network(said, pictures, tmp_path / "b", "cpu", stop)
    resumed, _ = train_network(said, pictures, tmp_path / "b", "cpu", lambda *_: None)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ({"data": {"name": "nowhere"}}, "is not whole"),
        ({"architecture": {**UNET, "strides": [2, 2, 2]}}, "cannot be built so"),
        ({"labels": ["disc", "disc"]}, "a name of its own"),
        ({"training": {"steps": 1}}, "missing required field"),
        ({"data": {"name": "../discs"}}, "matching regex"),
    ],
)
def test_a_configuration_or_data_set_that_cannot_be_used_says_so(tmp_path, data, capsys, new, says):
    path = config(tmp_path, "segment2d", **new)
    assert main(["general", "--config", str(path), "--data", str(data), "--out", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err


def test_general_needs_a_configuration(tmp_path, data, capsys):
    assert main(["general", "--data", str(data), "--out", str(tmp_path)]) == 2
    assert "--config" in capsys.readouterr().err


def test_no_patient_is_on_two_sides_of_the_split(tmp_path, data):
    found = samples(load_config(config(tmp_path, "segment2d")), data)
    sides = {}
    for sample in found:
        sides.setdefault(sample.patient, set()).add(sample.part)
    assert all(len(parts) == 1 for parts in sides.values())
    assert {part for parts in sides.values() for part in parts} == set(Part)


def test_a_varied_mask_stays_on_its_picture():
    rng = np.random.default_rng(0)
    mask = torch.zeros(1, 40, 60)
    mask[0, 10:20, 35:50] = 1
    whole = Learnt(mask.clone(), 0, mask)
    augment = Augment(flips=(0, 1), turn_deg=25, scale=0.2, shift=0.1, crop=(32, 32))
    moved = 0
    for _ in range(20):
        new = varied(rng, whole, augment)
        assert new.image.shape == (1, 32, 32)
        if new.mask.sum() < 10:
            continue
        bright = new.image[0] > (new.image.max() + new.image.min()) / 2
        assert ((bright == (new.mask[0] > 0)).float().mean()) > 0.97
        moved += 1
    assert moved > 8


def test_found_lesions_and_false_parts_are_counted():
    truth = np.zeros((20, 20), bool)
    truth[2:5, 2:5] = truth[10:14, 10:14] = True
    answer = np.zeros_like(truth)
    answer[3:5, 3:5] = answer[17:19, 2:4] = True
    said = outlined(answer, truth)
    assert (said.found, said.lesions, said.false) == (1, 2, 1)
    assert said.dice == pytest.approx(2 * 4 / (8 + 25))
    assert np.isnan(outlined(answer, truth & False).dice)


@pytest.mark.parametrize("name", PICTURES)
def test_shipped_configurations_read_their_data(name):
    path = files("resources") / "models" / name / "train.toml"
    shipped = load_config(path)
    assert shipped.id == name
    found = samples(shipped, shared_data("generic"))
    assert {sample.part for sample in found} == set(Part)
    one = learnt(found[0], shipped)
    assert one.image.shape[1:] == shipped.contract.size
    if shipped.task == "segment2d":
        assert 0 < one.mask.mean() < 0.5


# --- from given weights, to an early end, in three dimensions


def test_a_classifier_begins_with_the_weights_of_another(tmp_path, data, capsys):
    _, parent = trained(tmp_path, data, "classify2d")
    path = config(tmp_path, "classify2d", id="others", transfer={"keep": ["conv1", "layer1"], "thaw": 0.0})
    out = tmp_path / "second"
    words = ["general", "--config", str(path), "--data", str(data), "--device", "cpu", "--steps", "4"]
    assert main([*words, "--out", str(out), "--from", str(parent)]) == 0
    said = capsys.readouterr().err
    assert "tensors of the network loaded" in said
    old, made = load_bundle(parent), load_bundle(out / "bundle", verify=True)
    assert made.parent == old.sha256
    assert f"from weights {old.sha256[:12]}" in (out / "bundle/card.md").read_text(encoding="utf-8")
    first, second = (load_file(folder / WEIGHTS) for folder in (parent, out / "bundle"))
    assert torch.equal(first["network.conv1.weight"], second["network.conv1.weight"])
    assert not torch.equal(first["network.fc.weight"], second["network.fc.weight"])
    assert main([*words, "--out", str(out)]) == 2  # its checkpoint began with weights
    assert "--restart" in capsys.readouterr().err
    assert main([*words, "--out", str(tmp_path / "third"), "--from", str(path)]) == 2
    assert "unknown kind of file" in capsys.readouterr().err


def test_training_ends_where_images_held_back_were_read_best(tmp_path, data):
    """A learning rate far too high makes it worse after the first checks."""
    steps = {"steps": 400, "batch": 4, "learning_rate": 0.02, "weight_decay": 0.0, "warmup": 1, "ema": 0.5}
    said = load_config(config(tmp_path, "classify2d", patience=2, training={**steps, "save_every": 10}))
    seen = {}

    def report(step, steps, losses):
        if "held back" in losses:
            seen[step] = losses["held back"]

    pictures = samples(said, data)
    network, _ = train_network(said, pictures, tmp_path / "a", "cpu", report)
    best = min(seen, key=seen.get)
    assert max(seen) == best + 20 < 400
    held = [learnt(s, said) for s in pictures if s.part is Part.CALIBRATION]
    with torch.inference_mode():
        assert _held_loss(said, held, "cpu", network) == pytest.approx(seen[best], rel=1e-4)
    again, _ = train_network(said, pictures, tmp_path / "a", "cpu", report)  # nothing is left to do
    assert torch.equal(network.fc.weight, again.fc.weight)


BALL = {"axes": "RAS", "size": [16, 16, 16], "multiple": 4, "intensity": [{"step": "z_score"}]}


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """Bright balls in volumes of noise, with masks; every other volume has none."""
    folder = tmp_path_factory.mktemp("volumes")
    rng = np.random.default_rng(6)
    rows = [("image", "patient", "split", "ball")]
    axes = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    for k in range(40):
        z, y, x = np.mgrid[:16, :16, :16]
        centre = rng.integers(5, 11, 3)
        ball = ((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < 12) & (k % 2 == 0)
        hu = (rng.normal(0, 20, ball.shape) + 150 * ball).astype(np.int16)
        grid = Grid((0.0, 0.0, 0.0), axes, (2.0, 1.0, 1.0), (16, 16, 16))
        save_case(Case(hu, grid, f"p{k // 2}", mask=ball.astype(np.uint8)), folder / "balls" / f"v{k}")
        rows.append((f"v{k}", f"p{k // 2}", "train" if k < 28 else "test", 1 - k % 2))
    with (folder / "balls.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.mark.parametrize("task", ["classify3d", "segment3d"])
def test_volumes_are_learnt_and_measured(tmp_path, volumes, task):
    segments = task == "segment3d"
    network = {**UNET, "spatial_dims": 3} if segments else {**RESNET, "spatial_dims": 3}
    path = config(
        tmp_path,
        task,
        input={"modality": "CT"},
        architecture=network,
        contract={
            **BALL,
            "activation": "sigmoid" if segments else "softmax",
            "silent": [] if segments else ["none"],
            "parts": segments,
        },
        data={"name": "balls"}
        if segments
        else {"name": "balls", "label": "ball", "values": {"none": ["0"], "disc": ["1"]}},
        augment={"flips": [0, 1, 2], **({"crop": [12, 12, 12]} if segments else {})},
    )
    out = tmp_path / "out"
    words = ["general", "--config", str(path), "--data", str(volumes), "--out", str(out), "--device", "cpu"]
    assert main(words) == 0
    assert evaluate([str(out / "bundle"), str(volumes), "--out", str(out), "--device", "cpu"]) == 0
    result = msgspec.json.decode((out / "evaluation.json").read_bytes(), type=Evaluation)
    said = {f.name: f.value for f in result.figures}
    assert result.cases == 12
    assert said["Dice, mean" if segments else "disc: AUC"] > 0.8
