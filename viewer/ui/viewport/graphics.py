"""The graphics that an image brings with it in its overlay planes (60xx), white over the picture."""

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from viewer.app.display import Plane
from viewer.core.pixels.overlay import Bitmap
from viewer.ui.viewport.picture import half_mask, level_for
from viewer.ui.viewport.sheet import Sheet, turned


def draw(sheet: Sheet) -> None:
    """Draw the overlays of the slice; pictures that are made here have none."""
    state, stack, place = sheet.frame.state, sheet.frame.stack, sheet.place
    if not state.overlays or stack is None or state.plane is not Plane.STACK:
        return
    bitmaps = stack.overlays.get(state.index, ())
    if not bitmaps:
        return
    level = level_for(place.scale)
    image, size = _image(bitmaps, level), 2**level
    box = QRectF(*place.rect(0, 0, image.width() * size, image.height() * size))
    sheet.painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not place.exact)
    sheet.painter.drawImage(box, turned(image, place.turn))


@lru_cache(maxsize=16)
def _image(bitmaps: tuple[Bitmap, ...], level: int) -> QImage:
    """All in one, reduced 2**level times: a thin line stays a line."""
    mask = np.logical_or.reduce([bitmap.mask() for bitmap in bitmaps])
    for _ in range(level):
        mask = half_mask(mask)
    shades = np.where(mask[..., None], np.uint8(255), np.uint8(0)).repeat(4, axis=2)
    pixels = np.ascontiguousarray(shades)
    height, width = mask.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, form).copy()
