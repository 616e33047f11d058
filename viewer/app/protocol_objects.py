"""Hanging protocols as DICOM objects: ours for other viewers, and theirs into the home folder."""

import sys
import warnings
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from viewer.app import asking, hanging, protocols
from viewer.app.desk_state import DeskState
from viewer.app.display import Question, Severity
from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.whole_files import write_file
from viewer.core.hanging.dicom_export import to_dataset
from viewer.core.hanging.dicom_import import from_dataset
from viewer.core.hanging.protocol import Protocol
from viewer.core.hanging.rules import ProtocolError

Act = Callable[[Path], str]
LARGEST = 32 * 2**20
"""Bytes of an object that is read; the largest of the standard's examples has 30 kB."""


def export(protocol: Protocol, path: Path, creator: str) -> tuple[str, ...]:
    """Write a protocol as an object; a sentence for each thing that only we read back from it.

    Raises `ProtocolError`, also where the file cannot be written.
    """
    dataset, lost = to_dataset(protocol, creator, datetime.now())
    data = BytesIO()
    dataset.save_as(data, enforce_file_format=True)
    try:
        write_file(path, data.getvalue())
    except OSError as error:
        raise ProtocolError(f"{path} cannot be written ({error.strerror}).") from error
    return lost


def take(folder: Path, path: Path, replace: bool = False) -> tuple[Path, tuple[str, ...]]:
    """Read an object into the protocols of a home folder: its file there, and what was left out of it.

    Raises `ProtocolError`; one that is there already stays, unless `replace`.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ProtocolError(f"{path.name}: {path.stat().st_size} bytes, allowed are {LARGEST}.")
        with warnings.catch_warnings(action="ignore"):  # of values that are longer than they may be
            imported = from_dataset(pydicom.dcmread(path))
    except InvalidDicomError as error:
        raise ProtocolError(f"{path.name} is no DICOM file.") from error
    except OSError as error:
        raise ProtocolError(f"{path} cannot be read ({error.strerror or error}).") from error
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError, NotImplementedError) as error:
        if isinstance(error, ProtocolError):
            raise
        raise ProtocolError(f"{path.name}: an element cannot be read ({error}).") from error
    target = folder / protocols.FOLDER / f"{imported.name}.toml"
    if target.exists() and not replace:
        raise ProtocolError(f"{protocols.FOLDER}/{target.name} is there already; --replace takes its place.")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_file(target, imported.text.encode("utf-8"))
    return target, imported.notes


# --- without a window


def protocols_command(action: str, name: str = "", path: Path | None = None, replace: bool = False) -> int:
    """`tandem protocols list | export NAME FILE | import FILE`; the exit code."""
    known, odd = protocols.load(home())
    for sentence in odd:
        print(sentence, file=sys.stderr)
    if path is None:
        for one in known:
            print(f"{one.id}  {one.title}, {len(one.steps)} steps")
        return ExitCode.DONE
    try:
        if action == "import":
            target, notes = take(home(), path, replace)
            print(f"{path} is now {protocols.FOLDER}/{target.name}.")
        else:
            notes = export(_named(known, name), path, "")
            print(f"{name} is written to {path}.")
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return ExitCode.USAGE
    except ProtocolError as error:
        print(error, file=sys.stderr)
        return ExitCode.REFUSED
    for sentence in notes:
        print(sentence)
    return ExitCode.DONE


def _named(known: tuple[Protocol, ...], name: str) -> Protocol:
    found = next((one for one in known if one.id == name), None)
    if found is None:
        raise LookupError(f"There is no protocol {name!r}; there are {', '.join(one.id for one in known)}.")
    return found


# --- in the window


def ask_where_to(desk: DeskState) -> None:
    """Write the protocol that this study is read in as a DICOM object; asks where."""
    protocol = desk.hanging.hung.protocol
    if protocol is None:
        return
    _ask(
        desk,
        "Export this protocol as a DICOM object",
        f"{protocol.title}, {len(protocol.steps)} steps, for other viewers and other desks.",
        desk.home / protocols.FOLDER / f"{protocol.id}.dcm",
        lambda path: _exported(desk, protocol, path),
    )


def _exported(desk: DeskState, protocol: Protocol, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    return _and(f"Written to {path}.", export(protocol, path, desk.settings.reader))


def ask_where_from(desk: DeskState) -> None:
    """Take a DICOM Hanging Protocol object over; asks where it is."""
    _ask(
        desk,
        "Import a DICOM hanging protocol",
        "It goes before the protocols that came with the program, in every study that it is for.",
        Path(desk.settings.last_folder or desk.home),
        lambda path: _imported(desk, path),
    )


def _imported(desk: DeskState, path: Path) -> str:
    target, notes = take(desk.home, path)
    desk.protocols, odd = protocols.load(desk.home)
    hanging.fill(desk)
    return _and(f"The protocol is in {protocols.FOLDER}/{target.name}.", (*odd, *notes))


def _and(done: str, notes: tuple[str, ...]) -> str:
    return " ".join((done, *notes[:1], *([f"And {len(notes) - 1} more remarks."] if len(notes) > 1 else [])))


def _ask(desk: DeskState, title: str, text: str, path: Path, act: Act) -> None:
    question = Question(
        kind="text",
        title=title,
        text=text,
        fields=(("text", "File"),),
        accept=title.split()[0],
        refuse="Cancel",
        values=(("text", str(path)),),
    )
    asking.ask(desk, question, lambda values: _act(desk, values, act))


def _act(desk: DeskState, values: dict[str, str] | None, act: Act) -> None:
    typed = "" if values is None else values.get("text", "").strip()
    if not typed:
        return
    try:
        desk.say(act(Path(typed).expanduser()))
    except (ProtocolError, OSError) as error:
        desk.say(str(error), Severity.WARNING)
