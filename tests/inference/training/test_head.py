"""Training of the model for heads in miniature, by its command: stopped, gone on with, and read with."""

import csv
import io
import tomllib
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from PIL import Image
from safetensors.numpy import load_file

from inference.bundle import WEIGHTS, load_bundle
from inference.pipelines import load
from inference.pipelines.head import grey_of
from inference.training.__main__ import main
from inference.training.head.patients import COLUMNS
from tests.inference.pipelines.heads import case
from viewer.app.exit_codes import ExitCode

SHIPPED = Path(__file__).parents[3] / "resources/models/ct_head_haemorrhage/train.toml"
FOLDS, STEPS = 5, 3
PEOPLE = range(1, 2 * FOLDS + 1)
"""In each fold one who bleeds (odd) and one who does not."""


@cache
def slices(*, bleed):
    """Grey levels of a phantom's head, lowest slice first, and which of them show the bleed."""
    grey = [grey_of(case(bleed=with_it, pixel_mm=1.1, extent_mm=130.0).hu) for with_it in (bleed, False)]
    return grey[0], np.abs(grey[0] - grey[1]).max(axis=(1, 2)) > 40


@pytest.fixture
def data(tmp_path):
    """The data set's files with phantoms for patients; the level of each differs a little."""
    folder = tmp_path / "data"
    folder.mkdir()
    labels, people = [], []
    with zipfile.ZipFile(folder / "ct_ich_slices.zip", "w") as archive:
        for patient in PEOPLE:
            pictures, bleeds = slices(bleed=patient % 2 == 1)
            for k, picture in enumerate(pictures, start=1):
                bytes_ = io.BytesIO()
                Image.fromarray((picture + 0.5 * patient).clip(0, 255).astype(np.uint8)).save(bytes_, "PNG")
                archive.writestr(f"{patient:03d}/{k:02d}.png", bytes_.getvalue())
                kinds = {name: int(bleeds[k - 1]) if name in ("any_ich", "iph") else 0 for name in COLUMNS}
                labels.append({"patient": patient, "slice": k, "image_present": 1, **kinds})
            fold = (patient - 1) // 2
            people.append({"patient": patient, "fold": fold, "sex": "MF"[patient % 3 > 0], "age_years": 40})
    for name, rows in (("slices", labels), ("patients", people)):
        with (folder / f"ct_ich_{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture
def train(data, tmp_path):
    """The command, into a folder of that name, with networks and batches that are small."""
    config = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    config["network"] |= {"channels": [8, 8, 16], "width": 8}
    small = {"steps": STEPS, "warmup": 1, "save_every": 1, "painted": 2, "positive": 2, "negative": 2}
    config["trainings"] = [config["trainings"][0] | small]
    path = tmp_path / "train.toml"
    path.write_text(tomli_w.dumps(config), encoding="utf-8")

    def run(out, *more):
        arguments = ["ct_head_haemorrhage", "--data", data, "--out", tmp_path / out, "--config", path]
        return main([*map(str, arguments), "--device", "cpu", *more])

    return run


@pytest.mark.timeout(600)  # the command is started again after each step
def test_a_training_that_was_stopped_ends_with_the_same_weights_and_reads(train, tmp_path, capsys):
    assert train("whole") == 0
    told = capsys.readouterr()
    assert [f"network 1 of 1 without fold {fold}" in told.err for fold in range(FOLDS)] == [True] * FOLDS
    assert "calibration, out of fold" in told.err and not told.out

    stops = 0
    while train("broken", "--minutes", "0.0001") == ExitCode.STOPPED:  # after each step
        assert "the same command goes on" in capsys.readouterr().err
        assert not (tmp_path / "broken/bundle").exists()
        stops += 1
    assert stops == STEPS * FOLDS
    weights = [load_file(tmp_path / out / "bundle" / WEIGHTS) for out in ("whole", "broken")]
    assert weights[0].keys() == weights[1].keys()
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])

    folder = tmp_path / "broken/bundle"
    bundle = load_bundle(folder, verify=True)
    assert list(bundle.architecture) == [f"fold_{fold}_0" for fold in range(FOLDS)]
    found = load(bundle, folder, "cpu").read(case(), tmp_path, lambda *_: None)
    assert found.status == "done"
    assert bundle.domain.statistics.keys() == found.measured.keys()


def test_fewer_steps_are_taken_where_asked(train, tmp_path):
    assert train("short", "--steps", "1") == 0
    assert load_bundle(tmp_path / "short/bundle").training["steps"] == [1]


def test_pictures_without_a_head_are_told_in_one_sentence(train, data, capsys):
    (data / "ct_ich_slices.zip").unlink()
    empty = io.BytesIO()
    Image.fromarray(np.zeros((180, 180), np.uint8)).save(empty, "PNG")
    with zipfile.ZipFile(data / "ct_ich_slices.zip", "w") as archive:
        for k in range(1, 13):
            archive.writestr(f"{PEOPLE[0]:03d}/{k:02d}.png", empty.getvalue())
    assert train("none") == 2
    told = capsys.readouterr().err
    assert "no head with a closed skull found in the pictures of patient 1 " in told
    assert "Traceback" not in told


def test_a_data_set_that_is_not_whole_is_told(train, data, capsys):
    (data / "ct_ich_patients.csv").unlink()
    assert train("none") == 2
    assert "is not whole" in capsys.readouterr().err
