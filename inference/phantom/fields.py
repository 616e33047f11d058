"""Smooth scalar fields of a phantom: signed distances in mm on a coarse grid, read on any finer one.

Anatomy is drawn as fields that are negative inside. They are computed on a coarse grid and read by cubic
B-splines, so an edge is smooth and at the same place whatever the voxel size of the picture. The spline draws
a surface in by a sixth of the pitch squared times its curvature: 0.15 mm on a ball of 14 mm radius.
Index order is (z, y, x): z rises to the head, y to the back, x to the patient's left (LPS).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
Point = tuple[float, float, float]

PITCH_MM = 2.5
"""Grid of the fields. Structures thinner than about two pitches need a field that is linear across them."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Voxel centres of a picture: `start + index * step`, mm, order (z, y, x)."""

    start: Point
    step: Point
    shape: tuple[int, int, int]

    def axis(self, n: int) -> Field:
        """Coordinates along axis `n`, mm."""
        return (self.start[n] + self.step[n] * np.arange(self.shape[n])).astype(np.float32)

    def mesh(self) -> tuple[Field, Field, Field]:
        """The three axes, shaped to broadcast against each other."""
        z, y, x = (self.axis(n) for n in range(3))
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def extent(self, n: int) -> float:
        """From the first to the last voxel centre along axis `n`, mm."""
        return (self.shape[n] - 1) * self.step[n]

    def index(self, point: Point) -> tuple[int, int, int]:
        """The voxel nearest to `point`, not checked to lie inside."""
        z, y, x = (round((point[n] - self.start[n]) / self.step[n]) for n in range(3))
        return z, y, x


def coarse_lattice(low: Point, high: Point, pitch_mm: float = PITCH_MM) -> Lattice:
    """The grid of the fields between two corners (mm)."""
    shape = tuple(int(np.ceil((b - a) / pitch_mm)) + 1 for a, b in zip(low, high, strict=True))
    return Lattice(low, (pitch_mm,) * 3, (shape[0], shape[1], shape[2]))


def _taps(fine: Field, first: float, pitch: float, count: int) -> tuple[NDArray[np.intp], Field]:
    """Per fine coordinate the first of four samples at `first + n * pitch`, and their weights (n, 4)."""
    position = np.clip((fine - np.float32(first)) / np.float32(pitch), 1, count - 2)
    base = np.clip(np.floor(position).astype(np.intp), 1, count - 3)
    t = (position - base).astype(np.float32)
    weights = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    return base - 1, np.stack(weights, axis=1) / np.float32(6)


class Reader:
    """Reads fields on `coarse` slice by slice at the voxel centres of `lattice`; constant beyond the edge.

    Four weighted neighbours per axis, no matrix product: threads of a BLAS would fight those of the painter.
    """

    def __init__(self, coarse: Lattice, lattice: Lattice) -> None:
        self._first, self._weights = [], []
        for n in range(3):
            first, taps = _taps(lattice.axis(n), coarse.start[n], coarse.step[n], coarse.shape[n])
            self._first.append(first)
            self._weights.append(np.ascontiguousarray(taps.T)[:, :, None])

    def plane(self, field: Field, k: int, box: tuple[slice, slice] | None = None) -> Field:
        """Slice `k` of the picture, or the `box` (rows, columns) of it; same unit as `field`."""
        rows, columns = box or (slice(None), slice(None))
        (z, y, x), (wz, wy, wx) = self._first, self._weights
        y, x = y[rows], x[columns]
        near = field[z[k] : z[k] + 4, y[0] : y[-1] + 4, x[0] : x[-1] + 4]
        flat = sum(near[t] * wz[t, k, 0] for t in range(4))
        wide = _weighted(np.ascontiguousarray(np.transpose(flat)), x - x[0], wx[:, columns])
        return _weighted(np.ascontiguousarray(wide.T), y - y[0], wy[:, rows])

    def reach(self, field: Field, k: int, below: float) -> tuple[slice, slice] | None:
        """The box (rows, columns) of slice `k` that holds all of `field` < `below`; None where none is."""
        z, y, x = self._first
        inside: NDArray[np.bool_] = np.any(field[z[k] : z[k] + 4] < below, axis=0)
        if not inside.any():
            return None
        rows, columns = _hit(np.any(inside, axis=1), y), _hit(np.any(inside, axis=0), x)
        return None if rows is None or columns is None else (rows, columns)


def enlarge(plane: Field, coarse: Lattice, fine: Lattice) -> Field:
    """`plane` (rows, columns of `coarse`) at the pixel centres of the lattice `fine`; both have one layer."""
    (y, wy), (x, wx) = (_taps(fine.axis(n), coarse.start[n], coarse.step[n], coarse.shape[n]) for n in (1, 2))
    wide = _weighted(np.ascontiguousarray(plane.T), x, np.ascontiguousarray(wx.T)[:, :, None])
    return _weighted(np.ascontiguousarray(wide.T), y, np.ascontiguousarray(wy.T)[:, :, None])


def _weighted(lines: Field, first: NDArray[np.intp], weights: Field) -> Field:
    """Row n of the answer: four `lines` from `first[n]` on, weighted by `weights[:, n]` and summed.

    In blocks of rows that fit a cache.
    """
    out = np.empty((len(first), lines.shape[1]), np.float32)
    buffer = np.empty((min(len(first), 64), lines.shape[1]), np.float32)
    for start in range(0, len(first), 64):
        part, index = out[start : start + 64], first[start : start + 64]
        row = buffer[: len(part)]
        np.take(lines, index, axis=0, out=part, mode="clip")
        part *= weights[0, start : start + 64]
        for t in (1, 2, 3):
            np.take(lines, index + t, axis=0, out=row, mode="clip")
            row *= weights[t, start : start + 64]
            part += row
    return out


def _matrix(first: NDArray[np.intp], taps: Field, count: int) -> Field:
    """Four weights a row as a dense (n, count) matrix."""
    out = np.zeros((len(first), count), np.float32)
    for t in range(4):
        out[np.arange(len(first)), first + t] = taps[:, t]
    return out


def _hit(line: NDArray[np.bool_], first: NDArray[np.intp]) -> slice | None:
    """Fine samples whose four coarse ones meet `line`."""
    hit = np.flatnonzero(line)
    span = slice(int(np.searchsorted(first, hit[0] - 3)), int(np.searchsorted(first, hit[-1] + 1)))
    return span if span.start < span.stop else None


def noise(rng: np.random.Generator, lattice: Lattice, scale_mm: float) -> Field:
    """Smooth noise with standard deviation 1 on a coarse lattice; its details are about `scale_mm` wide."""
    knots = [int(n * PITCH_MM / scale_mm) + 4 for n in lattice.shape]
    out: Field = rng.standard_normal(knots, dtype=np.float32)
    for axis, count in enumerate(knots):
        fine = np.arange(lattice.shape[axis], dtype=np.float32) * np.float32(PITCH_MM)
        matrix = _matrix(*_taps(fine, -scale_mm, scale_mm, count), count)
        out = np.moveaxis(np.tensordot(matrix, out, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(out / out.std())


def union(a: Field, b: Field, round_mm: float = 0.0) -> Field:
    """Inside either; the crease is rounded over `round_mm` (polynomial smooth minimum, after I. Quilez)."""
    if round_mm <= 0:
        return np.minimum(a, b)
    h = np.maximum(round_mm - np.abs(a - b), 0) / np.float32(round_mm)
    out: Field = np.minimum(a, b)
    h *= h
    h *= np.float32(round_mm / 4)
    out -= h
    return out


def both(a: Field, b: Field, round_mm: float = 0.0) -> Field:
    """Inside both: the intersection, rounded like `union`."""
    return -union(-a, -b, round_mm)


def superellipsoid(
    mesh: tuple[Field, Field, Field], centre: Point, radii: Point, power: float = 2.0, turn: float = 0.0
) -> Field:
    """About the signed distance (mm) to |dx/rx|^p + |dy/ry|^p + |dz/rz|^p = 1, turned by `turn` about z.

    First-order distance f / |grad f|, f being the p-norm minus 1: exact at the surface.
    """
    z, y, x = mesh[0] - centre[0], mesh[1] - centre[1], mesh[2] - centre[2]
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    u, v, w = np.abs(z) / radii[0], np.abs(c * y + s * x) / radii[1], np.abs(c * x - s * y) / radii[2]
    norm = np.maximum((u**power + v**power + w**power) ** np.float32(1 / power), np.float32(1e-3))
    k = power - 1
    slope = np.sqrt(
        ((u / norm) ** k / radii[0]) ** 2
        + ((v / norm) ** k / radii[1]) ** 2
        + ((w / norm) ** k / radii[2]) ** 2
    )
    return np.asarray((norm - 1) / np.maximum(slope, 1e-4), np.float32)


FAR_MM = 24.0
"""Value of a tube's field further away than this: enough for every margin and rounding used here."""


def tube(mesh: tuple[Field, Field, Field], path: NDArray[np.float64], radii: NDArray[np.float64]) -> Field:
    """Signed distance (mm, at most `FAR_MM`) to a chain of round cones through `path` (n, 3)."""
    axes = [mesh[n].ravel() if mesh[n].size == max(mesh[n].shape) else None for n in range(3)]
    out = np.full(np.broadcast_shapes(*(m.shape for m in mesh)), FAR_MM, np.float32)
    for a, b, ra, rb in zip(path[:-1], path[1:], radii[:-1], radii[1:], strict=True):
        reach = max(ra, rb) + FAR_MM
        box = tuple(
            slice(None) if axis is None else _span(axis, min(a[n], b[n]) - reach, max(a[n], b[n]) + reach)
            for n, axis in enumerate(axes)
        )
        near = [
            m[tuple(s if size > 1 else slice(None) for s, size in zip(box, m.shape, strict=True))]
            for m in mesh
        ]
        line = (b - a).astype(np.float32)
        dz, dy, dx = (near[n] - np.float32(a[n]) for n in range(3))
        t = np.clip((dz * line[0] + dy * line[1] + dx * line[2]) / np.float32(max(line @ line, 1e-6)), 0, 1)
        far = np.sqrt((dz - t * line[0]) ** 2 + (dy - t * line[1]) ** 2 + (dx - t * line[2]) ** 2)
        np.minimum(out[box], far - (np.float32(ra) + t * np.float32(rb - ra)), out=out[box])
    return out


def _span(axis: Field, low: float, high: float) -> slice:
    """Where a rising or falling-and-rising axis lies between `low` and `high`."""
    hit = np.flatnonzero((axis >= low) & (axis <= high))
    return slice(int(hit[0]), int(hit[-1]) + 1) if len(hit) else slice(0, 0)


def smooth_path(points: NDArray[np.float64], pieces: int = 6) -> NDArray[np.float64]:
    """A Catmull-Rom curve through `points` (n, 3), `pieces` straight parts between each pair."""
    p = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = (np.arange(pieces) / pieces)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.vstack([*parts, points[-1:]])
