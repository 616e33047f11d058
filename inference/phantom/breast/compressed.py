"""A breast between the plates, slab by slab: millimetres of dense tissue that the beam meets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.tissue import Tissue, gland, septa, strength
from inference.phantom.breast.view import View
from inference.phantom.fields import Lattice, Reader, coarse_lattice, enlarge

Array = NDArray[np.float32]
PITCH_MM = 1.5
SKIN_MM = 1.6


@dataclass(frozen=True, slots=True)
class Plate:
    """The plane of a projection, one layer (beam, y, x): the rows rise with y."""

    lattice: Lattice
    inside: Array
    """(rows, columns): mm from the skin line, negative outside."""


def plate(view: View, low: float, high: float, width: float, step: float) -> Plate:
    """Rows from y = `low` up to `high`, columns from the chest wall to `width`, `step` mm apart."""
    shape = (1, int(np.ceil((high - low) / step)), int(np.ceil(width / step)))
    lattice = Lattice((0.0, low, step / 2), (1.0, step, step), shape)
    return Plate(lattice, _inside(view, lattice))


def refined(on: Plate, low: float, shape: tuple[int, int], step: float) -> Plate:
    """The same plane in finer pixels, from y = `low` up; its distances are read from the coarser ones."""
    lattice = Lattice((0.0, low, step / 2), (1.0, step, step), (1, *shape))
    return Plate(lattice, np.asarray(enlarge(on.inside, on.lattice, lattice), np.float32))


def _inside(view: View, lattice: Lattice) -> Array:
    """Distance to the outline, found at half a millimetre and read smoothly."""
    from scipy.ndimage import (
        distance_transform_edt,
        gaussian_filter,
        map_coordinates,
    )  # heavy, and only pictures need it

    pitch, margin = 0.5, 20.0
    low = lattice.start[1] - margin
    y = np.arange(low, low + lattice.extent(1) + 2 * margin, pitch)
    x = np.arange(-60.0, lattice.extent(2) + margin, pitch)
    # behind the chest wall the breast goes on: that edge of the picture is no skin
    breast = np.maximum(x, 0.5)[None, :] < view.outline(y)[:, None]
    far = gaussian_filter(distance_transform_edt(breast) - distance_transform_edt(~breast), 1.5)
    rows, columns = (lattice.axis(1) - low) / pitch, (lattice.axis(2) + 60.0) / pitch
    where = np.meshgrid(rows, columns, indexing="ij")
    found: Array = map_coordinates((far * pitch).astype(np.float32), where, np.float32, order=1)
    return found


def slabs(view: View, of: Tissue, on: Plate, slab_mm: float) -> Iterator[tuple[float, Array]]:
    """Height of the middle of each slab (mm along the beam), and (rows, columns) mm of dense tissue in it."""
    half = view.thickness / 2
    count = max(round(view.thickness / slab_mm), 1)
    faces = Lattice(
        (-half, *on.lattice.start[1:]),
        (2 * half / count, *on.lattice.step[1:]),
        (count + 1, *on.lattice.shape[1:]),
    )
    coarse, fields = _coarse(view, of, faces)
    reader = Reader(coarse, faces)
    before = [reader.plane(field, 0) for field in fields]
    for k in range(count):
        after = [reader.plane(field, k + 1) for field in fields]
        height = faces.start[0] + (k + 0.5) * faces.step[0]
        yield height, _slab(before, after, faces.step[0]) * _within(on, height, half)
        before = after


def _coarse(view: View, of: Tissue, faces: Lattice) -> tuple[Lattice, list[Array]]:
    """Gland, and for both kinds of septa the distance from the sheet in units of its thickness."""
    low = (faces.start[0] - 3, faces.start[1] - 3, -4.0)
    high = (-low[0], faces.start[1] + faces.extent(1) + 3, faces.extent(2) + 4)
    coarse = coarse_lattice(low, high, PITCH_MM)
    mesh = np.stack(np.broadcast_arrays(*coarse.mesh()), axis=-1)
    points = np.ascontiguousarray(np.moveaxis(view.to_breast(mesh), -1, 0).astype(np.float32))
    dense = gland(of, points)
    thick = strength(of, points)
    sheets = [_distance(field) / thick for field in septa(of, points)]
    return coarse, [dense, *sheets]


def _distance(field: Array) -> Array:
    """A field over its slope: near its zero, the distance from there in mm."""
    slope = np.sqrt(sum(part**2 for part in np.gradient(field, PITCH_MM)))
    return np.asarray(np.clip(field / (slope + 0.02), -6, 6), np.float32)


def _slab(before: list[Array], after: list[Array], depth: float) -> Array:
    """Mm of dense tissue between two faces: gland, and sheets that are thicker where gland is near."""
    dense = np.clip((before[0] + after[0]) * np.float32(0.5), 0, None)
    out = dense * np.float32(0.7)
    for n, (fat, more, width) in enumerate(((0.5, 0.6, 0.27), (0.05, 1.3, 0.25)), start=1):
        middle, turn = (before[n] + after[n]) * np.float32(0.5), (after[n] - before[n]) * np.float32(0.5)
        wide = turn**2 + np.float32(width**2)
        profile = np.exp(-(middle**2) / wide) * (np.float32(width) / np.sqrt(wide))
        out += profile * (np.float32(fat) + np.float32(more) * dense)
    return np.asarray(out * np.float32(depth))


def _within(on: Plate, height: float, half: float) -> Array:
    """1 inside the skin of a slab at `height`: the edge of the breast is rounded."""
    depth = on.inside - np.float32(inset(height, half) + SKIN_MM + 1)
    return np.asarray(np.clip(depth / 2, 0, 1), np.float32)


def inset(height: float, half: float) -> float:
    """How far the rim stays behind the outline at `height` (mm) from the middle between the plates."""
    return float(half * (1 - np.sqrt(max(1 - (height / half) ** 2, 0))))


def gathered(layers: Iterable[NDArray[np.float32] | NDArray[np.float16]]) -> Array:
    """The sum of at least one layer."""
    layers = iter(layers)
    out = next(layers).astype(np.float32)
    for layer in layers:
        out += layer
    return out
