"""Private folders in which desk and worker pass arrays to each other; gone when the job is."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108 (a folder in memory; what is made in it is private, see below)
PREFIX = "tandem-"
ROOM = 2
"""The folder in memory is taken where it has so many times the room that is needed, else the disk."""


@contextmanager
def private_folder(need_bytes: int, disk: Path) -> Iterator[Path]:
    """A new folder that only this user may enter; removed at the end.

    It lies in memory where that has room, else below `disk`.
    """
    root = _root(need_bytes, disk)
    sweep(root)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=root))  # mode 0700
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(root: Path) -> None:
    """Remove what a program that was killed left behind in `root`."""
    for folder in root.glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _root(need_bytes: int, disk: Path) -> Path:
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    if usable and shutil.disk_usage(MEMORY).free > ROOM * need_bytes:
        return MEMORY
    disk.mkdir(mode=0o700, parents=True, exist_ok=True)
    return disk
