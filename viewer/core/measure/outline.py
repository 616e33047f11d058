"""The axes of an outline in a plane: the longest line across it, and the longest at right angles to that."""

from dataclasses import dataclass

import numpy as np

from viewer.core.measure.patch import Array


@dataclass(frozen=True, slots=True)
class Axes:
    """Ends of the long and the short axis, (2, 2) each, in the plane's own mm."""

    long: Array
    short: Array

    @property
    def long_mm(self) -> float:
        """Length of the long axis."""
        return float(np.linalg.norm(self.long[1] - self.long[0]))


def axes_of(outline_mm: Array) -> Axes:
    """Axes of a closed outline, (n, 2) points in order, n >= 3."""
    gaps = outline_mm[:, None] - outline_mm[None]
    first, second = np.unravel_index(np.argmax(np.sum(gaps**2, axis=-1)), gaps.shape[:2])
    long = outline_mm[[first, second]]
    along = long[1] - long[0]
    along = along / np.linalg.norm(along)
    across = np.array([-along[1], along[0]])
    return Axes(long, _widest(outline_mm, along, across))


def _widest(outline_mm: Array, along: Array, across: Array) -> Array:
    """(2, 2) ends of the longest chord along `across`, of those through a corner of the outline."""
    u, v = outline_mm @ along, outline_mm @ across
    u_next, v_next = np.roll(u, -1), np.roll(v, -1)
    at = u[:, None]
    crosses = (np.minimum(u, u_next) <= at) & (at <= np.maximum(u, u_next)) & (u != u_next)
    part = np.divide(at - u, u_next - u, out=np.zeros_like(crosses, float), where=crosses)
    height = v + part * (v_next - v)
    top = np.where(crosses, height, -np.inf).max(axis=1)
    bottom = np.where(crosses, height, np.inf).min(axis=1)
    best = int(np.argmax(top - bottom))
    return np.outer([u[best], u[best]], along) + np.outer([bottom[best], top[best]], across)


def area_mm2(outline_mm: Array) -> float:
    """Area of a closed outline (shoelace)."""
    x, y = outline_mm.T
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2
