"""From a stream of bytes to the elements of its data set, bounded in time and memory. Judges no value."""

import io
import struct
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from viewer.core.dicom.elements import CHUNK, UNDEFINED, Element, Walker
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.syntax import EXPLICIT, IMPLICIT, Syntax, syntax_of

_INFLATED_AT_ONCE = 1 << 20
_INFLATED_FREELY = 64 << 20
_INFLATED_AT_MOST = 1 << 30
_RATIO_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Part10:
    """The elements of one data set up to its pixels.

    stream       where pixel offsets count from: the data given, or its inflated form
    size         bytes in `stream`
    pixel_tag    the pixel element at which reading stopped; 0 = the data set has none
    pixel_offset, pixel_length  its value; length -1 = undefined (encapsulated)
    pixel_words  its value consists of 16-bit words (VR OW), which matters to bytes in big-endian order
    """

    stream: BinaryIO
    size: int
    syntax: Syntax
    elements: Mapping[int, Element]
    big_endian: bool
    pixel_tag: int = 0
    pixel_offset: int = 0
    pixel_length: int = 0
    pixel_words: bool = False
    problems: tuple[Problem, ...] = ()


def read_part10(data: BinaryIO, size: int, file: str, wanted: Collection[int]) -> Part10:
    """The `wanted` elements of the data set in `data`, a seekable stream of `size` bytes.

    Raises `DicomError` where it is no DICOM, ends too early, or contradicts its transfer syntax.
    """
    try:
        return _read(data, size, file, wanted)
    except struct.error as error:
        raise _refused(file, "", "a damaged element", "", "the header cannot be read") from error


def _read(data: BinaryIO, size: int, file: str, wanted: Collection[int]) -> Part10:
    data.seek(0)
    head = data.read(CHUNK)
    uid, start = _file_meta(data, head, size, file)
    syntax = syntax_of(uid or EXPLICIT)
    if syntax.deflated:
        data.seek(start)
        data, size = _inflated(data, size - start, file)
        start, head = 0, data.read(CHUNK)
    data.seek(start)
    implicit, problem = _encoding(data.read(6), syntax, uid, file)
    if not uid:
        syntax = syntax_of(IMPLICIT if implicit else EXPLICIT)
    walker = Walker(data, size, implicit, syntax.big_endian, file, head)
    elements, pixels = walker.elements(start, wanted)
    problems = (problem,) if problem else ()
    if pixels is None:
        return Part10(data, size, syntax, elements, syntax.big_endian, problems=problems)
    tag, vr, offset, length = pixels
    length = -1 if length == UNDEFINED else length
    words = vr in (b"OW", b"")
    return Part10(data, size, syntax, elements, syntax.big_endian, tag, offset, length, words, problems)


def _file_meta(data: BinaryIO, head: bytes, size: int, file: str) -> tuple[str, int]:
    """Transfer Syntax UID ("" where it is not said) and where the data set starts (PS3.10 7.1)."""
    if size == 0:
        raise _refused(file, "", "0 bytes", "a DICOM object", "the file is empty")
    start = 132 if head[128:132] == b"DICM" else 0
    group, element = struct.unpack("<HH", head[:4]) if len(head) >= 8 else (0, 0)
    if not start and (group not in (2, 8) or element > 0x20):
        raise _refused(file, "", "no DICM mark", "a DICOM object", "this is not a DICOM file")
    walker = Walker(data, size, False, False, file, head)
    uid = ""
    while (found := walker.head(start, False)) is not None and found[0] >> 16 == 2:
        tag, _, value, length = found
        start = value + length
        if tag == 0x00020010:
            uid = head[value : value + min(length, 64)].rstrip(b"\0 ").decode("ascii", "replace")
    if start + 8 > size:
        raise _refused(file, "", f"{size} bytes", "a data set", "the file ends before the data set")
    return uid, start


def _inflated(reader: BinaryIO, size: int, file: str) -> tuple[BinaryIO, int]:
    """The inflated rest of `reader` and its size. Bounded."""
    limit = min(_INFLATED_AT_MOST, max(_INFLATED_FREELY, size * _RATIO_AT_MOST))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    out = bytearray()
    try:
        while not inflate.eof and (chunk := inflate.unconsumed_tail or reader.read(_INFLATED_AT_ONCE)):
            out += inflate.decompress(chunk, _INFLATED_AT_ONCE)
            if len(out) > limit:
                allowed = f"{limit >> 20} MB"
                raise _refused(
                    file, "(0002,0010)", f"over {allowed} once inflated", allowed, "too large to be safe"
                )
        out += inflate.flush()
    except zlib.error as error:
        found = f"data that do not inflate ({error})"
        raise _refused(file, "(0002,0010)", found, "a deflated data set", "the file is damaged") from error
    return io.BytesIO(out), len(out)


def _encoding(head: bytes, syntax: Syntax, uid: str, file: str) -> tuple[bool, Problem | None]:
    """Is the VR implicit? By the first element, since some writers say the wrong syntax."""
    group = int.from_bytes(head[:2], "big" if syntax.big_endian else "little")
    if len(head) < 6 or not 0x0002 <= group <= 0x00FF:
        raise _refused(
            file,
            "(0002,0010)",
            f"a first group of {group:04x}",
            f"a data set in {syntax.name}",
            "the data set is not encoded as its transfer syntax says",
        )
    implicit = not (65 <= head[4] <= 90 and 65 <= head[5] <= 90)
    if not uid:
        found = "implicit" if implicit else "explicit"
        return implicit, Problem(
            file, "(0002,0010)", "", "a transfer syntax", f"none is given; read as {found} VR little endian"
        )
    if implicit == syntax.implicit:
        return implicit, None
    found = "implicit VR" if implicit else "explicit VR"
    return implicit, Problem(
        file, "(0002,0010)", syntax.name, found, f"the data set is written in {found}; read as such"
    )


def _refused(file: str, tag: str, found: str, allowed: str, message: str) -> DicomError:
    return DicomError(Problem(file, tag, found, allowed, message))
