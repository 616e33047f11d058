"""What end-to-end tests share: a small chest that reads in seconds, and a window manager."""

import shutil
import subprocess
import time

import pytest

from inference.phantom.chest import chest
from viewer.app.demo.chest import write_series


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """A folder with 48 slices of a phantom chest that holds three nodules."""
    folder = tmp_path_factory.mktemp("study") / "dicom"
    case = chest(
        96001, nodules=3, sizes_mm=(10.0, 16.0), spacing_mm=(2.5, 1.2, 1.2), shape=(48, 260, 300), workers=1
    )
    write_series(case, 96001, folder)
    return folder


@pytest.fixture
def window_manager():
    """Openbox on the screen of this test run."""
    for tool in ("openbox", "xdotool"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    process = subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    yield
    process.kill()
    process.wait()
