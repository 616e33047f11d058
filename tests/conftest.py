"""What all tests share: where the real images lie, and a Qt platform that needs no screen."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before the first QApplication
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


def shared_data(*parts: str) -> Path:
    """A file or folder of the real images; skips the test, in one line, where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = Path(os.environ.get("TANDEM_DATA", default)).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real images are not here: {'/'.join(parts)}")
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A fresh TANDEM_HOME."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("TANDEM_HOME", str(folder))
    monkeypatch.setenv("TANDEM_READER", "Test Reader")
    return folder
