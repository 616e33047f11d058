"""General detectors: from boxes and a configuration to a bundle whose marks lie where the findings are."""

import csv
import io
import zipfile

import numpy as np
import pytest
import tomli_w
import torch
from safetensors.torch import load_file, save_file

from inference.bundle import load_bundle
from inference.cases import Case, Exam, Grid, Plane, TruthLesion, View, save_case
from inference.networks import build
from inference.pipelines import load
from inference.pipelines.peaks import Peak, stacked
from inference.training.__main__ import main
from inference.training.general.box_aims import aims, painted
from inference.training.general.config import load_config
from inference.training.general.samples import samples
from inference.training.general.truth import of_parts
from tests.inference.training.test_general import SIDE, figures, picture, png

BACKBONE = {
    "network": "resnet",
    "spatial_dims": 2,
    "n_input_channels": 1,
    "block": "basic",
    "layers": [1, 1, 1, 1],
    "block_inplanes": [8, 8, 16, 16],
    "conv1_t_size": 3,
    "no_max_pool": True,
    "norm": ["group", {"num_groups": 4}],
}
BACKBONES = {
    "resnet": lambda dims: {**BACKBONE, "spatial_dims": dims},
    "efficientnet": lambda dims: {
        "network": "efficientnet",
        "spatial_dims": dims,
        "in_channels": 1,
        "model_name": "efficientnet-b0",
    },
    "vit": lambda dims: {
        "network": "vit",
        "spatial_dims": dims,
        "in_channels": 1,
        "img_size": SIDE,
        "patch_size": 8,
        "hidden_size": 16,
        "mlp_dim": 16,
        "num_layers": 1,
        "num_heads": 2,
    },
    "unet": lambda dims: {
        "network": "unet",
        "spatial_dims": dims,
        "in_channels": 1,
        "out_channels": 8,
        "channels": [4, 8],
        "strides": [2],
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The same discs with their masks, and with their boxes in a table."""
    folder, rng = tmp_path_factory.mktemp("boxes"), np.random.default_rng(5)
    rows, boxes = [], []
    with (
        zipfile.ZipFile(folder / "discs.zip", "w") as masks,
        zipfile.ZipFile(folder / "told.zip", "w") as told,
    ):
        for k in range(60):
            grey, mask = picture(rng, k % 2 == 0)
            name = f"p{k:02d}"
            masks.writestr(f"images/{name}.png", png(grey))
            masks.writestr(f"masks/{name}.png", png(mask.astype(np.uint8) * 255))
            told.writestr(f"{name}.png", png(grey))
            rows.append((name, f"patient{k // 2}", "train" if k < 40 else "test"))
            if mask.any():
                (top, left), (bottom, right) = np.argwhere(mask).min(0), np.argwhere(mask).max(0) + 1
                boxes.append((name, "disc", left, top, right, bottom))
    for name in ("discs", "told"):
        written(folder / f"{name}.csv", [("image", "patient", "split"), *rows])
    written(folder / "told_boxes.csv", [("image", "label", "left", "top", "right", "bottom"), *boxes])
    return folder


def written(path, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def config(folder, **new):
    said = {
        "seed": 3,
        "id": "disc_boxes",
        "title": "Discs",
        "version": "1",
        "task": "boxes2d",
        "labels": ["disc"],
        "licence": "Apache-2.0",
        "data": {"name": "discs"},
        "input": {"modality": "US"},
        "contract": {
            "axes": "RC",
            "size": [SIDE, SIDE],
            "activation": "sigmoid",
            "multiple": 8,
            "intensity": [{"step": "z_score"}],
        },
        "architecture": {"network": "boxes", "stride": 2, "width": 16, "backbone": BACKBONE},
        "training": {
            "steps": 80,
            "batch": 8,
            "learning_rate": 0.01,
            "weight_decay": 0.01,
            "warmup": 5,
            "ema": 0.9,
            "save_every": 40,
        },
    }
    path = folder / "train.toml"
    path.write_text(tomli_w.dumps({**said, **new}), encoding="utf-8")
    return path


def trained(folder, source, *more, **new):
    words = [
        "--config",
        str(config(folder, **new)),
        "--data",
        str(source),
        "--out",
        str(folder / "out"),
        *more,
    ]
    return main(["general", *words, "--device", "cpu"]), folder / "out/bundle"


@pytest.fixture(scope="module")
def detector(tmp_path_factory, data):
    code, folder = trained(tmp_path_factory.mktemp("detector"), data)
    assert code == 0
    return folder


def test_boxes_are_learnt_calibrated_measured_and_read(tmp_path, data, detector):
    said = figures(detector, data, tmp_path / "evaluation")
    assert said["disc: sensitivity at 0.5 false marks per picture"].value > 0.9
    assert said["disc: false marks per picture at 'balanced'"].value < 1
    assert "<svg" in (tmp_path / "evaluation/evaluation.html").read_text(encoding="utf-8")  # the curve
    bundle = load_bundle(detector, verify=True)
    assert bundle.calibrated
    assert [(p.name, p.rate) for p in bundle.operating_points][1] == ("balanced", 0.5)
    grey, mask = picture(np.random.default_rng(77), True)
    view = View(grey.astype(np.uint16) * 257, Plane((0.5, 0.5), grey.shape), "1.2", meta={"Modality": "US"})
    read = load(bundle, detector, "cpu").read(Exam((view,)), tmp_path, lambda done, doing: None)
    best, truth = read.candidates[0], of_parts(mask)
    assert best.above_operating_point
    assert (best.places[0].row, best.places[0].column) == pytest.approx(
        ((truth.low + truth.high) / 2)[0].tolist(), abs=1.5
    )
    assert best.diameter_mm == pytest.approx(11 * 0.5, rel=0.3)


def test_a_detector_reads_a_volume_slice_by_slice_and_joins_what_lies_on_neighbours(tmp_path, detector):
    flat = np.stack([picture(np.random.default_rng(77), True)[0]] * 2)
    rest = np.stack([picture(np.random.default_rng(k), False)[0] for k in range(4)])
    hu = np.concatenate([rest[:2], flat, rest[2:]]).astype(np.int16)
    axes = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    case = Case(hu, Grid((0.0, 0.0, 0.0), axes, (3.0, 1.0, 1.0), hu.shape), meta={"Modality": "US"})
    read = load(load_bundle(detector), detector, "cpu").read(case, tmp_path, lambda done, doing: None)
    row, column = np.argwhere(picture(np.random.default_rng(77), True)[1]).mean(axis=0)
    assert read.candidates[0].center_lps_mm == pytest.approx((column, row, 7.5), abs=1.6)


def test_boxes_on_slices_that_are_not_neighbours_are_two_findings():
    box = Peak(0, 0.5, (0.0, 0.0), (4.0, 4.0))
    better = Peak(0, 0.9, (0.0, 1.0), (4.0, 5.0))
    found = stacked([(0, [box]), (1, [better]), (2, []), (3, [box])])
    assert [(p.low, p.high, p.score) for p in found] == [
        ((-0.5, 0.0, 1.0), (1.5, 4.0, 5.0), 0.9),
        ((2.5, 0.0, 0.0), (3.5, 4.0, 4.0), 0.5),
    ]


def test_boxes_of_a_table_are_those_of_the_masks(tmp_path, data):
    masks = samples(load_config(config(tmp_path)), data)
    told = samples(load_config(config(tmp_path, data={"name": "told"})), data)
    for one, other in zip(masks, told, strict=True):
        assert (one.label, one.boxes.low.tolist()) == (other.label, other.boxes.low.tolist())
        assert one.boxes.high.tolist() == other.boxes.high.tolist()


def test_weights_of_a_classifier_become_those_below_a_detector(tmp_path, data, capsys):
    given = build({**BACKBONE, "num_classes": 2})
    save_file(dict(given.state_dict()), tmp_path / "weights.safetensors")
    code, folder = trained(tmp_path, data, "--from", str(tmp_path / "weights.safetensors"), "--steps", "40")
    assert code == 0
    said = load_bundle(folder).training["start"]
    assert "-> backbone." in said[1]
    assert any("fc.bias" in line for line in said)
    again = trained(tmp_path / "out", data, "--from", str(folder), "--steps", "40")
    assert again[0] == 0
    count = len(load_file(folder / "weights.safetensors"))
    assert load_bundle(again[1]).training["start"][0] == f"{count} of {count} tensors of the network loaded"


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("dims", [2, 3])
def test_every_backbone_answers_in_cells_of_the_stride_and_learns_throughout(name, dims):
    network = build(
        {"network": "boxes", "labels": 2, "stride": 4, "width": 8, "backbone": BACKBONES[name](dims)}
    )
    answer = network(torch.zeros(2, 1, *(SIDE,) * dims))
    assert answer.shape == (2, 2 + 2 * dims, *(SIDE // 4,) * dims)
    answer.sum().backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None]
    assert [n for n in silent if "norm_cross_attn" not in n] == []  # MONAI makes those, and leaves them


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (
            {"architecture": {"network": "boxes", "backbone": {"network": "lesion_2d"}}},
            "backbone 'lesion_2d'",
        ),
        (
            {"architecture": {"network": "boxes", "backbone": BACKBONE, "stride": 3}},
            "stride 3 cannot be made",
        ),
        ({"architecture": {"network": "boxes", "backbone": BACKBONE, "speed": 3}}, "speed"),
        ({"labels": ["none", "disc"], "contract": {"axes": "RC", "activation": "softmax"}}, "for itself"),
        ({"contract": {"axes": "RC", "size": [30, 30], "activation": "sigmoid"}}, "found [30, 30]"),
        ({"labels": ["disc", "square"]}, "architecture.labels is 1, and there are 2 labels"),
        ({"data": {"name": "told", "values": {"disc": ["tumour"]}}}, "label 'disc' is none of"),
    ],
)
def test_a_configuration_or_a_table_that_cannot_be_used_says_so(tmp_path, data, capsys, new, says):
    path = config(tmp_path, **new)
    assert main(["general", "--config", str(path), "--data", str(data), "--out", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err


def test_painted_boxes_are_read_off_as_they_were(tmp_path):
    centre, half = np.array([[10.0, 20.0], [25.0, 8.0]]), np.array([[4.0, 6.0], [3.0, 2.0]])
    mask = painted(centre, half, np.array([1, 0]), 2, (SIDE, SIDE))
    made = aims(mask, 2, 2)
    for k, label in enumerate((1, 0)):
        cell = np.unravel_index(made.heat[label].argmax(), made.heat[label].shape)
        middle = (np.array(cell) + made.box[2:, *cell] + 0.5) * 2 - 0.5
        assert middle.tolist() == pytest.approx(centre[k].tolist(), abs=0.6)
        assert (np.exp(made.box[:2, *cell]) * 8).tolist() == pytest.approx((2 * half[k]).tolist(), abs=1.1)


def test_spheres_in_volumes_are_found_in_millimetres(tmp_path):
    rng, folder, rows = np.random.default_rng(2), tmp_path / "balls", []
    for k in range(24):
        case = ball(rng)
        save_case(case, folder / f"b{k:02d}")
        rows.append((f"b{k:02d}", f"patient{k}", "train" if k < 18 else "test"))
    written(tmp_path / "balls.csv", [("image", "patient", "split"), *rows])
    contract = {
        "axes": "SAL",
        "spacing_mm": [2.0, 2.0, 2.0],
        "activation": "sigmoid",
        "multiple": 8,
        "intensity": [{"step": "rescale", "source": [-1000.0, 200.0]}],
    }
    network = {"network": "boxes", "stride": 2, "width": 8, "backbone": BACKBONES["unet"](3)}
    read_from = {"data": {"name": "balls"}, "input": {"modality": "CT"}}
    code, bundle = trained(
        tmp_path, tmp_path, task="boxes3d", contract=contract, architecture=network,
        augment={"crop": [16, 16, 16]}, **read_from,
    )  # fmt: skip
    assert code == 0
    case = ball(np.random.default_rng(99))
    read = load(load_bundle(bundle), bundle, "cpu").read(case, tmp_path, lambda done, doing: None)
    assert read.candidates[0].center_lps_mm == pytest.approx(case.lesions[0].center_lps_mm, abs=3)
    assert read.candidates[0].diameter_mm == pytest.approx(12, rel=0.4)


def ball(rng):
    """A volume of other spacings and directions than the network's, with a ball of 12 mm in it."""
    shape, spacing = (14, 24, 20), (4.0, 2.0, 2.5)
    axes = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    grid = Grid((-20.0, -20.0, 30.0), axes, spacing, shape)
    centre = grid.index_to_patient([rng.uniform(3, n - 4) for n in shape])
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    far = np.linalg.norm(grid.index_to_patient(index) - centre, axis=-1)
    hu = np.where(far < 6, 50, -800) + rng.normal(0, 40, shape)
    lesion = TruthLesion(id="b", center_lps_mm=tuple(centre.tolist()), diameter_mm=12.0)
    return Case(hu.astype(np.int16), grid, "p", lesions=(lesion,), meta={"Modality": "CT"})
