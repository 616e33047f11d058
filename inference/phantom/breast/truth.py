"""Where a lesion is in a picture and in the breast, in the words of a report."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.build import Build
from inference.phantom.breast.lesions import Lesion
from inference.phantom.breast.view import View

Box = tuple[float, float, float, float]


class Speck(msgspec.Struct, frozen=True):
    """One calcification: (row, column) of its middle, and its width in mm."""

    row: float
    column: float
    diameter_mm: float


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A lesion in one picture. `row`, `column` count from 0 at the middle of the first pixel.

    box               first row and column, last row and column: a mass without its spicules, or all specks
    breast_mm         (depth from the chest wall, lateral, up) before compression; the nipple is at (.., 0, 0)
    clock             hour of the clock face, as the reader faces the woman
    nipple_mm         distance from the nipple before compression
    frame             of a stack, from 1: the slice of its middle; 0 in a mammogram
    """

    id: str
    kind: str
    side: str
    row: float
    column: float
    box: Box
    diameter_mm: float
    breast_mm: tuple[float, float, float]
    quadrant: str
    clock: int
    nipple_mm: float
    specks: tuple[Speck, ...] = ()
    frame: int = 0


def mark(what: Lesion, view: View, build: Build, top: float, pixel_mm: float) -> Mark:
    """`top` is y (mm) of row 0; column 0 lies half a pixel from the chest wall."""
    _, y, x = view.to_view(what.centre).tolist()
    row, column = _pixel(y, x, top, pixel_mm)
    specks = _specks(what, (y, x), top, pixel_mm)
    if what.body is None:
        box = _around(specks, pixel_mm)
    else:
        box = _shadow(what.body, what.body_mm / pixel_mm, (row, column))
    nipple = np.array([build.depth, 0, 0])
    return Mark(
        id=what.id, kind=what.kind, side=what.side, row=row, column=column, box=box,
        diameter_mm=what.diameter, breast_mm=what.centre, quadrant=_quadrant(what), clock=_clock(what),
        nipple_mm=float(np.linalg.norm(np.array(what.centre) - nipple)), specks=specks,
    )  # fmt: skip


def mirrored(of: Mark, columns: int) -> Mark:
    """The mark in the picture turned left to right, `columns` wide."""
    last = columns - 1
    specks = tuple(Speck(speck.row, last - speck.column, speck.diameter_mm) for speck in of.specks)
    top, left, bottom, right = of.box
    return msgspec.structs.replace(
        of, column=last - of.column, box=(top, last - right, bottom, last - left), specks=specks
    )


def _pixel(y: float, x: float, top: float, pixel_mm: float) -> tuple[float, float]:
    return (top - y) / pixel_mm, x / pixel_mm - 0.5


def _specks(what: Lesion, centre: tuple[float, float], top: float, pixel_mm: float) -> tuple[Speck, ...]:
    if what.body is not None:
        return ()
    out = []
    for thread in what.threads:
        _, y, x = thread.path.mean(axis=0)
        row, column = _pixel(centre[0] + y, centre[1] + x, top, pixel_mm)
        out.append(Speck(float(row), float(column), float(2 * thread.radius.max())))
    return tuple(out)


def _shadow(body: NDArray[np.float32], scale: float, centre: tuple[float, float]) -> Box:
    """Of a body (beam, y, x) whose cubes are `scale` pixels wide; y rises against the rows."""
    shadow, half = body.max(axis=0) > 0.5, body.shape[0] // 2
    y, x = (np.flatnonzero(shadow.any(axis=n)) - half for n in (1, 0))
    edges = (-y[-1] - 0.5, x[0] - 0.5, -y[0] + 0.5, x[-1] + 0.5)
    top, left, bottom, right = (float(edge * scale) for edge in edges)
    row, column = centre
    return row + top, column + left, row + bottom, column + right


def _around(specks: tuple[Speck, ...], pixel_mm: float) -> Box:
    rows, columns = [speck.row for speck in specks], [speck.column for speck in specks]
    edge = max(speck.diameter_mm for speck in specks) / 2 / pixel_mm
    return min(rows) - edge, min(columns) - edge, max(rows) + edge, max(columns) + edge


def _quadrant(what: Lesion) -> str:
    _, lateral, up = what.centre
    return f"{'upper' if up > 0 else 'lower'} {'outer' if lateral > 0 else 'inner'}"


def _clock(what: Lesion) -> int:
    """The outer side is at 9 o'clock of the right breast and at 3 o'clock of the left one."""
    _, lateral, up = what.centre
    right_of_reader = lateral if what.side == "L" else -lateral
    hour = round(np.degrees(np.arctan2(right_of_reader, up)) / 30) % 12
    return int(hour) or 12
