"""From the start of the process to the first image, and what the window's process then holds."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from pydicom.uid import ExplicitVRLittleEndian

from tests.bench.volumes import write_series

PIXEL_BYTES = 300 * 512 * 512 * 2
SITK = """
import sys, SimpleITK
reader = SimpleITK.ImageSeriesReader()
reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(sys.argv[1]))
reader.Execute()
"""


def first_image_s() -> dict:
    """Process start to the first CT image of 300 slices, from the event log's own clock; best of three."""
    with _series() as series:
        ours = min(_first_image(series) for _ in range(3))
        start = time.monotonic()
        subprocess.run([sys.executable, "-c", SITK, str(series)], check=True)
        peer = time.monotonic() - start
    return {
        "name": "first_image_s",
        "value": ours,
        "unit": "s",
        "peer": peer,
        "peer_name": "SimpleITK volume",
    }


def window_pss_over_limit() -> dict:
    """Proportional set size of the window's process with the volume loaded, over 3 x pixel bytes + 300 MB."""
    with _series() as series, tempfile.TemporaryDirectory() as home:
        process = _open(series, home)
        try:
            _await_shown(home)
            time.sleep(8)  # all slices are in, MPR is drawn, the worker is at work in its own process
            used = psutil.Process(process.pid).memory_full_info().pss
        finally:
            process.kill()
            process.wait()
    limit = 3 * PIXEL_BYTES + 300e6
    return {
        "name": "window_pss_over_limit",
        "value": used / limit,
        "unit": "ratio",
        "peer": None,
        "peer_name": "",
    }


ROWS = (first_image_s, window_pss_over_limit)


@contextmanager
def _series() -> Iterator[Path]:
    """300 uncompressed slices of 512 x 512."""
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder), ExplicitVRLittleEndian)
        yield Path(folder)


def _first_image(series: Path) -> float:
    with tempfile.TemporaryDirectory() as home:
        start = time.monotonic_ns()
        process = _open(series, home)
        try:
            return (_await_shown(home) - start) / 1e9
        finally:
            process.kill()
            process.wait()


def _open(series: Path, home: str) -> "subprocess.Popen[bytes]":
    environment = dict(os.environ, TANDEM_HOME=home, TANDEM_READER="Bench")
    command = [sys.executable, "-m", "viewer", "open", str(series)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def _await_shown(home: str, timeout: float = 30.0) -> int:
    """Monotonic ns of the first image that was really painted."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for path in Path(home).rglob("*.sqlite"):
            if (at := _first_shown(path)) is not None:
                return at
        time.sleep(0.05)
    raise TimeoutError(f"no image was shown within {timeout:.0f} s")


def _first_shown(path: Path) -> int | None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            row = base.execute("SELECT min(monotonic_ns) FROM event WHERE kind = 'shown'").fetchone()
    except sqlite3.Error:
        return None
    return None if row is None or row[0] is None else int(row[0])


if __name__ == "__main__":
    print(json.dumps([row() for row in ROWS], indent=1))
