"""A slice as the series panel shows it: small, area-averaged, without a word on it."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from viewer.app import posing
from viewer.app.stack import Stack
from viewer.core.hanging.pose import Pose, Turn, scale_of
from viewer.core.pixels.grey import Window
from viewer.ui.viewport.drawing import paint_picture
from viewer.ui.viewport.frame import table
from viewer.ui.viewport.placement import place
from viewer.ui.viewport.source import Source

SIZE = (144, 104)
"""Width and height at pixel ratio 1: `thumbnail` of the design tokens."""

_MOST_CUT = 1.4
"""A picture of another shape is cut at its edges, but magnified at most so much for it."""


def thumbnail(stack: Stack, index: int, window: Window | None = None, ratio: float = 1.0) -> QImage:
    """The slice `index` in `SIZE` times the device pixel `ratio`; null while it is not ready.

    window  None = the image's own
    """
    width, height = round(SIZE[0] * ratio), round(SIZE[1] * ratio)
    if not (0 <= index < len(stack.ready) and stack.ready[index]):
        return QImage()
    instance = stack.instance(index)
    spacing = instance.spacing_mm or (1.0, 1.0)
    picture = Source(stack).slice(index)
    finest = min(spacing)
    pose = Pose(posing.turn(stack.display_set) or Turn())  # a mammogram as it hangs
    lengths = zip(pose.turn.size(picture.shape), pose.turn.pitch(spacing), strict=True)
    wide, tall = (pixels * pitch / finest for pixels, pitch in lengths)
    cover = max(width / wide, height / tall)
    zoom = min(cover / scale_of(pose, picture.shape, spacing, (width, height)), _MOST_CUT)
    grey = stack.grey(index)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    at = place(picture.shape, spacing, zoom, (0.0, 0.0), (width, height), pose)
    paint_picture(painter, picture, table(grey if window is None else replace(grey, voi=window)), at)
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image
