"""`tandem models install` from the shell's side: exit codes, sentences, and what lies there afterwards."""

import pytest

from inference.bundle import load_bundle
from tests.inference.install import models
from viewer.app.exit_codes import ExitCode
from viewer.cli import main

pytestmark = pytest.mark.usefixtures("home")


def test_a_model_is_installed_listed_and_kept_from_being_overwritten(tmp_path, home, capfd):
    source = models.safetensors_file(tmp_path / "in")
    assert main(["models", "install", str(source)]) == ExitCode.DONE
    folder = home / "models" / "site_spleen"
    assert load_bundle(folder, verify=True).title == "Spleen on CT"
    assert sorted(p.name for p in home.glob("install-*")) == []
    assert "tensors of the network loaded" in capfd.readouterr().out
    assert main(["models", "verify", "site_spleen"]) == ExitCode.DONE
    said = capfd.readouterr().out
    assert "rate not measured" in said
    assert said.endswith("ok\n")
    assert main(["models", "install", str(source)]) == ExitCode.REFUSED
    assert "--replace" in capfd.readouterr().err
    assert main(["models", "install", "--replace", str(source)]) == ExitCode.DONE


def test_what_is_refused_leaves_nothing_and_says_one_line(tmp_path, home, capfd):
    source = models.checkpoint(tmp_path / "in", models.network())
    assert main(["models", "install", str(source)]) == ExitCode.REFUSED
    (line,) = capfd.readouterr().err.splitlines()
    assert "is not run" in line
    assert not (home / "models").exists()
    assert list(home.glob("install-*")) == []


def test_the_id_of_a_shipped_model_is_not_taken(tmp_path, home, capfd):
    description = models.changed(models.DESCRIPTION, id="ct_lung_nodule")
    source = models.safetensors_file(tmp_path / "in", description=description)
    assert main(["models", "install", str(source)]) == ExitCode.REFUSED
    assert "ships with Tandem" in capfd.readouterr().err
