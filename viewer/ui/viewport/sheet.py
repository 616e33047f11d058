"""What a painter of annotations gets: where to paint, what, and how large a pixel of the design is."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QTransform

from viewer.core.hanging.pose import Turn
from viewer.ui.viewport.frame import Frame
from viewer.ui.viewport.picture import AIR_LEVEL
from viewer.ui.viewport.placement import Placement


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paint of one viewport, in device pixels.

    unit    device pixels per pixel of the design
    coarse  the picture is made quickly, as it moves
    """

    painter: QPainter
    frame: Frame
    place: Placement
    unit: float
    coarse: bool = False

    @property
    def width(self) -> float:
        """Width in design pixels."""
        return self.place.width / self.unit

    @property
    def height(self) -> float:
        """Height in design pixels."""
        return self.place.height / self.unit


def is_on_breast(sheet: Sheet, left: float, top: float, wide: float, tall: float) -> bool:
    """True where a box (design pixels) lies on more of a mammogram than air; False where nobody knows."""
    picture, place, unit = sheet.frame.picture, sheet.place, sheet.unit
    if picture is None or picture.air is None:
        return False
    ends = (left, top), (left + wide, top + tall)
    (c0, r0), (c1, r1) = (place.to_image(x * unit, y * unit) for x, y in ends)
    size = 2**AIR_LEVEL
    columns, rows = (
        slice(max(0, int(min(ends) // size)), max(0, int(max(ends) // size) + 1))
        for ends in ((c0, c1), (r0, r1))
    )
    return not bool(picture.air[rows, columns].all())


def turned(image: QImage, turn: Turn) -> QImage:
    """An image over the picture, turned as the picture is."""
    if turn.transposed:
        image = image.transformed(QTransform(0, 1, 1, 0, 0, 0))
    if turn.across:
        image = image.flipped(Qt.Orientation.Horizontal)
    return image.flipped(Qt.Orientation.Vertical) if turn.down else image
