"""Which files of a report lie in which folder, and the list of them on disk. Knows no content."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from viewer.app.whole_files import write_file
from viewer.core.reading.reading import Reading, Stage

MANIFEST = "objects.json"


@dataclass(frozen=True, slots=True)
class Written:
    """One file that was written.

    kind      SR, SEG, RTSTRUCT, PM, KO, HTML, PDF or PNG
    role      model_sr, model_cad, seg, rtstruct, heat_map, reader_sr, reader_seg, key_objects, html, pdf,
              key_image or snapshot; `title` says it in words
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
