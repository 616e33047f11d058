"""Rescale, windows, look-up tables, padding and palette of an image (PS3.3 C.11.1, C.11.2, C.7.5, C.7.9)."""

import math
import struct
from dataclasses import dataclass

from viewer.core.dicom.values import Values
from viewer.core.pixels.grey import Lut, VoiFunction, Window
from viewer.core.pixels.palette import expand_segments

_LARGEST = 1e9
"""No image has modality values or windows beyond this; larger ones are typing errors or attacks."""


@dataclass(frozen=True, slots=True)
class Rescale:
    """The modality transform; fields as in `Instance`."""

    slope: float = 1.0
    intercept: float = 0.0
    rescaled: bool = False
    units: str = ""
    lut: Lut | None = None


def read_rescale(values: Values, modality: str, image_type: tuple[str, ...], signed: bool) -> Rescale:
    """Rescale Slope and Intercept or the Modality LUT; notes a CT without."""
    if values.has(0x00283000):
        item = values.item(0x00283000)
        lut = read_lut(item, signed, values, 0x00283000, "no modality values are claimed")
        return Rescale(rescaled=lut is not None, units=item.code(0x00283004) if lut else "", lut=lut)
    ct = modality == "CT"
    slope, intercept = values.number(0x00281053), values.number(0x00281052)
    if not values.has(0x00281053) and not values.has(0x00281052):
        if ct:
            values.note(0x00281053, "", "a number", "this CT has no Hounsfield units: no HU is claimed")
        return Rescale()
    if slope is None or intercept is None or slope == 0 or max(abs(slope), abs(intercept)) > _LARGEST:
        tag = 0x00281052 if intercept is None or abs(intercept) > _LARGEST else 0x00281053
        values.note(tag, values.ascii(tag), "a number other than 0", "no modality values or HU are claimed")
        return Rescale()
    units = values.code(0x00281054)
    if ct and units in ("", "US", "HU"):
        units = "" if "LOCALIZER" in image_type else "HU"
    return Rescale(slope, intercept, True, units)


def read_windows(values: Values) -> tuple[Window, ...]:
    """The windows that can be used, in order; notes those that cannot."""
    if not values.has(0x00281050) and not values.has(0x00281051):
        return ()
    centres, widths = values.numbers(0x00281050), values.numbers(0x00281051)
    names = tuple(part.strip() for part in values.text(0x00281055).split("\\"))
    function = values.code(0x00281056) or VoiFunction.LINEAR
    if function not in tuple(VoiFunction):
        values.note(0x00281056, function, ", ".join(VoiFunction), "the window is applied as LINEAR")
        function = VoiFunction.LINEAR
    if len(centres) != len(widths):
        found = f"{len(centres)} centres, {len(widths)} widths"
        values.note(0x00281051, found, "as many of each", "only complete pairs are used")
    least = 1.0 if function == VoiFunction.LINEAR else 1e-12
    windows = []
    for k, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if abs(centre) <= _LARGEST and least <= width <= _LARGEST:
            windows.append(Window(centre, width, names[k] if k < len(names) else "", str(function)))
        else:
            found = f"{centre:g} / {width:g}"
            values.note(0x00281051, found, f"a width of at least {least:g}", "this window is not used")
    return tuple(windows)


def read_voi_luts(values: Values, signed: bool) -> tuple[Lut, ...]:
    """The VOI LUTs that can be used, in order; notes those that cannot."""
    luts = (
        read_lut(item, signed, values, 0x00283010, "this VOI LUT is not used")
        for item in values.items(0x00283010)
    )
    return tuple(lut for lut in luts if lut is not None)


def read_lut(item: Values, signed: bool, values: Values, tag: int, consequence: str) -> Lut | None:
    """One item of a Modality or VOI LUT Sequence, or None (then noted against `tag` of `values`)."""
    descriptor = item.shorts(0x00283002)
    data = item.little_endian_words(0x00283006)
    if len(descriptor) != 3:
        values.note(tag, f"{len(descriptor)} values in its LUT Descriptor", "3", consequence)
        return None
    count, first, bits = descriptor[0] or 65536, descriptor[1], descriptor[2]
    if not 8 <= bits <= 16:
        values.note(tag, f"entries of {bits} bits", "8..16", consequence)
        return None
    entries = _words(data, count, bits)
    if entries is None:
        values.note(tag, f"{len(data)} bytes", f"{count} entries", consequence)
        return None
    highest = max(struct.unpack(f"<{count}H", entries))
    if highest >= 1 << bits:
        message = "white is taken to be where the entries end"
        values.note(tag, f"entries up to {highest}", f"{bits} bits, as its LUT Descriptor says", message)
        bits = highest.bit_length()
    if first >= 0x8000 and (signed or item.vr(0x00283002) == "SS"):
        first -= 0x10000
    return Lut(first, entries, bits, item.text(0x00283003))


def read_padding(values: Values, signed: bool) -> tuple[int, int] | None:
    """(lowest, highest) stored value that is no data, read by the sign of the pixels whatever its VR says."""
    value = values.shorts(0x00280120, signed)
    if len(value) != 1:
        return None
    limit = values.shorts(0x00280121, signed)
    ends = (value[0], limit[0] if len(limit) == 1 else value[0])
    return (min(ends), max(ends))


def read_palette(values: Values) -> tuple[Lut, Lut, Lut] | None:
    """The three palettes of PALETTE COLOR; None (and a note) where one is missing or damaged."""
    red, green, blue = (_colour(values, k) for k in range(3))
    return (red, green, blue) if red and green and blue else None


def _colour(values: Values, k: int) -> Lut | None:
    descriptor = values.shorts(0x00281101 + k)
    if len(descriptor) != 3 or descriptor[2] not in (8, 16):
        values.note(
            0x00281101 + k, f"{descriptor}", "entries, first, 8 or 16 bits", "the colours are unknown"
        )
        return None
    count, first, bits = descriptor[0] or 65536, descriptor[1], descriptor[2]
    data = values.little_endian_words(0x00281201 + k)
    if not data and values.has(0x00281221 + k):
        data = expand_segments(values.little_endian_words(0x00281221 + k), count) or b""
        bits = 16
    entries = _words(data, count, bits)
    if entries is None:
        values.note(0x00281201 + k, f"{len(data)} bytes", f"{count} entries", "the colours are unknown")
        return None
    return Lut(first, entries, bits)


def _words(data: bytes, count: int, bits: int) -> bytes | None:
    """`count` entries as little-endian uint16; 8-bit entries may be packed two in a word."""
    if len(data) >= 2 * count:
        return data[: 2 * count]
    if bits == 8 and len(data) >= count:
        return bytes(byte for entry in data[:count] for byte in (entry, 0))
    return None


def finite(number: float | None, low: float, high: float) -> float | None:
    """`number` where it lies in the range, else None."""
    return number if number is not None and math.isfinite(number) and low <= number <= high else None
