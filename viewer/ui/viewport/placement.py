"""Where an image lies in its viewport: image pixels to device pixels and back. Numbers only."""

from dataclasses import dataclass

SMALLEST, LARGEST = 0.1, 64.0
"""Bounds of the zoom, as a factor of 'the whole image fits'."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Image coordinates (column, row), pixel (0, 0) spanning 0..1, to device pixels of a viewport.

    sx, sy         device pixels per image pixel; they differ where pixels are not square
    dx, dy         where image point (0, 0) lies
    width, height  of the viewport, device pixels
    """

    sx: float
    sy: float
    dx: float
    dy: float
    width: int
    height: int

    def to_device(self, column: float, row: float) -> tuple[float, float]:
        """(column, row) to device (x, y)."""
        return self.dx + self.sx * column, self.dy + self.sy * row

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Device (x, y) to (column, row)."""
        return (x - self.dx) / self.sx, (y - self.dy) / self.sy

    @property
    def exact(self) -> bool:
        """True where one image pixel is exactly one device pixel."""
        return self.sx == 1.0 and self.sy == 1.0


def place(
    shape: tuple[int, int],
    spacing: tuple[float, float],
    zoom: float,
    pan: tuple[float, float],
    device_size: tuple[int, int],
) -> Placement:
    """Put an image of `shape` (rows, columns) into a viewport.

    spacing  (between rows, between columns), any unit: only the ratio counts
    zoom     1 = the whole image fits; pan: (column, row) from the image centre to the view centre
    At exactly one device pixel per image pixel the offset is a whole number, so that no pixel is split.
    """
    rows, columns = shape
    width, height = device_size
    finest = min(spacing)
    tall, wide = spacing[0] / finest, spacing[1] / finest
    scale = zoom * fit(shape, spacing, device_size)
    if abs(scale - 1.0) < 1e-6:
        scale = 1.0
    sx, sy = scale * wide, scale * tall
    dx = width / 2 - sx * (columns / 2 + pan[0])
    dy = height / 2 - sy * (rows / 2 + pan[1])
    if sx == sy == 1.0:
        dx, dy = float(round(dx)), float(round(dy))
    return Placement(sx, sy, dx, dy, width, height)


def fit(shape: tuple[int, int], spacing: tuple[float, float], device_size: tuple[int, int]) -> float:
    """Device pixels per finest image pixel at which the whole image just fits."""
    finest = min(spacing)
    wide, tall = shape[1] * spacing[1] / finest, shape[0] * spacing[0] / finest
    return max(1e-6, min(device_size[0] / wide, device_size[1] / tall))


def zoom_at(
    now: Placement, shape: tuple[int, int], zoom: float, factor: float, x: float, y: float
) -> tuple[float, tuple[float, float]]:
    """Zoom and pan after magnifying by `factor` so that the image point under device (x, y) stays there."""
    bounded = min(max(zoom * factor, SMALLEST), LARGEST)
    factor = bounded / zoom
    column, row = now.to_image(x, y)
    centre_column = column - (x - now.width / 2) / (now.sx * factor)
    centre_row = row - (y - now.height / 2) / (now.sy * factor)
    return bounded, (centre_column - shape[1] / 2, centre_row - shape[0] / 2)
