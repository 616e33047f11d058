"""Where DICOM objects come from: files, folders, ZIP archives, DICOMDIRs. Reads bytes, judges no header.

Nothing is ever unpacked to disk, no link is followed out of the folder, and no claimed size is believed.
"""

import errno
import os
import stat
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from viewer.core.dicom.dicomdir import referenced_files
from viewer.core.dicom.instance import Location
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.text import clean

if TYPE_CHECKING:
    from pydicom import Dataset

_MEMBERS_AT_MOST = 200_000
_UNPACKED_FREELY = 64 << 20
_UNPACKED_AT_MOST = 4 << 30
_RATIO_AT_MOST = 100
_ARCHIVE = b"PK\x03\x04"
_NESTED = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A regular file that may hold objects. `name`: the path as the user would write it, printable."""

    path: str
    name: str
    size: int
    mtime_ns: int


def find(paths: Sequence[Path]) -> Iterator[Candidate | Problem]:
    """Every regular file at or below `paths`, in order; a problem for each thing that is not looked into."""
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            yield Problem(
                printable(path), "", error.strerror or "an error", "a file or folder", "nothing is read"
            )
            continue
        if stat.S_ISDIR(mode):
            yield from _folder(path)
        elif path.name.upper() == "DICOMDIR":
            yield from _media(path, listed=True)
        else:
            yield _file(path)


def printable(path: object) -> str:
    """A path that can be shown and logged whatever bytes it has."""
    return clean(str(path), 1024)


def _file(path: Path) -> Candidate | Problem:
    try:
        found = path.stat()
    except OSError as error:
        return Problem(printable(path), "", error.strerror or "an error", "a readable file", "it is not read")
    if not stat.S_ISREG(found.st_mode):
        return Problem(printable(path), "", "a pipe, socket or device", "a regular file", "it is not read")
    return Candidate(str(path.absolute()), printable(path), found.st_size, found.st_mtime_ns)


def _folder(top: Path) -> Iterator[Candidate | Problem]:
    """Depth first, names in order. Links are not followed: what they name inside is met at its own place."""
    inside = top.resolve()
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            reason = error.strerror or "an error"
            yield Problem(printable(folder), "", reason, "a readable folder", "nothing in it is read")
            continue
        waiting.extend(Path(e.path) for e in reversed(entries) if e.is_dir(follow_symlinks=False))
        for entry in entries:
            if entry.is_symlink():
                if not _leads_inside(Path(entry.path), inside):
                    found, allowed = "a link that leads out of the folder", "links inside it"
                    yield Problem(printable(entry.path), "", found, allowed, "it is not followed")
            elif entry.name.upper() == "DICOMDIR":
                yield from _media(Path(entry.path), listed=False)
            elif not entry.is_dir(follow_symlinks=False):
                yield _file(Path(entry.path))


def _leads_inside(link: Path, folder: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(folder)
    except (OSError, RuntimeError):  # it dangles, or runs in a circle
        return False


def _media(path: Path, listed: bool) -> Iterator[Candidate | Problem]:
    """What a DICOMDIR refers to. `listed`: the files themselves; else only those that are not there."""
    try:
        with path.open("rb") as data:
            references = referenced_files(data, path.stat().st_size, printable(path))
    except DicomError as error:
        yield error.problem
        return
    except OSError as error:
        yield Problem(printable(path), "", error.strerror or "an error", "a readable file", "it is not read")
        return
    for parts in references:
        name = printable("\\".join(parts))
        if any(part in ("..", ".") or "/" in part or ":" in part for part in parts):
            yield _no_reference(path, name, "the reference leads out of the medium")
            continue
        target = _cased(path.parent, parts)
        if target is None:
            yield _no_reference(path, name, "the file is not there")
        elif not _leads_inside(target, path.parent.resolve()):
            yield _no_reference(path, name, "the reference leads out of the medium")
        elif listed:
            yield _file(target)


def _cased(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file that a File ID names (media are written in capitals; file systems show them as they like)."""
    spellings = (parts, tuple(part.lower() for part in parts), tuple(part.upper() for part in parts))
    targets = (folder.joinpath(*spelling) for spelling in spellings)
    return next((target for target in targets if target.is_file()), None)


def _no_reference(path: Path, name: str, message: str) -> Problem:
    return Problem(printable(path), "(0004,1500)", name, "a file below the DICOMDIR", message)


def _regular(path: str) -> BinaryIO:
    """An open regular file; opening it never waits, whatever it is."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(number, "rb")


def is_archive(head: bytes) -> bool:
    """True where a file begins like a ZIP archive."""
    return head.startswith(_ARCHIVE)


class Sources:
    """Opens locations; keeps archives open. May be used by several threads; `close` it."""

    def __init__(self) -> None:
        self._archives: dict[str, zipfile.ZipFile] = {}
        self._lock = threading.Lock()

    @contextmanager
    def open(self, location: Location) -> Iterator[tuple[BinaryIO, int]]:
        """A seekable stream over the object and its size in bytes. Raises `DicomError`."""
        if location.kind == "zip":
            info = self._archive(location.uri).NameToInfo.get(location.member)
            reason = "no member of this name" if info is None else _unsafe(info)
            if info is None or reason:
                raise DicomError(Problem(printable(location), "", reason, "a plain member", "it is not read"))
            with self._member(location, info) as stream:
                yield stream, info.file_size
            return
        try:
            stream = _regular(location.uri)
        except OSError as error:
            reason = error.strerror or "an error"
            raise DicomError(
                Problem(printable(location), "", reason, "a readable file", "it cannot be read")
            ) from error
        with stream:
            if location.length:
                stream.seek(location.offset)
                yield BytesIO(stream.read(location.length)), location.length
            else:
                yield stream, os.fstat(stream.fileno()).st_size

    def members(self, candidate: Candidate) -> Iterator[Location | Problem]:
        """The members of an archive that may be objects; a problem for each that is not looked into."""
        try:
            infos = self._archive(candidate.path).infolist()
        except DicomError as error:
            yield error.problem
            return
        if len(infos) > _MEMBERS_AT_MOST:
            found, allowed = f"{len(infos)} members", f"at most {_MEMBERS_AT_MOST}"
            yield Problem(candidate.name, "", found, allowed, "the archive is not read")
            return
        for info in infos:
            if info.is_dir() or PurePosixPath(info.filename).name.upper() == "DICOMDIR":
                continue
            reason = _unsafe(info)
            if reason:
                name = printable(f"{candidate.name}!{info.filename}")
                yield Problem(name, "", reason, "a plain member of bounded size", "it is not read")
            else:
                yield Location("zip", candidate.path, info.filename)

    def close(self) -> None:
        """Close all archives."""
        with self._lock:
            for archive in self._archives.values():
                archive.close()
            self._archives.clear()

    def _archive(self, path: str) -> zipfile.ZipFile:
        with self._lock:
            if path not in self._archives:
                try:
                    self._archives[path] = zipfile.ZipFile(path)
                except Exception as error:  # zipfile raises many kinds on damaged archives
                    problem = Problem(
                        printable(path), "", f"a damaged archive ({error})", "a whole ZIP", "it is not read"
                    )
                    raise DicomError(problem) from error
            return self._archives[path]

    @contextmanager
    def _member(self, location: Location, info: zipfile.ZipInfo) -> Iterator[BinaryIO]:
        try:
            with (
                self._archive(location.uri).open(info) as packed,
                BufferedReader(cast("zipfile.ZipExtFile", packed), 1 << 16) as stream,
            ):
                yield cast("BinaryIO", stream)
        except DicomError:
            raise
        except Exception as error:  # encrypted, unknown compression, wrong checksum, ...
            problem = Problem(printable(location), "", str(error), "a readable member", "it cannot be read")
            raise DicomError(problem) from error


def _unsafe(info: zipfile.ZipInfo) -> str:
    """Why a member is not read, or ""."""
    name = info.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name[:3]:
        return "a name that leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a symbolic link"
    if name.lower().endswith(_NESTED):
        return "an archive inside an archive"
    if info.flag_bits & 1:
        return "an encrypted member"
    limit = min(_UNPACKED_AT_MOST, max(_UNPACKED_FREELY, info.compress_size * _RATIO_AT_MOST))
    if info.file_size > limit:
        return f"{info.file_size >> 20} MB out of {info.compress_size >> 10} KB"
    return ""


def read_header(location: Location, pixels: bool = False) -> "Dataset":
    """The whole header of an object, and its `pixels` where they are asked for. Raises `DicomError`."""
    from pydicom import dcmread

    sources = Sources()
    try:
        with sources.open(location) as (stream, _):
            return dcmread(stream, stop_before_pixels=not pixels, force=True)
    except DicomError:
        raise
    except Exception as error:  # whatever a hostile file brings about inside the parser
        problem = Problem(printable(location), "", type(error).__name__, "", "the header cannot be read")
        raise DicomError(problem) from error
    finally:
        sources.close()
