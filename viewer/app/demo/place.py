"""Where a demonstration study lies: made once, whole or not at all, and again for a newer generator."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

Progress = Callable[[float, str], None]
FOLDER = "demo"
TRUTH = "truth.json"


def write_once(target: Path, generator: int, fill: Callable[[Path], None]) -> None:
    """`fill(folder)` writes a study and its truth into `folder`, which then becomes `target`.

    All is written elsewhere first and then renamed, so a study that is there is whole. Nothing is done where
    the truth in `target` says that it comes from this `generator`.
    """
    if _is_current(target / TRUTH, generator):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}_", dir=target.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        fill(fresh)
        _move_into_place(fresh, target, Path(scratch) / "stale")


def _is_current(truth: Path, generator: int) -> bool:
    try:
        found = json.loads(truth.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(isinstance(found, dict) and found.get("generator") == generator)


def _move_into_place(fresh: Path, target: Path, stale: Path) -> None:
    if target.exists():
        target.rename(stale)
    try:
        fresh.rename(target)
    except OSError:
        if not target.exists():  # not another process that was faster
            raise
    shutil.rmtree(stale, ignore_errors=True)


def file_meta(sop_class: UID, sop_instance: UID, syntax: UID = ExplicitVRLittleEndian) -> FileMetaDataset:
    """The group 2 header of a file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = sop_instance
    meta.TransferSyntaxUID = syntax
    return meta
