"""What a compressed frame says about itself, read before any decoder sees it."""

import struct
from dataclasses import dataclass

_SOF = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7))
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))


@dataclass(frozen=True, slots=True)
class Codestream:
    """Size and samples of a frame.

    precision  bits of a sample
    signed     samples are two's complement (JPEG 2000 only; the others do not know)
    rgb        True: components are (or decode to) RGB; False: they are YCbCr; None: it does not say
    """

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    rgb: bool | None = None


def inspect(data: bytes, codec: str) -> Codestream | None:
    """The header of a frame in `codec` ("jpeg", "jpegls", "j2k"); None where none can be read."""
    try:
        return _j2k(data) if codec == "j2k" else _jpeg(data)
    except (struct.error, IndexError):
        return None


def _jpeg(data: bytes) -> Codestream | None:
    """JPEG (ITU-T T.81 B.2) and JPEG-LS (T.87 C): walk the markers up to the frame header."""
    if data[:2] != b"\xff\xd8":
        return None
    position, adobe, jfif = 2, -1, False
    while True:
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        position += 1 if marker == 0xFF else 2
        if marker == 0xFF or marker in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        body = data[position + 2 : position + length]
        if marker in _SOF:
            return _frame_header(body, adobe, jfif)
        if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
        jfif = jfif or (marker == 0xE0 and body.startswith(b"JFIF"))
        if length < 2 or marker in (0xD9, 0xDA):
            return None
        position += length


def _frame_header(body: bytes, adobe: int, jfif: bool) -> Codestream:
    precision, rows, columns, components = struct.unpack_from(">BHHB", body)
    names = bytes(body[6 + 3 * k] for k in range(components))
    rgb: bool | None = None
    if components == 3:
        if adobe >= 0:
            rgb = adobe == 0
        elif names.upper() == b"RGB":
            rgb = True
        elif jfif:
            rgb = False
    return Codestream(rows, columns, components, precision, False, rgb)


def _j2k(data: bytes) -> Codestream | None:
    """JPEG 2000 (ITU-T T.800 A.5): the SIZ marker, and the component transform of COD."""
    start = data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0:
        return None
    (length,) = struct.unpack_from(">H", data, start + 4)
    x1, y1, x0, y0 = struct.unpack_from(">4I", data, start + 8)
    (components,) = struct.unpack_from(">H", data, start + 40)
    depth = data[start + 42]
    rgb = None
    position = start + 4 + length
    while rgb is None and data[position] == 0xFF and data[position + 1] != 0x90:  # up to the first tile
        if data[position + 1] == 0x52 and components == 3 and data[position + 8]:
            rgb = True
        (length,) = struct.unpack_from(">H", data, position + 2)
        if length < 2:
            break
        position += 2 + length
    return Codestream(y1 - y0, x1 - x0, components, (depth & 0x7F) + 1, bool(depth & 0x80), rgb)
