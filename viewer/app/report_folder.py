"""Files of a report on disk: each whole or not at all, a folder of them likewise. Knows no content."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from viewer.core.reading.reading import Reading, Stage

MANIFEST = "objects.json"


@dataclass(frozen=True, slots=True)
class Written:
    """One file that was written.

    kind      SR, SEG, KO, HTML, PDF or PNG
    role      model_sr, seg, reader_sr, reader_seg, key_objects, html, pdf, key_image or snapshot;
              `title` says it in words
    segments  of a SEG: tracking UID -> segment number
    """

    path: Path
    kind: str
    role: str
    title: str
    sop_instance_uid: str = ""
    segments: Mapping[str, int] = field(default_factory=dict)


def version_folder(folder: Path, reading: Reading) -> Path:
    """Where below `folder` the report of a reading lies: `draft`, once signed `version_1` and so on."""
    signed = reading.stage is Stage.SIGNED
    return folder / (f"version_{1 + len(reading.amendments)}" if signed else "draft")


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


def save_manifest(folder: Path, written: tuple[Written, ...]) -> None:
    """Keep the list of what was written, with paths relative to `folder`."""
    entries = [asdict(w) | {"path": w.path.relative_to(folder).as_posix()} for w in written]
    write_file(folder / MANIFEST, json.dumps(entries, indent=1).encode("utf-8"))


def written_in(folder: Path) -> tuple[Written, ...]:
    """What `save_manifest` kept; empty where there is nothing."""
    try:
        entries = json.loads((folder / MANIFEST).read_bytes())
    except OSError:
        return ()
    return tuple(Written(**(entry | {"path": folder / entry["path"]})) for entry in entries)


def moved(written: tuple[Written, ...], folder: Path) -> tuple[Written, ...]:
    """The same files after their folder was renamed."""
    return tuple(replace(w, path=folder / w.path.name) for w in written)


def _sync(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut; Windows cannot open folders and needs it not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
