"""What libraries have to say does not come between the lines for the user: the real program, as a process."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.app.second_read.dicom_series import write_series
from tests.conftest import shared_data
from viewer.app import program_log


def read(folder, home, out):
    """What `tandem read` prints: (standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-m", "viewer", "read", str(folder), "--out", str(out)],
        env=dict(os.environ, TANDEM_HOME=str(home), QT_QPA_PLATFORM="offscreen"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_a_warning_of_pydicom_goes_to_the_log_only(home, tmp_path):
    series = write_series(tmp_path / "in", np.zeros((1, 16, 16)))
    for file in series.iterdir():
        data = file.read_bytes()
        assert b"P-1" in data
        file.write_bytes(
            data.replace(b"\x08\x00\x08\x00CS", b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 999\x08\x00\x08\x00CS")
        )
    said, complaints = read(series, home, tmp_path / "out")
    assert "not run: no series suits this model" in said[0]
    assert complaints == []
    assert "Unknown encoding 'ISO_IR 999'" in (home / program_log.NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["encoding", "text", "sr"])
def test_of_hostile_files_the_user_sees_one_sentence_each(home, tmp_path, kind):
    _, complaints = read(shared_data("hostile", kind), home, tmp_path / "out")
    assert [line for line in complaints if not line.startswith(("not loaded: ", "Second reader: "))] == []


def test_a_long_log_begins_anew_and_the_old_one_is_kept(home, tmp_path):
    log = home / program_log.NAME
    log.write_bytes(b"x" * (program_log.AT_MOST + 1))
    read(tmp_path / "nothing", home, tmp_path / "out")
    assert not log.exists()
    assert log.with_suffix(".log.old").stat().st_size == program_log.AT_MOST + 1
