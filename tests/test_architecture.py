"""The house stands as DESIGN draws it: what a fresh interpreter loads, and that no room is empty."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `statement`."""
    script = f"{statement}; import sys; print(' '.join({{n.partition('.')[0] for n in sys.modules}}))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(answer.stdout.split())


@pytest.mark.parametrize("module", ["viewer.cli", "viewer.app.desk", "viewer.ui.run"])
def test_the_desk_never_loads_torch(module):
    assert not loaded_by(f"import {module}") & {"torch", "monai", "captum"}


def test_the_window_does_not_wait_for_heavy_libraries():
    heavy = {"vtkmodules", "pyqtgraph", "highdicom", "scipy", "skimage", "jinja2", "rich", "SimpleITK"}
    assert not loaded_by("import viewer.ui.run") & heavy


def test_the_command_line_loads_no_toolkit_before_it_knows_the_command():
    assert not loaded_by("import viewer.cli") & {"PySide6", "numpy", "pydicom", "rich"}


@pytest.mark.parametrize(
    "module", ["inference.protocol", "inference.bundle", "inference.cases", "inference.evidence"]
)
def test_the_bridge_carries_no_torch(module):
    assert not loaded_by(f"import {module}") & {"torch", "monai", "PySide6", "vtkmodules"}


def test_no_room_is_empty_and_none_is_called_utils():
    for package in ("viewer", "inference"):
        for folder in (ROOT / package).rglob("*/"):
            if folder.name == "__pycache__":
                continue
            assert folder.name not in {"utils", "common", "helpers", "misc"}, folder
            assert len(list(folder.glob("*.py"))) != 1 or list(folder.glob("*/")), f"{folder} holds nothing"


def test_every_module_says_what_lives_there():
    silent = [
        path
        for package in ("viewer", "inference", "resources", "tests/bench")
        for path in (ROOT / package).rglob("*.py")
        if (text := path.read_text(encoding="utf-8").strip()) and not text.startswith(('"""', "#!"))
    ]
    assert silent == []
