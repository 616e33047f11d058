"""From a stream of bytes to the elements of its data set, bounded in time and memory. Judges no value."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import data_element_generator

from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.syntax import EXPLICIT, IMPLICIT, Syntax, syntax_of

Element = RawDataElement | DataElement

PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_CHUNK = 1 << 20
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


class _Clamped:
    """A stream whose `read` never allocates what a header merely claims."""

    def __init__(self, data: BinaryIO, size: int) -> None:
        self._data = data
        self._size = size
        self.seek = data.seek
        self.tell = data.tell

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; all the rest where it is negative."""
        if size < 0 or size > 4096:
            left = max(0, self._size - self._data.tell())
            size = left if size < 0 else min(size, left)
        return self._data.read(size)


def read_part10(data: BinaryIO, size: int, file: str, wanted: Iterable[int]) -> Part10:
    """The `wanted` elements of the data set in `data`, a seekable stream of `size` bytes.

    Raises `DicomError` where it is no DICOM, ends too early, or contradicts its transfer syntax.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of what is judged here
            return _read(data, size, file, wanted)
    except DicomError:
        raise
    except RecursionError:
        raise _refused(file, "", "sequences inside sequences", "", "nested too deeply to be read") from None
    except Exception as error:  # whatever a hostile file brings about inside the parser
        raise _refused(file, "", type(error).__name__, "", "the header cannot be read") from error


def _read(data: BinaryIO, size: int, file: str, wanted: Iterable[int]) -> Part10:
    stream = cast("BinaryIO", _Clamped(data, size))
    stream.seek(0)
    uid, start = _file_meta(stream, size, file)
    syntax = syntax_of(uid or EXPLICIT)
    if syntax.deflated:
        stream.seek(start)
        data, size = _inflated(stream, size - start, file)
        stream, start = cast("BinaryIO", _Clamped(data, size)), 0
    implicit, problem = _encoding(stream, start, syntax, uid, file)
    if not uid:
        syntax = syntax_of(IMPLICIT if implicit else EXPLICIT)
    elements: dict[int, Element] = {}
    stream.seek(start)
    for element in data_element_generator(
        stream, implicit, not syntax.big_endian, stop_when=_at_pixels, specific_tags=cast("Any", wanted)
    ):
        _whole(element, file)
        elements[int(element.tag)] = element
    problems = (problem,) if problem else ()
    found = _pixels(stream, implicit, syntax.big_endian)
    return Part10(data, size, syntax, elements, syntax.big_endian, *found, problems)


def _after_meta(tag: int, vr: str | None, length: int) -> bool:
    return tag >> 16 != 2


def _at_pixels(tag: int, vr: str | None, length: int) -> bool:
    return int(tag) in PIXEL_TAGS  # an int: comparing pydicom's BaseTag is slow


def _file_meta(reader: BinaryIO, size: int, file: str) -> tuple[str, int]:
    """Transfer Syntax UID ("" where it is not said) and where the data set starts (PS3.10 7.1)."""
    head = reader.read(132)
    if size == 0:
        raise _refused(file, "", "0 bytes", "a DICOM object", "the file is empty")
    start = 132 if head[128:] == b"DICM" else 0
    group, element = struct.unpack("<HH", head[:4]) if len(head) >= 8 else (0, 0)
    if not start and (group not in (2, 8) or element > 0x20):
        raise _refused(file, "", "no DICM mark", "a DICOM object", "this is not a DICOM file")
    reader.seek(start)
    uid = ""
    for item in data_element_generator(reader, False, True, stop_when=_after_meta):
        if item.tag == 0x00020010 and isinstance(item.value, bytes):
            uid = item.value.rstrip(b"\0 ").decode("ascii", "replace")
    if reader.tell() >= size:
        raise _refused(file, "", f"{size} bytes", "a data set", "the file ends before the data set")
    return uid, reader.tell()


def _inflated(reader: BinaryIO, size: int, file: str) -> tuple[BinaryIO, int]:
    """The inflated rest of `reader` and its size. Bounded."""
    limit = min(_INFLATED_AT_MOST, max(_INFLATED_FREELY, size * _RATIO_AT_MOST))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    out = bytearray()
    try:
        while not inflate.eof and (chunk := inflate.unconsumed_tail or reader.read(_CHUNK)):
            out += inflate.decompress(chunk, _CHUNK)
            if len(out) > limit:
                allowed = f"{limit >> 20} MB"
                raise _refused(file, "", f"over {allowed} once inflated", allowed, "too large to be safe")
    except zlib.error as error:
        found = f"data that do not inflate ({error})"
        raise _refused(file, "(0002,0010)", found, "a deflated data set", "the file is damaged") from error
    return io.BytesIO(out), len(out)


def _encoding(
    stream: BinaryIO, start: int, syntax: Syntax, uid: str, file: str
) -> tuple[bool, Problem | None]:
    """Is the VR implicit? By what stands there, since some writers say the wrong syntax."""
    stream.seek(start)
    head = stream.read(6)
    group = int.from_bytes(head[:2], "big" if syntax.big_endian else "little")
    if len(head) < 6 or group > 0x00FF:
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


def _whole(element: Element, file: str) -> None:
    value = element.value
    if (
        isinstance(element, RawDataElement)
        and value is not None
        and len(value) < element.length != 0xFFFFFFFF
    ):
        raise _refused(
            file,
            f"({element.tag >> 16:04x},{element.tag & 0xFFFF:04x})",
            f"a length of {element.length} bytes",
            f"the {len(value)} bytes that are left",
            "the file ends inside this element",
        )


def _pixels(stream: BinaryIO, implicit: bool, big_endian: bool) -> tuple[int, int, int, bool]:
    """The pixel element at the position of `stream`: tag, value offset and length, words. Zeros if none."""
    start = stream.tell()
    head = stream.read(12)
    end = ">" if big_endian else "<"
    if len(head) < 12:
        return 0, 0, 0, False
    group, element = struct.unpack(end + "HH", head[:4])
    tag = group << 16 | element
    if tag not in PIXEL_TAGS:
        return 0, 0, 0, False
    size = 8 if implicit else 12
    (length,) = struct.unpack(end + "I", head[size - 4 : size])
    words = implicit or head[4:6] == b"OW"
    return tag, start + size, -1 if length == 0xFFFFFFFF else length, words


def _refused(file: str, tag: str, found: str, allowed: str, message: str) -> DicomError:
    return DicomError(Problem(file, tag, found, allowed, message))
