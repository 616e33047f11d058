"""The pixels of one picture, and the halved ones that a reduced picture is drawn from."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.ui.viewport import halves

Pixels = NDArray[Any]
"""uint16 (rows, columns): codes of the grey table; or uint8 (rows, columns, 3): colours as they are."""
Holes = NDArray[np.bool_]
Box = tuple[int, int, int, int]
"""left, top, right, bottom: columns [left, right), rows [top, bottom)."""

_WHITEST = 65535
"""The highest code."""
_SHORT = 16383
"""Four codes up to this and their rounding add up in 16 bits."""
_BOTH = 0x0101
"""Two values True, as one number."""

_STRIP = 128
"""Reduced rows that are made at a time."""
_LARGE = 1 << 20
"""Reduced pixels that two cores make at once."""

AIR_LEVEL = 3
"""The reduced level in which air is looked for."""
MOST_HALVES = 5
"""Reduced at most 2**5 times: a mammogram then has 128 x 160 pixels."""


def half(pixels: Pixels) -> Pixels:
    """The mean of each 2 x 2 block, rounded; an odd last row or column counts twice."""
    return _in_strips(_even(pixels), _half)


def half_without(pixels: Pixels, padding: tuple[int, int]) -> Pixels:
    """The same of codes, where those in `padding` (lowest, highest) are no data: the mean of the others.

    A block of padding alone stays padding. A mean with padding would be a grey that is nowhere in the image.
    """
    return _in_strips(_even(pixels), partial(_half_without, padding=padding))


def _in_strips(even: Pixels, reduce: Callable[[Pixels], Pixels]) -> Pixels:
    """Reduced strip by strip: what is made on the way stays in the cache of the processor."""
    out = np.empty((even.shape[0] // 2, even.shape[1] // 2, *even.shape[2:]), even.dtype)

    def fill(first: int, last: int) -> None:
        for top in range(first, last, _STRIP):
            bottom = min(top + _STRIP, last)
            out[top:bottom] = reduce(even[2 * top : 2 * bottom])

    middle = len(out) // 2
    if out.size < _LARGE:
        fill(0, len(out))
    else:
        halves.both(partial(fill, 0, middle), partial(fill, middle, len(out)))
    return out


def _half(even: Pixels) -> Pixels:
    short = (
        even.dtype == np.uint16 and even.max(initial=0) <= _SHORT
    )  # half the bytes, less than half the time
    rows = np.add(even[::2], even[1::2], dtype=np.uint16 if short else np.uint32)
    total = rows[:, ::2] + rows[:, 1::2]
    total += 2
    total >>= 2
    return total.astype(even.dtype, copy=False)


def _half_without(even: Pixels, padding: tuple[int, int]) -> Pixels:
    out, absent = _half(even), _within(even, padding)
    pairs = absent.view(np.uint16)  # two beside each other at once
    count = pairs[::2] + pairs[1::2]
    mixed = (count != 0) & (count != 2 * _BOTH)  # of padding alone the mean is padding
    if padding[0] > 0:  # else means of data are above it
        chance = _within(out, padding) & (count == 0)
        if chance.any():
            out[chance] = _beside(padding)
    rows, columns = np.nonzero(mixed)
    out[rows, columns] = _means(_blocks(even, rows, columns), padding)
    return out


def _means(blocks: NDArray[np.uint32], padding: tuple[int, int]) -> NDArray[np.uint32]:
    """(blocks, 4), each with some data, to the rounded mean of that."""
    data = ~_within(blocks, padding)
    counts = np.count_nonzero(data, axis=1).astype(np.uint32)
    means: NDArray[np.uint32] = (
        np.where(data, blocks, 0).sum(axis=1, dtype=np.uint32) + counts // 2
    ) // counts
    means[_within(means, padding)] = _beside(padding)
    return means


def _blocks(even: Pixels, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint32]:
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))
    return np.stack([even[2 * rows + r, 2 * columns + c] for r, c in corners], axis=1).astype(np.uint32)


def _within(codes: NDArray[Any], padding: tuple[int, int]) -> NDArray[np.bool_]:
    low, high = padding
    out: NDArray[np.bool_] = codes == low if low == high else (codes >= low) & (codes <= high)
    return out


def _beside(padding: tuple[int, int]) -> int:
    """The value nearest to padding: where a mean of data falls on padding by chance."""
    return padding[1] + 1 if padding[1] < _WHITEST else padding[0] - 1


def half_mask(holes: Holes) -> Holes:
    """True where any of a 2 x 2 block is."""
    pairs = np.ascontiguousarray(_even(holes)).view(np.uint16)
    out: Holes = (pairs[::2] | pairs[1::2]) != 0
    return out


def _even(pixels: Pixels) -> Pixels:
    odd = pixels.shape[0] % 2, pixels.shape[1] % 2
    if not any(odd):
        return pixels
    rest = [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, ((0, odd[0]), (0, odd[1]), *rest), mode="edge")


class Picture:
    """One slice or cut, and where there is nothing to show.

    holes  (rows, columns), True where the cut leaves the volume or meets a slice that is not there: drawn
           black, whatever the window or polarity. None = no holes
    air  where there is nothing but air, at `AIR_LEVEL`; None = not known. Where `dark` it is drawn black
    padding  (lowest, highest) code that is no data, and is not mixed with data; None = there is none
    """

    __slots__ = ("_dark", "_data", "_holes", "_lock", "_padding", "_pixels", "air", "dark", "shape")

    def __init__(
        self, pixels: Pixels, holes: Holes | None = None, padding: tuple[int, int] | None = None
    ) -> None:
        self._lock = threading.Lock()  # a picture that comes next is reduced beside the window
        self._padding = padding
        self.shape: tuple[int, int] = (pixels.shape[0], pixels.shape[1])
        self._pixels = [pixels]
        self._holes = [holes]
        self.air: Holes | None = None
        self.dark = False
        self._dark: dict[int, Holes] = {}
        self._data: Box | None = None

    def with_air(self, air: Holes, dark: bool) -> "Picture":
        """The same picture, whose pixels and reduced levels it shares, with its air known, or drawn black."""
        out = Picture(self._pixels[0], None, self._padding)
        out._lock, out._pixels, out._holes = self._lock, self._pixels, self._holes
        out.air, out.dark = air, dark
        return out

    @property
    def colour(self) -> bool:
        """True where the pixels are colours, which no grey table touches."""
        return self._pixels[0].ndim == 3

    def pixels(self, level: int = 0) -> Pixels:
        """The pixels, reduced 2**level times; made once."""
        with self._lock:
            while len(self._pixels) <= level:
                last = self._pixels[-1]
                small = half(last) if self._padding is None else half_without(last, self._padding)
                self._pixels.append(small)
        return self._pixels[level]

    def holes(self, level: int = 0) -> Holes | None:
        """The holes of that level: a reduced pixel is a hole where any of its pixels was."""
        with self._lock:
            while len(self._holes) <= level:
                last = self._holes[-1]
                self._holes.append(None if last is None else half_mask(last))
        holes = self._holes[level]
        if self.air is None or not self.dark:
            return holes
        if level not in self._dark:
            air = _at_level(self.air, level, self.pixels(level).shape[:2])
            self._dark[level] = air if holes is None else air | holes
        return self._dark[level]

    def _holes_in(self, level: int, box: Box) -> Holes | None:
        """The holes in a part of a level; of air just that part is enlarged."""
        left, top, right, bottom = box
        times = 2 ** max(0, AIR_LEVEL - level)
        if self.air is None or not self.dark or times == 1 or self._holes[0] is not None:
            holes = self.holes(level)
            return None if holes is None else holes[top:bottom, left:right]
        part = self.air[top // times : -(-bottom // times), left // times : -(-right // times)]
        large = part.repeat(times, axis=0).repeat(times, axis=1)
        row, column = top % times, left % times
        return large[row : row + bottom - top, column : column + right - left]

    def inked(self, table: NDArray[np.uint8]) -> Box:
        """The box of pixels outside of which all is black: padding, or air that is dark.

        The whole picture where that is not known for nothing: before it was reduced.
        """
        whole = 0, 0, self.shape[1], self.shape[0]
        low, high = self._padding or (0, -1)
        if (self._padding is None and not self.dark) or len(self._pixels) <= AIR_LEVEL:
            return whole
        if table[low : high + 1].any():
            return whole
        if self._data is None:
            self._data = self._box_of_data()
        return self._data

    def _box_of_data(self) -> Box:
        small = self._pixels[AIR_LEVEL]
        black = np.zeros(small.shape[:2], bool) if self._padding is None else _within(small, self._padding)
        if self.air is not None and self.dark:
            black = black | self.air
        times = 2**AIR_LEVEL
        rows, columns = (np.flatnonzero(~black.all(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return 0, 0, 0, 0
        right, bottom = (
            min(times * (columns[-1] + 1), self.shape[1]),
            min(times * (rows[-1] + 1), self.shape[0]),
        )
        return times * int(columns[0]), times * int(rows[0]), int(right), int(bottom)

    def reduce(self) -> None:
        """Make all reduced levels now; may run on any thread."""
        self.pixels(MOST_HALVES)
        self.holes(MOST_HALVES)

    def shown(self, table: NDArray[np.uint8], level: int, box: Box) -> NDArray[np.uint8]:
        """What is drawn of a part of a level, C-contiguous: grey (h, w), or colour (h, w, 3).

        Where the part reaches over an edge, the pixels of that edge are repeated.
        """
        whole = self.pixels(level)
        inside, beyond = _cropped(box, whole.shape[1], whole.shape[0])
        left, top, right, bottom = inside
        part = whole[top:bottom, left:right]
        out: NDArray[np.uint8] = part.copy() if self.colour else np.take(table, part)
        holes = self._holes_in(level, inside)
        if holes is not None:
            out[holes] = 0
        if not any(beyond):
            return out
        return _repeated(out, beyond)


def _repeated(pixels: NDArray[np.uint8], beyond: Box) -> NDArray[np.uint8]:
    """Pixels with those of each edge repeated; np.pad takes five times as long."""
    left, top, right, bottom = beyond
    rows, columns = pixels.shape[:2]
    out = np.empty((top + rows + bottom, left + columns + right, *pixels.shape[2:]), np.uint8)
    out[top : top + rows, left : left + columns] = pixels
    out[top : top + rows, :left] = pixels[:, :1]
    out[top : top + rows, left + columns :] = pixels[:, -1:]
    out[:top], out[top + rows :] = out[top], out[top + rows - 1]
    return out


def _cropped(box: Box, columns: int, rows: int) -> tuple[Box, Box]:
    """The part of a box that lies in the picture, and how far it reaches over each of the four edges."""
    left, top, right, bottom = box
    inside = max(0, left), max(0, top), min(columns, right), min(rows, bottom)
    return inside, (inside[0] - left, inside[1] - top, right - inside[2], bottom - inside[3])


def _at_level(air: Holes, level: int, shape: tuple[int, ...]) -> Holes:
    """Air at another level of that shape."""
    for _ in range(AIR_LEVEL, level):
        air = half_mask(air)
    times = 2 ** max(0, AIR_LEVEL - level)
    return air.repeat(times, axis=0).repeat(times, axis=1)[: shape[0], : shape[1]]


def level_for(scale: float) -> int:
    """The most reduced level that still has a pixel for each device pixel, so that none is skipped.

    scale  device pixels per image pixel
    """
    level = 0
    while level < MOST_HALVES and scale * 2 ** (level + 1) <= 1:
        level += 1
    return level
