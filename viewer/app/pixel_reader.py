"""One image or frame: from where it lies to codes or RGB.

Native pixels are read here, compressed ones are decoded by the pool. Knows no stack and no order.
"""

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from viewer.app.decode_pool import DecodeError, DecodePool
from viewer.app.sources import Sources
from viewer.core.dicom.codestream import Codestream, inspect
from viewer.core.dicom.fragments import Fragment, frame_fragments, read_fragments
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.part10 import read_part10
from viewer.core.dicom.pixel_module import frame_bytes
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.syntax import Syntax, syntax_of
from viewer.core.dicom.text import clean
from viewer.core.dicom.values import Values
from viewer.core.pixels.colour import apply_palette, luminance, to_eight_bits, unpack_422, ybr_full_to_rgb
from viewer.core.pixels.overlay import Bitmap, bitmap, draw_overlay
from viewer.core.pixels.samples import codes_in_place

_REMEMBERED = 8


class PixelReader:
    """Reads pixels of instances; may be used by several threads; close `sources` and `pool` yourself."""

    def __init__(self, sources: Sources, pool: DecodePool) -> None:
        self._sources = sources
        self._pool = pool
        self._lock = threading.Lock()
        self._tables: OrderedDict[Location, tuple[tuple[Fragment, ...], ...]] = OrderedDict()
        self._inflated: tuple[Location, bytes] | None = None

    def read(self, instance: Instance, codes: NDArray[np.uint16], rgb: NDArray[np.uint8] | None) -> None:
        """Fill `codes` (rows, columns) and, of a colour image, `rgb` (rows, columns, 3).

        Raises `DicomError`; the arrays are then all 0.
        """
        try:
            if instance.broken is not None:
                raise DicomError(instance.broken)
            if rgb is not None:
                rgb[:] = self._colour(instance)
                codes[:] = luminance(rgb)
            else:
                self._grey(instance, codes)
        except DicomError:
            codes[:] = 0
            if rgb is not None:
                rgb[:] = 0
            raise

    def overlays(self, instance: Instance) -> tuple[Bitmap, ...]:
        """What the overlays of an image draw on it, where they draw anything. Raises `DicomError`."""
        if not instance.overlays:
            return ()
        words = self._words(instance) if any(o.bit >= 0 for o in instance.overlays) else None
        tags = frozenset(overlay.tag for overlay in instance.overlays)
        with self._sources.open(instance.location) as (stream, size):
            part = read_part10(stream, size, str(instance.location), tags)
        values = Values(part.elements, str(instance.location), part.big_endian)
        shape = instance.rows, instance.columns
        drawn = (
            bitmap(overlay.group, words >> overlay.bit & 1)
            if words is not None and overlay.bit >= 0
            else draw_overlay(overlay, values.little_endian_words(overlay.tag), instance.frame, *shape)
            for overlay in instance.overlays
        )
        return tuple(one for one in drawn if one is not None)

    def _words(self, instance: Instance) -> NDArray[np.uint16]:
        """(rows, columns) words as they stand, with the bits beside the pixel; 0 where those were lost."""
        words = np.zeros((instance.rows, instance.columns), np.uint16)
        syntax = syntax_of(instance.transfer_syntax_uid)
        if syntax.codec:
            self._decoded(instance, syntax, words)
        else:
            self._native(instance, syntax, words)
        return words

    def _grey(self, instance: Instance, codes: NDArray[np.uint16]) -> None:
        syntax = syntax_of(instance.transfer_syntax_uid)
        if syntax.codec:
            width, shift = self._decoded(instance, syntax, codes)
        else:
            self._native(instance, syntax, codes)
            width, shift = instance.bits_stored, instance.high_bit + 1 - instance.bits_stored
        codes_in_place(codes, width, shift, instance.signed)

    def _native(self, instance: Instance, syntax: Syntax, codes: NDArray[np.uint16]) -> None:
        """Raw 16-bit samples of a native frame, straight into `codes` where they are laid out so."""
        if instance.bits_allocated == 8:
            codes[:] = self._bytes(instance).reshape(codes.shape)
            return
        with self._stream(instance) as (stream, size):
            _read_into(instance, stream, size, codes.data.cast("B"), instance.frame * codes.nbytes)
        if syntax.big_endian:
            codes.byteswap(inplace=True)

    def _bytes(self, instance: Instance) -> NDArray[np.uint8]:
        """The bytes of one native frame."""
        length = _length(instance)
        start = instance.frame * length
        before = start % 2 if instance.swapped else 0
        after = (start + length) % 2 if instance.swapped else 0
        raw = np.empty(before + length + after, np.uint8)
        with self._stream(instance) as (stream, size):
            _read_into(instance, stream, size, raw.data, start - before)
        if instance.swapped:
            raw.view(np.uint16).byteswap(inplace=True)
        return raw[before : before + length]

    def _decoded(self, instance: Instance, syntax: Syntax, codes: NDArray[np.uint16]) -> tuple[int, int]:
        """Raw samples of a compressed frame into `codes`; width and shift of the pixel in them."""
        data = self._compressed(instance)
        said = _checked(instance, syntax, data)
        samples = self._samples(instance, syntax, data, codes.shape, codes)
        if samples is not codes:
            codes[:] = samples
        if said is None or any(overlay.bit >= 0 for overlay in instance.overlays):
            return instance.bits_stored, instance.high_bit + 1 - instance.bits_stored
        return said.precision, 0

    def _colour(self, instance: Instance) -> NDArray[np.uint8]:
        """(rows, columns, 3) RGB."""
        syntax = syntax_of(instance.transfer_syntax_uid)
        shape = (instance.rows, instance.columns)
        if instance.palette is not None:
            stored = np.empty(shape, np.uint16)
            self._grey(instance, stored)
            return apply_palette(stored ^ np.uint16(0x8000 if instance.signed else 0), instance.palette)
        if not syntax.codec:
            return _native_colour(instance, self._bytes(instance), syntax)
        data = self._compressed(instance)
        said = _checked(instance, syntax, data)
        samples = self._samples(instance, syntax, data, (*shape, 3))
        rgb = to_eight_bits(samples, said.precision if said is not None else instance.bits_stored)
        is_rgb = instance.photometric in ("RGB", "YBR_ICT", "YBR_RCT")
        if said is not None and said.rgb is not None:
            is_rgb = said.rgb
        return rgb if is_rgb else ybr_full_to_rgb(rgb)

    def _samples(
        self,
        instance: Instance,
        syntax: Syntax,
        data: bytes,
        shape: tuple[int, ...],
        into: NDArray[np.uint16] | None = None,
    ) -> NDArray[Any]:
        """The decoded samples of a frame: `into`, or a new array where they are bytes or it is not given."""

        def target(itemsize: int) -> NDArray[Any]:
            return into if into is not None and itemsize == 2 else np.empty(shape, f"u{itemsize}")

        try:
            return self._pool.decode(syntax.codec, data, shape, instance.bits_allocated // 8, target)
        except DecodeError as error:
            found = f"a frame in {syntax.name} that does not decode ({clean(str(error))})"
            raise _lost(instance, found, "a whole frame") from error

    def _compressed(self, instance: Instance) -> bytes:
        """The bytes of one compressed frame."""
        with self._stream(instance) as (stream, size):
            with self._lock:
                table = self._tables.get(instance.location)
            if table is None:
                name = str(instance.location)
                table = frame_fragments(stream, instance.pixel_offset, size, instance.frames, name)
                if instance.frames > 1:
                    with self._lock:
                        self._tables[instance.location] = table
                        while len(self._tables) > _REMEMBERED:
                            self._tables.popitem(last=False)
            return read_fragments(stream, table[instance.frame])

    @contextmanager
    def _stream(self, instance: Instance) -> Iterator[tuple[BinaryIO, int]]:
        """The stream in which the pixel offset of the instance counts, and its size."""
        location = instance.location
        with self._sources.open(location) as (stream, size):
            if not syntax_of(instance.transfer_syntax_uid).deflated:
                yield stream, size
                return
            with self._lock:
                known = self._inflated
            if known is None or known[0] != location:
                part = read_part10(stream, size, str(location), (0x00280010,))
                part.stream.seek(0)
                known = (location, part.stream.read())
                with self._lock:
                    self._inflated = known
        yield io.BytesIO(known[1]), len(known[1])


def _length(instance: Instance) -> int:
    i = instance
    return frame_bytes(i.rows, i.columns, i.samples, i.bits_allocated, i.photometric)


def _read_into(instance: Instance, stream: BinaryIO, size: int, into: memoryview, start: int) -> None:
    """Bytes of native pixels from `start` on, after a look whether the file is still the one scanned."""
    start += instance.pixel_offset
    stream.seek(max(0, instance.pixel_offset - 12))
    head = stream.read(12)
    if not any(mark in (head[:4], head[4:8]) for mark in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10")):
        raise _lost(instance, "other bytes than when it was scanned", "Pixel Data at its place")
    if start + len(into) > size:
        raise _lost(instance, f"{size} bytes", f"{start + len(into)} bytes")
    stream.seek(start)
    position = 0
    while position < len(into):
        count = cast("io.BufferedReader", stream).readinto(into[position:])
        if not count:
            raise _lost(instance, f"{position} bytes", f"{len(into)} bytes")
        position += count


def _native_colour(instance: Instance, raw: NDArray[np.uint8], syntax: Syntax) -> NDArray[np.uint8]:
    rows, columns = instance.rows, instance.columns
    if instance.photometric == "YBR_FULL_422":
        return ybr_full_to_rgb(unpack_422(raw, rows, columns))
    samples: NDArray[Any] = raw
    if instance.bits_allocated == 16:
        samples = raw.view(">u2" if syntax.big_endian else "<u2")
    if instance.planar == 1:
        samples = samples.reshape(3, rows, columns).transpose(1, 2, 0)
    rgb = to_eight_bits(samples.reshape(rows, columns, 3), instance.bits_stored)
    return ybr_full_to_rgb(rgb) if instance.photometric.startswith("YBR") else rgb


def _checked(instance: Instance, syntax: Syntax, data: bytes) -> Codestream | None:
    """What the frame says of itself, once it agrees with the header; None for RLE, which says nothing."""
    if syntax.codec == "rle":
        segments = int.from_bytes(data[:4], "little")
        wanted = instance.samples * instance.bits_allocated // 8
        if segments != wanted:
            raise _lost(instance, f"an RLE frame of {segments} segments", str(wanted))
        return None
    said = inspect(data, syntax.codec)
    if said is None:
        raise _lost(instance, f"no header of {syntax.name}", "a compressed frame")
    if (said.rows, said.columns, said.components) != (instance.rows, instance.columns, instance.samples):
        found = f"a compressed frame of {said.rows} x {said.columns} x {said.components}"
        raise _lost(instance, found, f"{instance.rows} x {instance.columns} x {instance.samples}")
    if not 1 <= said.precision <= instance.bits_allocated:
        raise _lost(instance, f"samples of {said.precision} bits", f"1..{instance.bits_allocated}")
    return said


def _lost(instance: Instance, found: str, allowed: str) -> DicomError:
    message = "this image cannot be shown"
    if instance.frames > 1:
        message = f"frame {instance.frame + 1} cannot be shown"
    return DicomError(Problem(str(instance.location), "(7fe0,0010)", found, allowed, message))
