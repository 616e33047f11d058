"""Segmented palettes (PS3.3 C.7.9.2): expansion, bounded in steps and size."""

import struct

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


def expand_segments(data: bytes, count: int) -> bytes | None:
    """The `count` 16-bit entries (little endian) that segments of 16-bit words stand for.

    None where they give fewer, or an indirect segment points at itself or another indirect one.
    """
    words = struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2])
    out: list[int] = []
    position = 0
    while position < len(words) and len(out) < count:
        step = (
            _indirect(words, position, out) if words[position] == _INDIRECT else _direct(words, position, out)
        )
        if step == 0:
            return None
        position += step
    return struct.pack(f"<{count}H", *out[:count]) if len(out) >= count else None


def _direct(words: tuple[int, ...], at: int, out: list[int]) -> int:
    """Append one discrete or linear segment; its length in words, 0 where it is damaged."""
    if at + 2 > len(words):
        return 0
    code, length = words[at], words[at + 1]
    if code == _DISCRETE and at + 2 + length <= len(words):
        out.extend(words[at + 2 : at + 2 + length])
        return 2 + length
    if code == _LINEAR and at + 3 <= len(words) and out:
        start, end = out[-1], words[at + 2]
        out.extend(round(start + (end - start) * k / length) for k in range(1, length + 1))
        return 3
    return 0


def _indirect(words: tuple[int, ...], at: int, out: list[int]) -> int:
    """Append the segments that an indirect segment names; its length in words, 0 where it is damaged."""
    if at + 4 > len(words):
        return 0
    segments, offset = words[at + 1], (words[at + 2] | words[at + 3] << 16) // 2
    for _ in range(segments):
        if offset >= len(words) or words[offset] == _INDIRECT:
            return 0
        step = _direct(words, offset, out)
        if step == 0:
            return 0
        offset += step
    return 4
