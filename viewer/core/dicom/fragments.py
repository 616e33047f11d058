"""Where the compressed frames of an object lie (PS3.5 A.4). Reads item headers, decodes nothing."""

import struct
from itertools import pairwise
from typing import BinaryIO

from viewer.core.dicom.problem import DicomError, Problem

Fragment = tuple[int, int]
"""Offset in the stream and length."""

_ITEM, _END = 0xFFFEE000, 0xFFFEE0DD
_MOST_ITEMS = 1 << 18
_STARTS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0c")
"""How a JPEG, JPEG-LS, JPEG 2000 or (boxed) JP2 stream begins."""


def frame_fragments(
    stream: BinaryIO, offset: int, size: int, frames: int, file: str
) -> tuple[tuple[Fragment, ...], ...]:
    """The fragments of each frame. `offset`: the value of Pixel Data in `stream`, which is `size` bytes long.

    Raises `DicomError` where they cannot be told apart or do not lie in the stream.
    """
    items = _items(stream, offset, size, file)
    if not items or not items[1:]:
        raise _bad(file, "no compressed frames", f"{frames} frames", "there is no picture to show")
    table, fragments = items[0], items[1:]
    if frames == 1:
        return (tuple(fragments),)
    if table[1]:
        return _by_table(stream, table, fragments, frames, file)
    if len(fragments) == frames:
        return tuple((fragment,) for fragment in fragments)
    return _by_marker(stream, fragments, frames, file)


def read_fragments(stream: BinaryIO, fragments: tuple[Fragment, ...]) -> bytes:
    """The bytes of one frame."""
    parts = []
    for offset, length in fragments:
        stream.seek(offset)
        parts.append(stream.read(length))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _items(stream: BinaryIO, offset: int, size: int, file: str) -> list[Fragment]:
    """All items, the Basic Offset Table first. A missing end is forgiven, a cut item is not."""
    out: list[Fragment] = []
    while offset + 8 <= size:
        stream.seek(offset)
        group, element, length = struct.unpack("<HHI", stream.read(8))
        tag = group << 16 | element
        if tag == _END:
            break
        if tag != _ITEM:
            raise _bad(file, f"({group:04x},{element:04x})", "an item", "the compressed frames are damaged")
        if offset + 8 + length > size:
            message = "the file is incomplete, so its picture is not shown"
            raise _bad(file, f"{size - offset - 8} bytes of a fragment", f"{length} bytes", message)
        out.append((offset + 8, length))
        if len(out) > _MOST_ITEMS:
            raise _bad(file, f"over {_MOST_ITEMS} fragments", "fewer", "too many to be frames")
        offset += 8 + length
    return out


def _by_table(
    stream: BinaryIO, table: Fragment, fragments: list[Fragment], frames: int, file: str
) -> tuple[tuple[Fragment, ...], ...]:
    stream.seek(table[0])
    starts = struct.unpack(f"<{table[1] // 4}I", stream.read(table[1] // 4 * 4))
    first = fragments[0][0] - 8
    place = {offset - 8 - first: k for k, (offset, _) in enumerate(fragments)}
    if len(starts) != frames or any(start not in place for start in starts) or list(starts) != sorted(starts):
        found = f"a Basic Offset Table of {len(starts)} entries"
        raise _bad(file, found, f"the starts of {frames} frames", "the frames cannot be told apart")
    cuts = [place[start] for start in starts] + [len(fragments)]
    return tuple(tuple(fragments[a:b]) for a, b in pairwise(cuts))


def _by_marker(
    stream: BinaryIO, fragments: list[Fragment], frames: int, file: str
) -> tuple[tuple[Fragment, ...], ...]:
    """A frame begins where a fragment begins like a codestream."""
    out: list[list[Fragment]] = []
    for offset, length in fragments:
        stream.seek(offset)
        if not out or stream.read(min(length, 4)).startswith(_STARTS):
            out.append([])
        out[-1].append((offset, length))
    if len(out) != frames:
        found = f"{len(fragments)} fragments"
        raise _bad(file, found, f"{frames} frames", "the frames cannot be told apart")
    return tuple(tuple(frame) for frame in out)


def _bad(file: str, found: str, allowed: str, message: str) -> DicomError:
    return DicomError(Problem(file, "(7fe0,0010)", found, allowed, message))
