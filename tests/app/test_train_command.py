"""`tandem train --from`: what is installed afterwards, and what stays."""

import shutil

import msgspec
import pytest

from inference.bundle import load_bundle, save_bundle
from tests.inference.worker.jobs import bundle
from viewer.app import train_command
from viewer.app.exit_codes import ExitCode
from viewer.app.second_read.installed import installed
from viewer.cli import main

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def parent(home):
    return bundle(home / "models" / "tiny")


def training(monkeypatch, tmp_path, code, parent_sha, number=1):
    """Stands in for the training process: leaves a bundle, as adaptation does, and ends with `code`."""
    asked = []

    def call(words):
        asked.extend(words[3:])
        folder, made = bundle(tmp_path / "out" / "bundle")
        (folder / "weights.safetensors").write_bytes(f"better {number}".encode())
        made = msgspec.structs.replace(
            made, version=f"1.0.0+site.{number}", parent=parent_sha, training={"site": {}}
        )
        save_bundle(made, folder, card="# Adapted\n")
        return code

    monkeypatch.setattr(train_command.subprocess, "call", call)
    return asked


def command(tmp_path, start="tiny"):
    return main(["train", "--from", start, "--data", "cases", "--out", str(tmp_path / "out"), "--steps", "9"])


def versions(home):
    return [b.version for _, b in installed(home)[0] if b.id == "tiny"]


def test_a_better_one_reads_in_the_place_of_its_parent(tmp_path, home, parent, monkeypatch, capsys):
    asked = training(monkeypatch, tmp_path, 0, parent[1].sha256)
    assert command(tmp_path) == ExitCode.DONE
    assert asked[:4] == ["--data", "cases", "--steps", "9"]
    assert asked[asked.index("--from") + 1] == str(parent[0])
    assert versions(home) == ["1.0.0+site.1"]
    assert "Installed in" in capsys.readouterr().out
    assert main(["models", "list"]) == ExitCode.DONE
    assert f"adapted from {parent[1].sha256[:12]}" in capsys.readouterr().out


def test_one_that_does_not_beat_it_leaves_the_parent(tmp_path, home, parent, monkeypatch, capsys):
    training(monkeypatch, tmp_path, ExitCode.REFUSED, parent[1].sha256)
    assert command(tmp_path) == ExitCode.REFUSED
    assert versions(home) == ["1.0.0"]
    assert "Nothing is installed" in capsys.readouterr().err


def test_it_must_have_beaten_the_one_that_is_in_use(tmp_path, home, parent, monkeypatch, capsys):
    training(monkeypatch, tmp_path, 0, "f" * 64)
    assert command(tmp_path) == ExitCode.REFUSED
    assert versions(home) == ["1.0.0"]
    assert "adapt that one" in capsys.readouterr().err


def test_a_shipped_one_stays_on_disk_and_returns(tmp_path, home, parent):
    """A site's bundle lies in a folder of its own; without it the other one reads again."""
    folder, made = bundle(home / "models" / "site")
    made = msgspec.structs.replace(made, version="2", parent=parent[1].sha256, training={"site": {}})
    save_bundle(made, folder, card="# Adapted\n")
    assert versions(home) == ["2"]
    assert load_bundle(parent[0], verify=True).version == "1.0.0"
    shutil.rmtree(folder)
    assert versions(home) == ["1.0.0"]


def test_an_unknown_model_is_told(tmp_path, capsys):
    assert command(tmp_path, "nothing") == ExitCode.USAGE
    assert "nor is there a file or folder of that name" in capsys.readouterr().err
