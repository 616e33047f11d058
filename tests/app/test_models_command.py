"""`tandem models` over a shipped-like bundle in a fresh home."""

import shutil

import pytest

from inference.bundle import WEIGHTS, bundle_folders
from tests.inference.worker.jobs import bundle
from viewer.app.exit_codes import ExitCode
from viewer.app.models_command import models_command


@pytest.fixture
def tiny(home):
    return bundle(home / "models" / "tiny")[0]


def test_every_model_is_one_line(tiny, capsys):
    assert models_command("list", None) == ExitCode.DONE
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list(bundle_folders(tiny.parent)))
    assert any(line.startswith("tiny 1.0.0  Tiny") and "balanced: 0.5" in line for line in lines)


def test_info_prints_the_card(tiny, capsys):
    assert models_command("info", "tiny") == ExitCode.DONE
    assert "Measured on nothing." in capsys.readouterr().out


def test_a_model_that_verifies_says_so(tiny, capsys):
    assert models_command("verify", "tiny") == ExitCode.DONE
    assert capsys.readouterr().out.endswith("ok\n")


def test_changed_weights_are_found_and_leave_the_others(tiny, capsys):
    other = tiny.parent / "other"
    shutil.copytree(tiny, other)
    (tiny / WEIGHTS).write_bytes(b"other weights")
    assert models_command("verify", None) == ExitCode.BROKEN
    said = capsys.readouterr()
    assert str(tiny) in said.err
    assert "tiny 1.0.0" in said.out
    shutil.rmtree(other)
    assert models_command("verify", "tiny") == ExitCode.BROKEN


def test_a_model_that_is_not_there_is_named(tiny, capsys):
    assert models_command("info", "huge") == ExitCode.USAGE
    assert "no model 'huge' is installed" in capsys.readouterr().err
