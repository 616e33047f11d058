"""The visible part of a picture, through its grey table, at the size of the screen: what Qt then paints."""

from dataclasses import dataclass
from enum import Enum
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from viewer.ui.viewport import scaling
from viewer.ui.viewport.picture import MOST_HALVES, Box, Picture, level_for
from viewer.ui.viewport.placement import Placement


class Care(Enum):
    """How a picture is scaled: exactly; by Qt, whose weights are rounded; by Qt from no more pixels than the
    screen has: those of a more reduced level, which is never sampled, so that no calcification blinks.
    """

    EXACT = "exact"
    QUICK = "quick"
    COARSE = "coarse"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The visible part of a picture, and where it goes; `pixels` live as long as the image needs them.

    smooth  Qt scales it to its place; else it has the size of its place
    """

    image: QImage
    target: QRectF
    smooth: bool
    pixels: NDArray[np.uint8]


def paint_picture(painter: QPainter, picture: Picture, table: NDArray[np.uint8], place: Placement) -> QRectF:
    """Draw the visible part of a picture; what it covers, device pixels."""
    return put(painter, drawn(picture, table, place))


def drawn(
    picture: Picture, table: NDArray[np.uint8], place: Placement, care: Care = Care.EXACT
) -> Drawn | None:
    """The visible part of a picture as it is painted; None where there is none."""
    level = _coarser(place.scale) if care is Care.COARSE else level_for(place.scale)
    fine = care is Care.EXACT and not place.exact and scaling.ready()
    size = 2**level
    rows, columns = picture.pixels(level).shape[:2]
    box = _visible(place, size, rows, columns)
    if box[2] <= box[0] or box[3] <= box[1]:
        return None
    if fine:
        box = (box[0] - scaling.REACH, box[1] - scaling.REACH, box[2] + scaling.REACH, box[3] + scaling.REACH)
    pixels = picture.shown(table, level, box)
    target = place.rect(*(edge * size for edge in box))
    if fine:
        return _resampled(pixels, target, place, (rows * size, columns * size))
    pixels = place.turned(pixels)
    image = _image(pixels)
    if not place.exact:
        image = image.convertToFormat(QImage.Format.Format_RGB32)  # else Qt does so for each pixel it makes
    return Drawn(image, QRectF(*target), not place.exact, pixels)


def _resampled(
    pixels: NDArray[np.uint8],
    target: tuple[float, float, float, float],
    place: Placement,
    shape: tuple[int, int],
) -> Drawn | None:
    """Pixels that would fill `target`, made anew for each device pixel in it that the picture covers.

    shape  (rows, columns) of the whole picture, image pixels
    """
    x, y, wide, tall = place.rect(0, 0, shape[1], shape[0])
    left, right = max(0, ceil(x - 0.5)), min(place.width, ceil(x + wide - 0.5))
    top, bottom = max(0, ceil(y - 0.5)), min(place.height, ceil(y + tall - 0.5))
    if right <= left or bottom <= top:
        return None
    pixels = place.turned(pixels)
    across, down = pixels.shape[1] / target[2], pixels.shape[0] / target[3]
    part = (
        (left - target[0]) * across,
        (top - target[1]) * down,
        (right - target[0]) * across,
        (bottom - target[1]) * down,
    )
    out = scaling.scaled(pixels, part, (right - left, bottom - top))
    return Drawn(_image(out), QRectF(left, top, right - left, bottom - top), False, out)


def _image(pixels: NDArray[np.uint8]) -> QImage:
    form = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], form)


def put(painter: QPainter, what: Drawn | None) -> QRectF:
    """Paint it; what it covers, device pixels."""
    if what is None:
        return QRectF()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, what.smooth)
    painter.drawImage(what.target, what.image)
    return what.target


def _coarser(scale: float) -> int:
    """The first level that has at most one pixel for each device pixel."""
    level = 0
    while level < MOST_HALVES and scale * 2**level < 1:
        level += 1
    return level


def count(picture: Picture, place: Placement) -> int:
    """How many pixels of its level a picture is made from."""
    size = 2 ** level_for(place.scale)
    rows, columns = -(-picture.shape[0] // size), -(-picture.shape[1] // size)
    left, top, right, bottom = _visible(place, size, rows, columns)
    return max(0, right - left) * max(0, bottom - top)


def _visible(place: Placement, size: int, rows: int, columns: int) -> Box:
    """The pixels of a level that the viewport sees, with one more on each side for smooth edges."""
    corners = place.to_image(0, 0), place.to_image(place.width, place.height)
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return (
        max(0, int(left // size) - 1),
        max(0, int(top // size) - 1),
        min(columns, int(right // size) + 2),
        min(rows, int(bottom // size) + 2),
    )
