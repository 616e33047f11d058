"""Files and folders on disk, each whole or not at all."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Write under another name, sync, rename: `path` holds the old or the new bytes, never a part."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _sync(path.parent)


@contextmanager
def whole_folder(final: Path, *, replaceable: bool) -> Iterator[Path]:
    """A folder to fill that becomes `final` when the block ends, and vanishes when it raises.

    Without `replaceable` a `final` that is there already stays as it is, and OSError is raised.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    work = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.part")
    work.mkdir()
    try:
        yield work
        _sync(work)
        if replaceable and final.exists():
            old = work.with_suffix(".old")
            final.rename(old)
            work.rename(final)
            shutil.rmtree(old, ignore_errors=True)
        else:
            work.rename(final)  # fails on a folder that holds something: nothing is overwritten
        _sync(final.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut; Windows cannot open folders and needs it not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
