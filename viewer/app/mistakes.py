"""Examples of a model's misses and false marks for its page: made on demand, kept by its hash."""

import os
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from inference.protocol import Mistake, Mistakes, ShowMistakes
from viewer.app import explaining
from viewer.app.jobs import Report

if TYPE_CHECKING:  # the second reader's parts load when it starts
    from inference.bundle import Bundle

FOLDER, LIST = "mistakes", "mistakes.json"
"""Below the home folder: a folder for each model, with its pictures and what they show."""
HEADING = "## Where it fails: examples"
TASKS = ("detect3d", "detect2d")
"""Whose phantoms can be drawn."""
SILENCE_S = 900.0
"""Nobody waits for it: where other programs want the cores, the first part of a phantom takes minutes."""
DATA = "TANDEM_DATA"
"""Names the folder of the data sets, where they are here."""


def section(home: Path, bundle: "Bundle") -> str:
    """Markdown: the pictures that were made before, else how to make them."""
    if bundle.task not in TASKS:
        return f"{HEADING}\nNo phantom of what it reads can be drawn here; see its figures and limits below."
    folder = home / FOLDER / bundle.sha256
    found = _kept(folder)
    if found is None:
        return f"{HEADING}\n**Shift+F1** looks for some on phantoms that it never saw; some minutes."
    if not found:
        return f"{HEADING}\nOn the phantoms that were tried it missed nothing and marked nothing falsely."
    kinds = {mistake.kind for mistake in found}
    none = " Of these cases it missed nothing." if "missed" not in kinds else ""
    none += " There it marked nothing falsely." if "false" not in kinds else ""
    note = f"Examples, not a measure: how often it fails stands below.{none}"
    rows = [
        _side_by_side(folder, [m for m in found if m.kind == kind]) for kind in sorted(kinds, reverse=True)
    ]
    return "\n\n".join((HEADING, note, *rows))


def _side_by_side(folder: Path, some: list[Mistake]) -> str:
    """A table of the pictures with their captions below. Qt shows no picture without an alternative text."""
    pictures = (f"![{mistake.kind}]({(folder / mistake.picture).as_uri()})" for mistake in some)
    lines = (pictures, ("---" for _ in some), (mistake.caption for mistake in some))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def make(
    home: Path, folder: Path, bundle: "Bundle", device: str, report: Report, cancelled: Callable[[], bool]
) -> None:
    """Make them, on a thread of its own, in a process of its own: no read waits for it.

    folder  of the bundle. Raises `LookupError` where there is nothing to try it on.
    """
    from viewer.app.second_read.pool import WorkerPool

    root = home / FOLDER
    root.mkdir(mode=0o700, exist_ok=True)
    workers = WorkerPool(size=1, device=device, threads=1, silence_s=SILENCE_S)
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        job = ShowMistakes(
            job=uuid.uuid4().hex,
            bundle=str(folder.resolve()),
            bundle_sha256=bundle.sha256,
            out=scratch,
            data=os.environ.get(DATA, ""),
        )
        try:
            said = explaining.ask(workers, job, Mistakes, cancelled, report)
        finally:
            workers.close()
        keep(said.mistakes, Path(scratch), root / bundle.sha256)


def keep(found: tuple[Mistake, ...], scratch: Path, target: Path) -> None:
    """Move pictures to where they are found again; the list last: a folder with a list is whole."""
    target.mkdir(mode=0o700, exist_ok=True)
    for mistake in found:
        (scratch / mistake.picture).replace(target / mistake.picture)
    (scratch / LIST).write_bytes(msgspec.json.encode(found))
    (scratch / LIST).replace(target / LIST)


def _kept(folder: Path) -> tuple[Mistake, ...] | None:
    """None where they were not made yet, or what lies there is damaged."""
    try:
        found = msgspec.json.decode((folder / LIST).read_bytes(), type=tuple[Mistake, ...])
    except (OSError, msgspec.DecodeError):
        return None
    return found if all((folder / mistake.picture).is_file() for mistake in found) else None
