"""Overlay planes as values and bits: what graphics an image brings, cut to one of its frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Overlay:
    """One plane of graphics over an image; its bits are read with the pixels.

    group          0x6000, 0x6002, ... 0x601E
    rows, columns  of the plane
    top, left      row and column of the image (from 0) on which its first bit lies; may be negative
    first, frames  the frame of the image (from 0) that its first frame is for, and how many it has
    bit            its bit in the words of Pixel Data (retired); -1 where it has Overlay Data of its own
    """

    group: int
    rows: int
    columns: int
    top: int = 0
    left: int = 0
    first: int = 0
    frames: int = 1
    bit: int = -1

    @property
    def tag(self) -> int:
        """Of its Overlay Data (60xx,3000)."""
        return self.group << 16 | 0x3000


@dataclass(frozen=True, slots=True)
class Bitmap:
    """What one overlay draws on one frame: `bits`, packed row by row, over the whole frame."""

    group: int
    rows: int
    columns: int
    bits: bytes

    def mask(self) -> NDArray[np.bool_]:
        """(rows, columns) True where it draws."""
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.rows * self.columns)
        return flat.view(np.bool_).reshape(self.rows, self.columns)

    def mask_of(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """The same, cut or filled up to another (rows, columns)."""
        out = np.zeros(shape, np.bool_)
        part = self.mask()[: shape[0], : shape[1]]
        out[: part.shape[0], : part.shape[1]] = part
        return out


def draw_overlay(overlay: Overlay, data: bytes, frame: int, rows: int, columns: int) -> Bitmap | None:
    """What an overlay draws on one frame of (rows, columns), cut to it; None where that is nothing.

    data  its Overlay Data in little-endian words, at least as long as `read_overlays` asks for
    """
    own = frame - overlay.first if overlay.frames > 1 else 0
    if not 0 <= own < overlay.frames:
        return None
    top, bottom = max(0, overlay.top), min(rows, overlay.top + overlay.rows)
    left, right = max(0, overlay.left), min(columns, overlay.left + overlay.columns)
    if top >= bottom or left >= right:
        return None
    size = overlay.rows * overlay.columns
    start = own * size
    packed = np.frombuffer(data, np.uint8)[start // 8 : (start + size + 7) // 8]
    plane = np.unpackbits(packed, bitorder="little")[start % 8 : start % 8 + size]
    plane = plane.reshape(overlay.rows, overlay.columns)
    out = np.zeros((rows, columns), np.uint8)
    out[top:bottom, left:right] = plane[
        top - overlay.top : bottom - overlay.top, left - overlay.left : right - overlay.left
    ]
    return bitmap(overlay.group, out)


def bitmap(group: int, mask: NDArray[Any]) -> Bitmap | None:
    """A (rows, columns) mask as a bitmap; None where nothing is drawn."""
    rows, columns = mask.shape
    return Bitmap(group, rows, columns, np.packbits(mask).tobytes()) if mask.any() else None
