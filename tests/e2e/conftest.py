"""A small chest that reads in seconds, written once for all end-to-end tests."""

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
