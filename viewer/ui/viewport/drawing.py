"""The visible part of a picture, through its grey table, at the size of the screen: what Qt then paints."""

from dataclasses import dataclass
from enum import Enum
from functools import partial
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from viewer.ui.viewport import halves, scaling
from viewer.ui.viewport.picture import MOST_HALVES, Box, Picture, level_for
from viewer.ui.viewport.placement import Placement

_FEW = 60_000
"""Device pixels that are made sooner than another thread begins."""


class Care(Enum):
    """How a picture is scaled: exactly; by Qt, whose weights are rounded; by Qt from no more pixels than the
    screen has: those of a more reduced level, which is never sampled, so that no calcification blinks.
    """

    EXACT = "exact"
    QUICK = "quick"
    COARSE = "coarse"


@dataclass(frozen=True, slots=True)
class Part:
    """An image and where it goes; `pixels` live as long as the image needs them."""

    image: QImage
    target: QRectF
    pixels: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The visible part of a picture, from top to bottom.

    smooth  Qt scales it to its place; else it has the size of its place
    """

    parts: tuple[Part, ...]
    smooth: bool = False


def paint_picture(painter: QPainter, picture: Picture, table: NDArray[np.uint8], place: Placement) -> QRectF:
    """Draw the visible part of a picture; what it covers, device pixels."""
    return put(painter, drawn(picture, table, place))


def drawn(
    picture: Picture, table: NDArray[np.uint8], place: Placement, care: Care = Care.EXACT
) -> Drawn | None:
    """The visible part of a picture as it is painted, without black edges; None where there is none."""
    level = _coarser(place.scale) if care is Care.COARSE else level_for(place.scale)
    inked = _inked(picture, table, 2**level)
    if place.exact or (care is Care.EXACT and scaling.ready()):
        return _made(picture, table, place, level, inked)
    size = 2**level
    box = _visible(place, size, inked, 0)
    if box[2] <= box[0] or box[3] <= box[1]:
        return None
    pixels = place.turned(picture.shown(table, level, box))
    target = QRectF(*place.rect(*(edge * size for edge in box)))
    return Drawn((_part(pixels, target),), smooth=True)


def _inked(picture: Picture, table: NDArray[np.uint8], size: int) -> Box:
    """Pixels of a level outside of which all is black, as far as scaling mixes them."""
    left, top, right, bottom = picture.inked(table)
    room = scaling.REACH
    return (
        max(0, left // size - room),
        max(0, top // size - room),
        min(-(-picture.shape[1] // size), -(-right // size) + room),
        min(-(-picture.shape[0] // size), -(-bottom // size) + room),
    )


def _made(
    picture: Picture, table: NDArray[np.uint8], place: Placement, level: int, inked: Box
) -> Drawn | None:
    """A pixel for each device pixel that the picture covers; the upper and the lower half at once."""
    x, y, wide, tall = place.rect(*(edge * 2**level for edge in inked))
    left, right = max(0, ceil(x - 0.5)), min(place.width, ceil(x + wide - 0.5))
    top, bottom = max(0, ceil(y - 0.5)), min(place.height, ceil(y + tall - 0.5))
    if right <= left or bottom <= top:
        return None
    picture.pixels(level)  # made once, not by both

    def band(first: int, last: int) -> Part:
        return _band(picture, table, place, level, (left, first, right, last))

    if (right - left) * (bottom - top) < _FEW:
        return Drawn((band(top, bottom),))
    middle = (top + bottom) // 2
    return Drawn(halves.both(partial(band, top, middle), partial(band, middle, bottom)))


def _band(picture: Picture, table: NDArray[np.uint8], place: Placement, level: int, device: Box) -> Part:
    """The picture in a box of device pixels, all of which it covers."""
    size = 2**level
    whole = 0, 0, -(-picture.shape[1] // size), -(-picture.shape[0] // size)
    box = _visible(place, size, whole, scaling.REACH, device)
    pixels = place.turned(picture.shown(table, level, box))
    x, y, wide, tall = place.rect(*(edge * size for edge in box))
    across, down = pixels.shape[1] / wide, pixels.shape[0] / tall
    left, top, right, bottom = device
    if place.exact:
        own = np.ascontiguousarray(pixels[top - int(y) : bottom - int(y), left - int(x) : right - int(x)])
        return _part(own, QRectF(left, top, right - left, bottom - top))
    part = ((left - x) * across, (top - y) * down, (right - x) * across, (bottom - y) * down)
    out = scaling.scaled(pixels, part, (right - left, bottom - top))
    return _part(out, QRectF(left, top, right - left, bottom - top))


def _part(pixels: NDArray[np.uint8], target: QRectF) -> Part:
    """In the format of the screen: every other one Qt converts pixel by pixel, in threads it waits for."""
    if pixels.ndim == 3:
        colours = QImage(
            pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], QImage.Format.Format_RGB888
        )
        return Part(colours.convertToFormat(QImage.Format.Format_RGB32), target, pixels)
    wide = np.multiply(pixels, np.uint32(0x010101), dtype=np.uint32)
    wide |= np.uint32(0xFF000000)
    grey = QImage(wide.data, wide.shape[1], wide.shape[0], wide.strides[0], QImage.Format.Format_RGB32)
    return Part(grey, target, wide)


def put(painter: QPainter, what: Drawn | None) -> QRectF:
    """Paint it; what it covers, device pixels."""
    covered = QRectF()
    if what is None:
        return covered
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, what.smooth)
    for part in what.parts:
        painter.drawImage(part.target, part.image)
        covered = covered.united(part.target)
    return covered


def _coarser(scale: float) -> int:
    """The first level that has at most one pixel for each device pixel."""
    level = 0
    while level < MOST_HALVES and scale * 2**level < 1:
        level += 1
    return level


def count(picture: Picture, place: Placement) -> int:
    """How many pixels of its level a picture is made from."""
    size = 2 ** level_for(place.scale)
    whole = 0, 0, -(-picture.shape[1] // size), -(-picture.shape[0] // size)
    left, top, right, bottom = _visible(place, size, whole, 0)
    return max(0, right - left) * max(0, bottom - top)


def _visible(place: Placement, size: int, within: Box, reach: int, device: Box | None = None) -> Box:
    """The pixels of a level that a box on the device (without: the viewport) sees, of those `within`.

    With one more on each side for smooth edges, and `reach` more, also over the edges of `within`.
    """
    left, top, right, bottom = device or (0, 0, place.width, place.height)
    corners = place.to_image(left, top), place.to_image(right, bottom)
    (x0, x1), (y0, y1) = (sorted(ends) for ends in zip(*corners, strict=True))
    return (
        max(within[0], int(x0 // size) - 1) - reach,
        max(within[1], int(y0 // size) - 1) - reach,
        min(within[2], int(x1 // size) + 2) + reach,
        min(within[3], int(y1 // size) + 2) + reach,
    )
