"""Where a model is installed from: a folder, a ZIP archive or one file.

Members of an archive are looked up by name; no name of theirs becomes a path.
"""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from inference.install import Refused
from inference.install.weights import MOST_BYTES

MOST_MEMBERS = 10_000
MOST_TEXT = 8 << 20
"""Bytes of a configuration or a card."""
CHUNK = 1 << 20


class Folder:
    """A folder of files; nothing outside of it is read, also not through a link."""

    def __init__(self, root: Path) -> None:
        self.root, self.name = root.resolve(), root.name

    def names(self) -> list[str]:
        """Relative paths of its files, with slashes, sorted."""
        found: list[str] = []
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                found.append(path.relative_to(self.root).as_posix())
            if len(found) > MOST_MEMBERS:
                raise Refused(
                    f"{self.root} holds more than {MOST_MEMBERS} files; name the model's own folder"
                )
        return found

    def text(self, name: str) -> bytes:
        """A small file. Raises `Refused`."""
        path = self._path(name)
        if path.stat().st_size > MOST_TEXT:
            raise Refused(f"{name}: more than {MOST_TEXT >> 20} MB, which no configuration has")
        return path.read_bytes()

    def file(self, name: str, scratch: Path) -> Path:
        """Where a large file lies."""
        return self._path(name)

    def _path(self, name: str) -> Path:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root):
            raise Refused(f"{name} is a link out of {self.root}: it is not followed")
        return path


class Archive:
    """A ZIP archive. Names that lead out of it, links, and more than `MOST_BYTES` unpacked are refused."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise Refused(f"{path.name} is no whole ZIP archive: {error}") from error
        fault = next(_faults(self._archive.infolist()), None)
        if fault is not None:
            raise Refused(f"{path.name}: {fault}; nothing of it was unpacked")

    def names(self) -> list[str]:
        """Names of its files, sorted."""
        return sorted(i.filename for i in self._archive.infolist() if not i.is_dir())

    def text(self, name: str) -> bytes:
        """A small file. Raises `Refused`."""
        with self._archive.open(name) as member:
            data = member.read(MOST_TEXT + 1)
        if len(data) > MOST_TEXT:
            raise Refused(f"{name}: more than {MOST_TEXT >> 20} MB, which no configuration has")
        return data

    def file(self, name: str, scratch: Path) -> Path:
        """A large file, unpacked into `scratch`; what comes out is counted, whatever the archive says."""
        target, left = scratch / PurePosixPath(name).name, MOST_BYTES
        with self._archive.open(name) as member, target.open("wb") as file:
            while part := member.read(CHUNK):
                left -= len(part)
                if left < 0:
                    raise Refused(f"{name}: more than {MOST_BYTES >> 20} MB unpacked")
                file.write(part)
        return target


Source = Folder | Archive


def opened(path: Path) -> Source:
    """The source that `path` is: a folder, else a ZIP archive. Raises `Refused`."""
    return Folder(path) if path.is_dir() else Archive(path)


def _faults(members: list[zipfile.ZipInfo]) -> Iterator[str]:
    if len(members) > MOST_MEMBERS:
        yield f"{len(members)} files found, at most {MOST_MEMBERS} allowed"
    for member in members:
        name = member.filename
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or os.path.splitdrive(name)[0] or ":" in path.parts[0]:
            yield f"the name '{name[:80]}' leads out of the archive"
        if stat.S_ISLNK(member.external_attr >> 16):
            yield f"'{name[:80]}' is a link"
        if member.flag_bits & 1:
            yield f"'{name[:80]}' is encrypted"
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_BYTES:
        yield f"it unpacks to {unpacked >> 20} MB, at most {MOST_BYTES >> 20} MB allowed"
