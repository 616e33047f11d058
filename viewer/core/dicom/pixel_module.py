"""The Image Pixel module (PS3.3 C.7.6.3): whether the pixels can be shown right and are all there."""

from dataclasses import dataclass, replace
from typing import NamedTuple, NoReturn

from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.syntax import Syntax
from viewer.core.dicom.values import Values

_SAMPLES = {
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    "RGB": 3,
    "YBR_FULL": 3,
    "YBR_FULL_422": 3,
    "YBR_ICT": 3,
    "YBR_RCT": 3,
}
_MOST_PIXELS = 1 << 29
"""In one frame: 23170 x 23170. Larger ones are refused before anything is allocated."""

_MOST_FRAMES = 1 << 16


@dataclass(frozen=True, slots=True)
class PixelModule:
    """How the pixels are laid out; fields as in `Instance`."""

    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    planar: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    broken: Problem | None = None


class Pixels(NamedTuple):
    """The pixel element: its tag (0 = none), its length (-1 = encapsulated), and the bytes that are there."""

    syntax: Syntax
    tag: int
    length: int
    there: int


def read_pixel_module(values: Values, pixels: Pixels) -> PixelModule:
    """The module, checked. Raises `DicomError` where it is incomplete or contradicts itself."""
    if pixels.syntax.codec in ("unknown", "video"):
        allowed = "a transfer syntax for still images"
        _refuse(
            values, 0x00020010, f"{pixels.syntax.uid} ({pixels.syntax.name})", allowed, "it cannot be decoded"
        )
    rows, columns = _size(values)
    photometric, samples = _colour_model(values)
    allocated, stored, high = _bits(values)
    frames = _frames(values)
    if pixels.tag != 0x7FE00010:
        found = "floating-point pixels" if pixels.tag else ""
        _refuse(values, pixels.tag or 0x7FE00010, found, "integer Pixel Data", "there is no picture to show")
    planar = values.short(0x00280006) or 0
    signed = _signed(values)
    module = PixelModule(rows, columns, frames, samples, photometric, planar, allocated, stored, high, signed)
    return replace(module, broken=_incomplete(values, pixels, module))


def frame_bytes(rows: int, columns: int, samples: int, bits_allocated: int, photometric: str) -> int:
    """Bytes of one native frame (PS3.5 8.1; halved chroma of YBR_FULL_422: PS3.3 C.7.6.3.1.2)."""
    size = rows * columns * samples * bits_allocated // 8
    return size * 2 // 3 if photometric == "YBR_FULL_422" else size


def _size(values: Values) -> tuple[int, int]:
    rows, columns = _dimension(values, 0x00280010, "rows"), _dimension(values, 0x00280011, "columns")
    if rows * columns > _MOST_PIXELS:
        allowed = f"at most {_MOST_PIXELS} pixels"
        _refuse(values, 0x00280010, f"{rows} x {columns}", allowed, "too large to be an image")
    return rows, columns


def _dimension(values: Values, tag: int, name: str) -> int:
    size = values.short(tag)
    if not size:
        found = "0" if size == 0 else values.raw(tag).hex(" ")
        _refuse(values, tag, found, "1..65535", f"the number of {name} is unknown")
    return size


def _colour_model(values: Values) -> tuple[str, int]:
    photometric = values.code(0x00280004)
    wanted = _SAMPLES.get(photometric)
    if wanted is None:
        _refuse(values, 0x00280004, photometric, ", ".join(_SAMPLES), "the meaning of the pixels is unknown")
    samples = values.short(0x00280002)
    contradicts = {"MONOCHROME1": "IDENTITY", "MONOCHROME2": "INVERSE"}.get(photometric)
    if contradicts and values.code(0x20500020) == contradicts:
        message = "which end is white is told in two ways; it is shown as Photometric Interpretation says"
        values.note(0x20500020, contradicts, f"what goes with {photometric}", message)
    if samples is None and wanted == 1:
        values.note(0x00280002, "", "1", "one sample per pixel is assumed")
    elif samples != wanted:
        allowed = f"{wanted} for {photometric}"
        _refuse(
            values, 0x00280002, str(samples or ""), allowed, "samples and colour model contradict each other"
        )
    return photometric, wanted


def _bits(values: Values) -> tuple[int, int, int]:
    allocated, stored, high = (values.short(tag) for tag in (0x00280100, 0x00280101, 0x00280102))
    if allocated not in (8, 16):
        found = "" if allocated is None else str(allocated)
        _refuse(values, 0x00280100, found, "8 or 16", "pixels of this width cannot be shown")
    if stored is None or not 1 <= stored <= allocated:
        found = "" if stored is None else str(stored)
        _refuse(values, 0x00280101, found, f"1..{allocated}", "it is not known which bits hold the pixel")
    high = stored - 1 if high is None else high
    if not stored - 1 <= high < allocated:
        _refuse(values, 0x00280102, str(high), str(stored - 1), "it is not known which bits hold the pixel")
    if high != stored - 1:
        values.note(0x00280102, str(high), str(stored - 1), "the pixel is read from the upper bits")
    return allocated, stored, high


def _signed(values: Values) -> bool:
    representation = values.short(0x00280103)
    if representation is None:
        values.note(0x00280103, "", "0 or 1", "stored values are read as unsigned")
    elif representation > 1:
        _refuse(values, 0x00280103, str(representation), "0 or 1", "the sign of the pixels is unknown")
    return representation == 1


def _frames(values: Values) -> int:
    if 0x00280008 not in values.elements:
        return 1
    text = values.ascii(0x00280008)
    if text in ("", "0"):
        values.note(0x00280008, text, "1 or more", "one frame is assumed")
        return 1
    frames = values.integer(0x00280008)
    if frames is None or frames < 1 or not text.lstrip("+").isdigit():
        _refuse(values, 0x00280008, text, "1 or more", "the number of frames is unknown")
    if frames > _MOST_FRAMES:
        _refuse(values, 0x00280008, text, f"at most {_MOST_FRAMES}", "too many frames to be images")
    return frames


def _incomplete(values: Values, pixels: Pixels, module: PixelModule) -> Problem | None:
    """Why the pixels are not (all) there, if so; notes what stands behind the last one."""
    if pixels.syntax.codec:
        if pixels.length >= 0:
            found = f"native pixels under {pixels.syntax.name}"
            return values.problem(0x7FE00010, found, "compressed frames", "the pixels cannot be decoded")
        return None
    if pixels.length < 0:
        found = f"compressed frames under {pixels.syntax.name}"
        return values.problem(0x7FE00010, found, "native pixels", "the pixels cannot be read")
    one = frame_bytes(module.rows, module.columns, module.samples, module.bits_allocated, module.photometric)
    needed, there = one * module.frames, min(pixels.length, pixels.there)
    if there >= needed:
        if there > needed + needed % 2:
            values.note(
                0x7FE00010, f"{there} bytes", f"{needed} bytes", "what follows the pixels is left out"
            )
        return None
    if module.frames > 1 and there < one * (module.frames - 1):
        allowed = f"what {there} bytes of Pixel Data can hold"
        _refuse(values, 0x00280008, str(module.frames), allowed, "the file is incomplete")
    message = "the file is incomplete, so its picture is not shown"
    return values.problem(0x7FE00010, f"{there} bytes", f"{needed} bytes", message)


def _refuse(values: Values, tag: int, found: str, allowed: str, message: str) -> NoReturn:
    raise DicomError(values.problem(tag, found, allowed, message))
