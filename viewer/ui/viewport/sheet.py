"""What a painter of annotations gets: where to paint, what, and how large a pixel of the design is."""

from dataclasses import dataclass

from PySide6.QtGui import QPainter

from viewer.ui.viewport.frame import Frame
from viewer.ui.viewport.placement import Placement


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paint of one viewport, in device pixels.

    unit  device pixels per pixel of the design
    """

    painter: QPainter
    frame: Frame
    place: Placement
    unit: float

    @property
    def width(self) -> float:
        """Width in design pixels."""
        return self.place.width / self.unit

    @property
    def height(self) -> float:
        """Height in design pixels."""
        return self.place.height / self.unit
