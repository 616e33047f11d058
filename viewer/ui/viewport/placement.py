"""Where an image lies in its viewport: image pixels to device pixels and back. Numbers only."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.core.hanging.pose import PLAIN, Point, Pose, Turn, anchor_of, scale_of
from viewer.core.hanging.pose import fit as fit

SMALLEST, LARGEST = 0.1, 64.0
"""Bounds of the zoom, as a factor of how the image hangs."""
Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Placement:
    """Image coordinates (column, row), pixel (0, 0) spanning 0..1, to device pixels of a viewport.

    sx, sy         device pixels per image pixel across and down the screen; they differ where pixels are not
                   square. Negative where the picture is mirrored
    dx, dy         where image point (0, 0) lies
    width, height  of the viewport, device pixels
    turn           how the stored picture is turned; transposed: columns run down the screen
    anchor         (column, row) in the middle of the viewport without pan, at zoom 1
    """

    sx: float
    sy: float
    dx: float
    dy: float
    width: int
    height: int
    turn: Turn = PLAIN.turn
    anchor: Point = (0.0, 0.0)

    def to_device(self, column: float, row: float) -> Point:
        """(column, row) to device (x, y)."""
        across, down = (row, column) if self.turn.transposed else (column, row)
        return self.dx + self.sx * across, self.dy + self.sy * down

    def to_image(self, x: float, y: float) -> Point:
        """Device (x, y) to (column, row)."""
        across, down = (x - self.dx) / self.sx, (y - self.dy) / self.sy
        return (down, across) if self.turn.transposed else (across, down)

    def moved(self, x: float, y: float) -> Point:
        """A way in device pixels as (columns, rows)."""
        return (y / self.sy, x / self.sx) if self.turn.transposed else (x / self.sx, y / self.sy)

    def rect(self, left: float, top: float, right: float, bottom: float) -> Rect:
        """(x, y, width, height) on the device of a box of columns and rows."""
        x0, y0 = self.to_device(left, top)
        x1, y1 = self.to_device(right, bottom)
        return min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)

    def turned(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """(rows, columns, ...) as they stand on screen, C-contiguous."""
        if self.turn == PLAIN.turn:
            return pixels
        out = pixels.swapaxes(0, 1) if self.turn.transposed else pixels
        steps = (
            slice(None, None, -1 if self.turn.down else 1),
            slice(None, None, -1 if self.turn.across else 1),
        )
        return np.ascontiguousarray(out[steps])

    @property
    def scale(self) -> float:
        """Device pixels per image pixel, the smaller one."""
        return min(abs(self.sx), abs(self.sy))

    @property
    def exact(self) -> bool:
        """True where one image pixel is exactly one device pixel."""
        return abs(self.sx) == abs(self.sy) == 1.0


def place(
    shape: tuple[int, int],
    spacing: Point,
    zoom: float,
    pan: Point,
    device_size: tuple[int, int],
    pose: Pose = PLAIN,
    ratio: float = 1.0,
) -> Placement:
    """Put an image of `shape` (rows, columns) into a viewport.

    spacing  (between rows, between columns); only the ratio counts, unless the pose names mm
    zoom     1 = as it hangs by its pose; pan: (column, row) from the anchor to the view centre
    ratio    device pixels per pixel of the design
    At exactly one device pixel per image pixel the offset is a whole number, so that no pixel is split.
    """
    width, height = device_size
    finest, turn = min(spacing), pose.turn
    scale = zoom * scale_of(pose, shape, spacing, device_size, ratio)
    if abs(scale - 1.0) < 1e-6:
        scale = 1.0
    anchor = anchor_of(pose, shape, spacing, device_size, ratio)
    across, down = turn.pitch(spacing)
    sx, sy = scale * (across / finest), scale * (down / finest)
    x, y = turn.onto_screen((anchor[0] + pan[0], anchor[1] + pan[1]), shape)
    left, top = width / 2 - sx * x, height / 2 - sy * y
    if sx == sy == 1.0:
        left, top = float(round(left)), float(round(top))
    wide, tall = turn.size(shape)
    dx, sx = (left + sx * wide, -sx) if turn.across else (left, sx)
    dy, sy = (top + sy * tall, -sy) if turn.down else (top, sy)
    return Placement(sx, sy, dx, dy, width, height, turn, anchor)


def zoom_at(now: Placement, zoom: float, factor: float, x: float, y: float) -> tuple[float, Point]:
    """Zoom and pan after magnifying by `factor` so that the image point under device (x, y) stays there."""
    bounded = min(max(zoom * factor, SMALLEST), LARGEST)
    factor = bounded / zoom
    column, row = now.to_image(x, y)
    columns, rows = now.moved(x - now.width / 2, y - now.height / 2)
    return bounded, (column - columns / factor - now.anchor[0], row - rows / factor - now.anchor[1])
