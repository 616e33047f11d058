"""What a DICOMDIR refers to (PS3.3 F.3). The offsets in it are not used: records are taken in file order."""

from typing import BinaryIO

from viewer.core.dicom.part10 import read_part10
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.values import Values

_RECORDS, _FILE_ID = 0x00041220, 0x00041500
_LARGEST = 256 << 20


def referenced_files(data: BinaryIO, size: int, file: str) -> tuple[tuple[str, ...], ...]:
    """The components of every Referenced File ID, in file order, without repeats. Raises `DicomError`."""
    if size > _LARGEST:
        allowed = f"at most {_LARGEST >> 20} MB"
        raise DicomError(Problem(file, "", f"{size >> 20} MB", allowed, "too large to be a DICOMDIR"))
    part = read_part10(data, size, file, (_RECORDS,))
    values = Values(part.elements, file, part.big_endian)
    records = values.items(_RECORDS)
    if values.problems:
        raise DicomError(values.problems[0])
    names = (record.raw(_FILE_ID).decode("ascii", "replace").strip(" \0") for record in records)
    found = dict.fromkeys(tuple(p.strip() for p in name.split("\\") if p.strip()) for name in names if name)
    return tuple(found)
