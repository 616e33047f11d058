"""Procedural calcifications: clusters to be found, and what must not be taken for one. Shapes only, in mm.

Independent of the phantom's own clusters (`phantom.breast.lesions`), which are kept for measuring.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 5
"""Specks that make a cluster."""
LEAST_MM, MOST_MM = 0.2, 1.0
TYPICAL_MM, SIZE_SPREAD = 0.4, 0.35
"""Median diameter of a speck, and the deviation of its logarithm."""
GAP_MM = 0.15
"""Least tissue between two specks of a cluster."""


class Kind(StrEnum):
    """What the specks of a cluster look like."""

    PUNCTATE = "punctate"
    PLEOMORPHIC = "pleomorphic"
    LINEAR = "fine linear"


@dataclass(frozen=True, slots=True)
class Calcifications:
    """Things of calcium that lie together, about (0, 0).

    parts   (n, 6) ellipsoids: row and column of the centre, half axes along, across and along the beam (mm),
            angle of the first axis against the columns (radians). Where parts overlap the thicker one counts.
    specks  (k, 3) row, column and diameter (mm, of the ball of equal volume) of what can be counted; none
            where it is no matter of counting (a vessel's wall, a ring)
    kind    of a cluster; "" where it is none
    """

    parts: Array
    specks: Array
    kind: str = ""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Least row and column, largest row and column, mm."""
        reach = self.parts[:, 2:4].max(axis=1)
        low, high = (
            (self.parts[:, :2] - reach[:, None]).min(axis=0),
            (self.parts[:, :2] + reach[:, None]).max(axis=0),
        )
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def cluster(
    rng: np.random.Generator, *, least_mm: float = LEAST_MM, most_mm: float = MOST_MM, most: int = 30
) -> Calcifications:
    """Five or more specks of `least_mm` to `most_mm` within 3 to 18 mm: round, of all shapes, or in lines."""
    kind = list(Kind)[int(rng.integers(3))]
    count = round(float(np.exp(rng.uniform(np.log(FEWEST), np.log(most)))))
    spread = SIZE_SPREAD if kind is not Kind.PUNCTATE else 0.15
    typical = TYPICAL_MM * np.exp(rng.normal(0, 0.2))
    sizes = np.clip(typical * np.exp(rng.normal(0, spread, count)), least_mm, most_mm)
    places, angles = (_along_ducts if kind is Kind.LINEAR else _within_an_oval)(rng, sizes)
    parts = [_SHAPES[kind](rng, size, angle) for size, angle in zip(sizes, angles, strict=True)]
    for part, place in zip(parts, places, strict=True):
        part[:, :2] += place
    return Calcifications(np.concatenate(parts), np.column_stack([places, sizes]), kind)


def _within_an_oval(rng: np.random.Generator, sizes: Array) -> tuple[Array, Array]:
    """Denser in the middle."""
    long = rng.uniform(2.0, 7.0) * (len(sizes) / 10) ** 0.25
    axes, angle = np.array([long * rng.uniform(0.5, 1.0), long]), rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def draw(_: int) -> Array:
        around, far = rng.uniform(0, 2 * np.pi), rng.random() ** 0.6
        return np.asarray(turn @ (axes * far * np.array([np.sin(around), np.cos(around)])))

    return _apart(draw, sizes), rng.uniform(0, np.pi, len(sizes))


def _along_ducts(rng: np.random.Generator, sizes: Array) -> tuple[Array, Array]:
    """On one to three bent lines that come from one side."""
    lines, length = int(rng.integers(1, 4)), rng.uniform(5.0, 15.0)
    towards, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.05, lines)
    fan = towards + np.linspace(-0.35, 0.35, lines) * (lines > 1)
    of = rng.integers(lines, size=len(sizes))
    heading = np.zeros(len(sizes))

    def draw(n: int) -> Array:
        far, k = rng.uniform(0, length), of[n]
        heading[n] = fan[k] + bend[k] * far
        middle = fan[k] + bend[k] * far / 2
        at = far * np.array([np.sin(middle), np.cos(middle)]) + rng.normal(0, 0.2, 2)
        return np.asarray(at)

    places = _apart(draw, sizes)
    return places - places.mean(axis=0), heading + rng.normal(0, 0.2, len(sizes))


def _apart(draw: Callable[[int], Array], sizes: Array) -> Array:
    """Places that leave tissue between specks, as far as twenty draws each find such."""
    places = np.zeros((len(sizes), 2))
    for n, size in enumerate(sizes):
        for _ in range(20):
            places[n] = draw(n)
            far = np.hypot(*(places[:n] - places[n]).T)
            if (far > (sizes[:n] + size) / 2 + GAP_MM).all():
                break
    return places


def _round(rng: np.random.Generator, size: float, angle: float) -> Array:
    """Nearly a ball."""
    axes = np.exp(rng.normal(0, 0.08, 3))
    return _ellipsoid(size, axes, angle)


def _drawn_out(rng: np.random.Generator, size: float, angle: float) -> Array:
    """Two to four times as long as wide."""
    return _ellipsoid(size, np.array([rng.uniform(2.0, 4.0), 1.0, rng.uniform(0.7, 1.2)]), angle)


def _uneven(rng: np.random.Generator, size: float, angle: float) -> Array:
    """Two to four ellipsoids grown together; scaled so that their volumes add up to the size's."""
    count = int(rng.integers(2, 5))
    share = rng.dirichlet(np.full(count, 3.0))
    out = np.concatenate(
        [_ellipsoid(size * np.cbrt(s), np.exp(rng.normal(0, 0.3, 3)), rng.uniform(0, np.pi)) for s in share]
    )
    out[:, :2] = rng.normal(0, 0.22 * size, (count, 2))
    out[:, :2] -= (share[:, None] * out[:, :2]).sum(axis=0)
    return out


def _ellipsoid(size: float, axes: Array, angle: float) -> Array:
    """(1, 6) with the volume of a ball of diameter `size`."""
    half = size / 2 * axes / np.cbrt(np.prod(axes))
    return np.array([[0.0, 0.0, *half, angle]])


_SHAPES: dict[Kind, Callable[[np.random.Generator, float, float], Array]] = {
    Kind.PUNCTATE: _round,
    Kind.PLEOMORPHIC: _uneven,
    Kind.LINEAR: _drawn_out,
}


def few(rng: np.random.Generator) -> Calcifications:
    """One to three specks together, or one coarse one: no cluster."""
    coarse = rng.random() < 0.4
    count = 1 if coarse else int(rng.integers(1, FEWEST - 1))
    sizes = rng.uniform(0.8, 3.0, 1) if coarse else rng.uniform(LEAST_MM, 0.8, count)
    places, angles = _within_an_oval(rng, sizes)
    places -= places.mean(axis=0)
    shape = _SHAPES[list(Kind)[int(rng.integers(2))]]
    parts = [shape(rng, size, angle) for size, angle in zip(sizes, angles, strict=True)]
    for part, place in zip(parts, places, strict=True):
        part[:, :2] += place
    return Calcifications(np.concatenate(parts), np.column_stack([places, sizes]))


def vessel(rng: np.random.Generator) -> Calcifications:
    """Calcified walls of a bent artery: two lines, with gaps."""
    length, width = rng.uniform(8.0, 30.0), rng.uniform(0.8, 2.2)
    t = np.arange(0, length, 0.25)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.03, len(t))) + rng.normal(0, 0.02) * t
    middle = np.cumsum(0.25 * np.stack([np.sin(heading), np.cos(heading)]), axis=1)
    across = np.stack([np.cos(heading), -np.sin(heading)])
    out = []
    for side in (-0.5, 0.5):
        wall = np.sin(t / rng.uniform(1.0, 3.0) + rng.uniform(0, 6)) > rng.uniform(-0.9, 0.3)
        places = (middle + side * width * across)[:, wall]
        thick = rng.uniform(0.08, 0.2) * np.exp(rng.normal(0, 0.2, places.shape[1]))
        out.append(np.column_stack([*places, np.full_like(thick, 0.2), thick, 1.5 * thick, heading[wall]]))
    parts = np.concatenate(out)
    if not len(parts):
        return few(rng)
    parts[:, :2] -= parts[:, :2].mean(axis=0)
    return Calcifications(parts, np.zeros((0, 3)))


def ring(rng: np.random.Generator) -> Calcifications:
    """A calcification of the skin or an oil cyst: a thin shell with a lucent centre."""
    radius = rng.uniform(0.5, 1.8)
    around = np.linspace(0, 2 * np.pi, max(int(radius * 30), 16), endpoint=False)
    thick = radius * rng.uniform(0.08, 0.2)
    n = np.ones(len(around))
    places = radius * np.stack([np.sin(around), np.cos(around) * rng.uniform(0.8, 1.0)])
    parts = np.column_stack([*places, n * radius * 0.2, n * thick, n * 2 * thick, np.pi / 2 - around])
    return Calcifications(parts, np.zeros((0, 3)))


def thickness(
    of: Calcifications, shape: tuple[int, int], pitch: float, start: tuple[float, float]
) -> NDArray[np.float32]:
    """Mm of calcium that the beam meets, (rows, columns) of pixels `pitch` mm wide; `start` is the place of
    the first pixel's centre.
    """
    out = np.zeros(shape, np.float32)
    for row, column, long, wide, deep, angle in of.parts:
        reach = max(long, wide) + pitch
        span = []
        for at, first, n in zip((row, column), start, shape, strict=True):
            low, high = (at - reach - first) / pitch, (at + reach - first) / pitch
            span.append(slice(max(int(np.ceil(low)), 0), min(int(np.floor(high)) + 1, n)))
        y, x = (start[k] + pitch * np.arange(s.start, s.stop) - (row, column)[k] for k, s in enumerate(span))
        if not len(y) or not len(x):
            continue
        along = np.cos(angle) * x[None] + np.sin(angle) * y[:, None]
        across = -np.sin(angle) * x[None] + np.cos(angle) * y[:, None]
        inside = np.clip(1 - (along / long) ** 2 - (across / wide) ** 2, 0, None)
        part = out[span[0], span[1]]
        np.maximum(part, (2 * deep * np.sqrt(inside)).astype(np.float32), out=part)
    return out
