"""Test patterns for displays, drawn by the descriptions of AAPM On-line Report 03 (TG18), section 3.2.

P-values of 8 bits, one per device pixel: they go through the calibration of the monitor, and nothing else.
TG18-QC has all the elements of that report at sizes that follow the pattern's; their exact places are not
those of the files that AAPM hands out.
"""

import numpy as np
from numpy.typing import NDArray

Pattern = NDArray[np.uint8]

LUMINANCES = 18
"""TG18-LN has so many pictures: 0, 15, ... 255 in the middle."""
_LN_GROUND, _LN_SHARE = 153, 0.1
"""What surrounds the field, 20 % of the highest luminance; the field's share of the area."""
_GROUND, _LINES = 128, 191
_UNIT = 1024
"""The design's own width; lengths below are of that."""
_PATCH, _PITCH, _RING = 102, 124, 202
_LETTERS = {
    "Q": "01110 10001 10001 10001 10101 10010 01101",
    "U": "10001 10001 10001 10001 10001 10001 01110",
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "I": "01110 00100 00100 00100 00100 00100 01110",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "Y": "10001 10001 01010 00100 00100 00100 00100",
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "O": "01110 10001 10001 10001 10001 10001 01110",
    "N": "10001 11001 10101 10011 10001 10001 10001",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "x": "00000 00000 10001 01010 00100 01010 10001",
}


def ln(number: int, width: int, height: int) -> Pattern:
    """TG18-LN `number` (1 to 18): a field of (number - 1) x 15 in the middle, a tenth of the area."""
    out = np.full((height, width), _LN_GROUND, np.uint8)
    side = round((_LN_SHARE * width * height) ** 0.5)
    top, left = (height - side) // 2, (width - side) // 2
    out[top : top + side, left : left + side] = (number - 1) * 15
    return out


def qc(size: int) -> Pattern:
    """TG18-QC of `size` x `size` pixels."""
    out = np.full((size, size), _GROUND, np.uint8)
    draw = _Drawing(out)
    draw.grid()
    draw.ramps()
    draw.patches()
    draw.extremes()
    draw.resolution()
    draw.letters()
    draw.bars()
    return out


class _Drawing:
    """Elements of TG18-QC, in the design's lengths, on a picture of any size."""

    def __init__(self, out: Pattern) -> None:
        self.out, self.scale = out, out.shape[0] / _UNIT

    def at(self, length: float) -> int:
        """A length of the design in pixels."""
        return int(np.rint(length * self.scale))

    def box(self, x: float, y: float, wide: float, tall: float, value: int) -> None:
        """A filled box."""
        self.out[self.at(y) : self.at(y + tall), self.at(x) : self.at(x + wide)] = value

    def grid(self) -> None:
        """Lines of one pixel; of three at the border and round the middle."""
        last = self.out.shape[0] - 1
        for k in range(11):
            line = min(self.at(k * _UNIT / 10), last)
            half = 1 if k in (0, 10, 3, 7) else 0
            for part in (slice(max(0, line - half), line + half + 1),):
                self.out[part, :] = _LINES
                self.out[:, part] = _LINES

    def ramps(self) -> None:
        """Two bars in which every value is there once, in order."""
        tall = self.at(512)
        values = np.linspace(0, 255, tall).round().astype(np.uint8)[:, None]
        top = self.at(256)
        for x, column in ((16, values), (_UNIT - 80, values[::-1])):
            self.out[top : top + tall, self.at(x) : self.at(x + 64)] = column

    def patches(self) -> None:
        """Sixteen patches from 8 to 248, each with corners that differ by 4."""
        ring = [(0, k) for k in range(5)] + [(k, 4) for k in range(1, 5)]
        ring += [(4, k) for k in range(3, -1, -1)] + [(k, 0) for k in range(3, 0, -1)]
        for number, (row, column) in enumerate(ring):
            value = 8 + 16 * number
            x, y = _RING + column * _PITCH + 11, _RING + row * _PITCH + 11
            self.box(x, y, _PATCH, _PATCH, value)
            for right, low, step in ((0, 0, 4), (1, 1, 4), (1, 0, -4), (0, 1, -4)):
                self.box(x + right * (_PATCH - 10), y + low * (_PATCH - 10), 10, 10, value + step)

    def extremes(self) -> None:
        """5 % in black and 95 % in white."""
        y = _RING + 2 * _PITCH + 11
        for column, ground, value in ((1, 0, 13), (3, 255, 242)):
            x = _RING + column * _PITCH + 11
            self.box(x, y, _PATCH, _PATCH, ground)
            self.box(x + 26, y + 26, 50, 50, value)

    def resolution(self) -> None:
        """Line pairs and Cx in the middle and in the four corners."""
        middle = _UNIT / 2
        for x, y in ((middle, middle), *((a, b) for a in (110, 914) for b in (110, 914))):
            self.pairs(x - 48, y - 48)
            self.cx(x - 48, y + 56)

    def pairs(self, x: float, y: float) -> None:
        """At the Nyquist frequency and at half of it, both ways; full contrast above, 128 to 130 below."""
        side = self.at(22)
        row, column = np.indices((side, side))
        kinds = (column % 2, row % 2, column // 2 % 2, row // 2 % 2)
        for low, (dark, light) in enumerate(((0, 255), (128, 130))):
            for number, lines in enumerate(kinds):
                top, left = self.at(y + low * 48), self.at(x + number * 24)
                self.out[top : top + side, left : left + side] = np.where(lines, light, dark)

    def cx(self, x: float, y: float) -> None:
        """Cx at 100, 75, 50 and 25 % on black, and twelve that are more and more blurred, to compare with."""
        glyph = np.concatenate([_glyph("C"), np.zeros((7, 1)), _glyph("x")], axis=1)
        glyph = np.pad(glyph, 2)
        tall, wide = glyph.shape
        top, left = self.at(y), self.at(x)
        for number, share in enumerate((1.0, 0.75, 0.5, 0.25)):
            start = left + number * wide
            self.out[top : top + tall, start : start + wide] = glyph * 255 * share
        for number in range(12):
            row, column = top + tall * (1 + number // 6), left + wide * (number % 6)
            blurred = _blurred(glyph * 255, 0.2 + 0.1 * number)
            self.out[row : row + tall, column : column + wide] = blurred

    def letters(self) -> None:
        """QUALITY CONTROL on black, grey and white: each letter one level nearer to its ground."""
        for panel, (ground, sign) in enumerate(((0, 1), (128, 1), (255, -1))):
            x = 172 + panel * 232
            self.box(x, 846, 216, 40, ground)
            times = max(1, self.at(2))
            for number, letter in enumerate("QUALITYCONTROL"):
                glyph = _glyph(letter).repeat(times, axis=0).repeat(times, axis=1).astype(bool)
                top, left = self.at(858), self.at(x + 8 + number * 14.5)
                part = self.out[top : top + glyph.shape[0], left : left + glyph.shape[1]]
                part[glyph] = ground + sign * (14 - number)

    def bars(self) -> None:
        """White and black bars for artefacts of the signal, and finer and finer ones for cross talk."""
        self.box(262, 132, 500, 24, 0)
        self.box(387, 132, 250, 24, 255)
        self.box(262, 936, 500, 24, 255)
        self.box(387, 936, 250, 24, 0)
        x, wide, white = 312.0, 64.0, True
        while x < 712 and wide >= 2:
            self.box(x, 62, min(wide, 712 - x), 48, 255 if white else 0)
            x, wide, white = x + wide, wide * 0.86, not white


def _glyph(letter: str) -> NDArray[np.float64]:
    return np.array([[float(bit) for bit in row] for row in _LETTERS[letter].split()])


def _blurred(picture: NDArray[np.float64], sigma: float) -> NDArray[np.uint8]:
    reach = np.arange(-4, 5)
    weights = np.exp(-(reach**2) / (2 * sigma**2))
    weights /= weights.sum()
    for axis in (0, 1):
        picture = np.apply_along_axis(np.convolve, axis, picture, weights, "same")
    return picture.round().astype(np.uint8)
