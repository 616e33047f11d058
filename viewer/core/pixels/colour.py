"""Colour images: YBR and palettes to RGB, and the luminance that stands in for them in grey."""

import numpy as np
from numpy.typing import NDArray

from viewer.core.pixels.grey import Lut

RGB8 = NDArray[np.uint8]
"""(rows, columns, 3)."""


def ybr_full_to_rgb(ybr: RGB8) -> RGB8:
    """YBR_FULL to RGB: the inverse of PS3.3 C.7.6.3.1.2 (ITU-R BT.601, full range), rounded."""
    y, b, r = (ybr[..., k].astype(np.float32) for k in range(3))
    b -= 128
    r -= 128
    out = np.stack((y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b), axis=-1)
    rgb: RGB8 = np.clip(np.rint(out), 0, 255).astype(np.uint8)
    return rgb


def unpack_422(data: NDArray[np.uint8], rows: int, columns: int) -> RGB8:
    """Native YBR_FULL_422 (Y Y B R for each pair of pixels) to one YBR triple a pixel."""
    pairs = data[: rows * columns * 2].reshape(rows, columns // 2, 4)
    out = np.empty((rows, columns // 2, 2, 3), np.uint8)
    out[..., 0] = pairs[..., :2]
    out[..., 1] = pairs[..., 2:3]
    out[..., 2] = pairs[..., 3:4]
    ybr: RGB8 = out.reshape(rows, columns, 3)
    return ybr


def to_eight_bits(samples: NDArray[np.unsignedinteger], bits: int) -> NDArray[np.uint8]:
    """Colour samples of `bits` bits, scaled to 0..255."""
    if samples.dtype == np.uint8 and bits == 8:
        return samples.view(np.uint8)
    scaled = np.minimum(samples, 2**bits - 1).astype(np.float32) * (255 / (2**bits - 1))
    out: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return out


def apply_palette(stored: NDArray[np.uint16], palette: tuple[Lut, Lut, Lut]) -> RGB8:
    """PALETTE COLOR to RGB (PS3.3 C.7.9); values outside the palette take its first or last colour."""
    entries = [np.frombuffer(lut.entries, "<u2") for lut in palette]
    # 16-bit palettes are met whose entries hold 8 bits only
    wide = all(lut.bits == 16 for lut in palette) and max(int(e.max()) for e in entries) > 255
    tables = [(e >> 8 if wide else e).astype(np.uint8) for e in entries]
    channels = [
        table[np.clip(stored.astype(np.int32) - lut.first, 0, len(table) - 1)]
        for table, lut in zip(tables, palette, strict=True)
    ]
    return np.stack(channels, axis=-1)


def luminance(rgb: RGB8) -> NDArray[np.uint16]:
    """(rows, columns) 0..255: the Y of PS3.3 C.7.6.3.1.2."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    grey: NDArray[np.uint16] = np.rint(rgb.astype(np.float32) @ weights).astype(np.uint16)
    return grey
