"""The training command in miniature: from the crops to a bundle that reads a case, and again after a stop."""

import tomllib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from inference.bundle import load_bundle
from inference.pipelines import load
from inference.pipelines.lungs import find_lungs
from inference.pipelines.working_grid import resample
from inference.training import backgrounds, recipe
from inference.training.__main__ import main
from inference.training.config import load_config
from tests.conftest import shared_data
from tests.inference.pipelines.bodies import case
from viewer.app.exit_codes import ExitCode

SHIPPED = Path(__file__).parents[3] / "resources/models/ct_lung_nodule/train.toml"


def _small(name, real, *_arguments, **_options):
    """A body with lungs, without a nodule."""
    volume = resample(case(shape=(24, 100, 140)), 1.0)
    lungs = find_lungs(volume.hu)
    hu = np.where(lungs.closed & (volume.hu > -400), -850, volume.hu).astype(np.int16)
    everywhere, none = np.ones(hu.shape, bool), np.zeros(hu.shape, np.uint8)
    return backgrounds.Background(name, real, hu, lungs.closed, lungs.closed, everywhere, none)


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(backgrounds, "phantom_background", lambda seed: _small(f"phantom_{seed}", False))
    for module in (backgrounds, recipe):
        monkeypatch.setattr(module, "real_background", partial(_small, "real", True))
    config = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    config |= {
        "phantoms": 1,
        "chests": 0,
        "calibration_phantoms": 1,
        "calibration_chests": 0,
        "outlined_chests": 1,
        "real": ["lidc_0001_slab"],
    }
    config["detector"] |= {"channels": [4, 8]}
    config["classifier"] |= {"channels": [4, 8]}
    config["detector_training"] |= {
        "steps": 40, "stop_at": 40, "warmup": 5, "sides": [24], "voxels": 30000,
        "mine_at": [0.7], "mine_phantoms": 1,
        "save_every": 10, "ema": 0.5,
    }  # fmt: skip
    config["classifier_training"] |= {
        "steps": 2,
        "batch": 4,
        "harvest_phantoms": 1,
        "harvest_chests": 0,
        "harvest_rounds": 1,
    }
    path = tmp_path / "train.toml"
    path.write_text(tomli_w.dumps(config), encoding="utf-8")
    return path


def test_the_command_trains_a_bundle_that_reads(small, tmp_path, capsys):
    data = shared_data("ct_chest")
    out = tmp_path / "run"
    arguments = [
        "ct_lung_nodule",
        "--data",
        str(data),
        "--out",
        str(out),
        "--config",
        str(small),
        "--device",
        "cpu",
    ]
    assert main([*arguments, "--minutes", "0.00001"]) == ExitCode.STOPPED
    assert (out / "backgrounds/phantom_1.npz").exists()
    assert main(arguments) == 0
    bundle = load_bundle(out / "bundle", verify=True)
    assert bundle.id == "ct_lung_nodule"
    assert {point.name for point in bundle.operating_points} == {"sensitive", "balanced", "strict"}
    assert set(bundle.domain.statistics) == {"lung_hu", "lung_sd", "noise_hu"}
    volume = case()
    assert load(bundle, out / "bundle", "cpu").read(volume, tmp_path, lambda *_: None).status == "done"
    assert "step" not in capsys.readouterr().out  # progress goes to standard error


def test_a_configuration_that_cannot_be_read_ends_with_a_sentence(tmp_path, capsys):
    arguments = [
        "ct_lung_nodule",
        "--data",
        ".",
        "--out",
        str(tmp_path),
        "--config",
        str(tmp_path / "none.toml"),
    ]
    assert main(arguments) == 2
    assert "configuration cannot be used" in capsys.readouterr().err


def test_the_shipped_configuration_describes_the_shipped_weights():
    config = load_config(SHIPPED)
    bundle = load_bundle(SHIPPED.parent)
    assert bundle.architecture == {"detector": config.detector, "classifier": config.classifier}
    assert bundle.training["seed"] == config.seed
    assert bundle.training["detector_steps"] == config.detector_training.stop_at
    assert bundle.training["classifier_steps"] == config.classifier_training.steps
