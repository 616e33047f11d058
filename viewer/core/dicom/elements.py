"""The elements of a data set (PS3.5 7): where each begins and ends. Knows no meaning and judges no value.

Written here and not taken from pydicom for measured reasons (see ARCHITECTURE): the program starts sooner
without its import, headers take less time, and nesting is walked without recursion.
"""

import io
import struct
from collections.abc import Collection
from typing import BinaryIO, NamedTuple

from viewer.core.dicom.problem import DicomError, Problem

UNDEFINED = 0xFFFFFFFF
PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
"""VRs with a length of 32 bits (PS3.5 7.1.2)."""
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
"""VRs with a length of 16 bits: nearly all elements of a header."""
CHUNK = 1 << 14
_DEEPEST = 200
_MOST = 2_000_000
"""Elements in one object: ten times what a large multi-frame header has."""


Head = tuple[int, bytes, int, int]
"""What stands before a value: tag, VR (b"" where implicit), where the value starts, its length."""


class Element(NamedTuple):
    """One element. `value`: its bytes; of a sequence, its items. `implicit`: how those are encoded."""

    vr: bytes
    value: bytes
    implicit: bool


class Walker:
    """Walks over the data set in a stream, reading a chunk at a time and never what is only claimed.

    `start`: the first bytes of the stream, where they have been read already.
    """

    def __init__(
        self, stream: BinaryIO, size: int, implicit: bool, big_endian: bool, file: str, start: bytes = b""
    ) -> None:
        self.implicit = implicit
        self._stream = stream
        self._size = size
        self._file = file
        end = ">" if big_endian else "<"
        self._head = struct.Struct(end + "HH2sH").unpack_from
        self._long = struct.Struct(end + "I").unpack_from
        self._chunk = start
        self._at = 0
        self._steps = 0

    def head(self, position: int, implicit: bool) -> Head | None:
        """The head of the element at `position`; None at the end of the stream."""
        offset = position - self._at
        if offset < 0 or offset + 12 > len(self._chunk):
            self._stream.seek(position)
            self._chunk, self._at, offset = self._stream.read(CHUNK), position, 0
            if len(self._chunk) < 8:
                return None
        self._steps += 1
        if self._steps > _MOST:
            raise self._bad(0, f"over {_MOST} elements", "fewer", "too many to be a header")
        chunk = self._chunk
        group, element, vr, length = self._head(chunk, offset)
        tag = group << 16 | element
        if not implicit and vr in _SHORT:
            return tag, vr, position + 8, length
        if implicit or not (vr.isalpha() and vr.isupper()):  # some writers mix both encodings
            return tag, b"", position + 8, self._long(chunk, offset + 4)[0]
        if vr not in _LONG:
            return tag, vr, position + 8, length
        if len(chunk) < offset + 12:
            return None
        return tag, vr, position + 12, self._long(chunk, offset + 8)[0]

    def elements(
        self, position: int, wanted: Collection[int] | None
    ) -> tuple[dict[int, Element], Head | None]:
        """The `wanted` elements (all, if None) from `position` up to the pixels, and the head of those."""
        found: dict[int, Element] = {}
        implicit = self.implicit
        while True:
            if not implicit:
                position = self._plain(position, wanted, found)
            if (head := self.head(position, implicit)) is None:
                break
            tag, vr, start, length = head
            if tag in PIXEL_TAGS:
                return found, head
            if tag == _ITEM_END or tag == 0:  # the end of an item, or zeros where data should be
                break
            inside = implicit or vr == b"UN"
            position = start + length if length != UNDEFINED else self.end(start, inside)
            if wanted is None or tag in wanted:
                found[tag] = Element(vr, self._value(tag, start, position), inside)
        return found, None

    def _plain(self, position: int, wanted: Collection[int] | None, found: dict[int, Element]) -> int:
        """Past the elements of 16-bit length in the chunk at hand: most of a header, in less time."""
        chunk, read_head = self._chunk, self._head
        offset, size = position - self._at, len(self._chunk)
        while 0 <= offset <= size - 8:
            group, element, vr, length = read_head(chunk, offset)
            after = offset + 8 + length
            if vr not in _SHORT or after > size:
                break
            tag = group << 16 | element
            if wanted is None or tag in wanted:
                found[tag] = Element(vr, chunk[offset + 8 : after], False)
            offset = after
            self._steps += 1
        return self._at + offset

    def end(self, position: int, implicit: bool, in_sequence: bool = True) -> int:
        """Where a sequence (or item) of undefined length ends whose content begins at `position`."""
        around = [(in_sequence, implicit)]  # what is open here: a sequence or an item, and its encoding
        while around:
            in_sequence, implicit = around[-1]
            head = self.head(position, implicit or in_sequence)
            if head is None:
                raise self._bad(0, "the end of the file", "the end of a sequence", "the file is incomplete")
            tag, vr, position, length = head
            if tag in (_ITEM_END, _SEQUENCE_END):
                around.pop()
            elif length != UNDEFINED:
                position += length
            elif len(around) >= _DEEPEST:
                allowed = f"{_DEEPEST} levels"
                raise self._bad(tag, "more levels of sequences", allowed, "nested too deeply to be read")
            else:
                around.append((not in_sequence, implicit or vr == b"UN"))
        return position

    def _value(self, tag: int, start: int, end: int) -> bytes:
        if start >= self._at and end <= self._at + len(self._chunk):
            return self._chunk[start - self._at : end - self._at]
        if end > self._size:
            found, left = f"a length of {end - start} bytes", max(0, self._size - start)
            raise self._bad(
                tag, found, f"the {left} bytes that are left", "the file ends inside this element"
            )
        self._stream.seek(start)
        return self._stream.read(end - start)

    def _bad(self, tag: int, found: str, allowed: str, message: str) -> DicomError:
        name = f"({tag >> 16:04x},{tag & 0xFFFF:04x})" if tag else ""
        return DicomError(Problem(self._file, name, found, allowed, message))


def items_of(element: Element, big_endian: bool, file: str) -> list[dict[int, Element]]:
    """The elements of each item of a sequence. Raises `DicomError` where they cannot be told apart."""
    value = element.value
    outer = Walker(io.BytesIO(value), len(value), True, big_endian, file)
    items: list[dict[int, Element]] = []
    position = 0
    while (head := outer.head(position, True)) is not None and head[0] == _ITEM:
        _, _, start, length = head
        end = start + length
        if length == UNDEFINED:
            end = outer.end(start, element.implicit, in_sequence=False)
        content = value[start:end]
        inner = Walker(io.BytesIO(content), len(content), element.implicit, big_endian, file)
        items.append(inner.elements(0, None)[0])
        position = end
    return items
