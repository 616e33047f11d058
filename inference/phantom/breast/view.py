"""How a breast lies between the plates: from its own frame to that of a view, its outline and its muscle.

Frame of a view: mm, order (beam, y, x): x from the chest wall to the nipple, y up in the hung picture
(lateral in CC, towards the axilla in MLO), beam away from the tube, 0 in the middle between the plates. The
same for both sides; a left view is the mirror image of a right one.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference.phantom.breast.build import Build, Points

Projection = Literal["CC", "MLO"]
FLATTENING = 1.9
"""The breast is so much thicker along the beam before the plates close."""
AXILLA_MM = 118.0
"""y of the place in an oblique view where the width of the muscle is given."""
SPREAD = 1.06
"""...and so much smaller across it."""


@dataclass(frozen=True, slots=True)
class View:
    """One compression of one breast.

    angle  of the beam: 0 from above (CC), else degrees of an oblique view
    shift  of the whole breast along (y, x), mm: no two examinations lie alike
    """

    build: Build
    projection: Projection
    angle: float
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def thickness(self) -> float:
        """Between the plates, mm."""
        return self.build.cc if self.projection == "CC" else self.build.mlo

    def to_view(self, points: ArrayLike) -> Points:
        """(..., 3) from the frame of the breast to (..., 3) in that of the view."""
        depth, lateral, up = np.moveaxis(np.asarray(points, np.float64), -1, 0)
        cos, sin = self._direction()
        y = (lateral * cos + up * sin) * SPREAD + self.shift[0]
        beam = (lateral * sin - up * cos) / FLATTENING
        return np.stack([beam, y, depth + self.shift[1]], axis=-1)

    def to_breast(self, points: ArrayLike) -> Points:
        """The way back."""
        beam, y, x = np.moveaxis(np.asarray(points, np.float64), -1, 0)
        cos, sin = self._direction()
        across, along = (y - self.shift[0]) / SPREAD, beam * FLATTENING
        return np.stack([x - self.shift[1], across * cos + along * sin, across * sin - along * cos], axis=-1)

    def _direction(self) -> tuple[float, float]:
        """What goes into y: so much lateral, so much up."""
        turn = np.deg2rad(self.angle)
        return float(np.cos(turn)), float(np.sin(turn))

    def outline(self, y: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far the skin is from the chest wall at heights `y`, mm; 0 or less where there is no breast."""
        here = np.asarray(y, np.float64) - self.shift[0]
        shape = self._cc(here) if self.projection == "CC" else self._mlo(here)
        nipple = 5.5 * np.exp(-((here / 5.5) ** 4))
        return np.where(shape > 0, shape + nipple + self.shift[1], shape)

    def _cc(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Lateral rather longer than medial."""
        far = np.abs(y) / np.where(y > 0, self.build.reach * 1.04, self.build.reach * 0.95)
        return self.build.depth * (np.clip(1 - far**2.2, 0, None) ** 0.56) - np.where(far >= 1, 1.0, 0.0)

    def _mlo(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """From the axilla over the nipple to the fold below the breast."""
        from scipy.interpolate import PchipInterpolator  # heavy, and only pictures need it

        at = np.array([-150, -108, -100, -90, -74, -50, -25, 0, 25, 55, 85, 110, 150])
        share = np.array([-0.5, -0.02, 0.14, 0.34, 0.58, 0.81, 0.95, 1.0, 0.965, 0.87, 0.74, 0.66, 0.62])
        found: NDArray[np.float64] = PchipInterpolator(at, share)(y * 92.0 / self.build.reach)
        return found * self.build.depth

    def muscle(self, y: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where the edge of the pectoral muscle is, mm from the chest wall; negative everywhere in CC."""
        if self.projection == "CC":
            return np.full(np.shape(y), -1e3)
        width, length = self.build.pectoral
        down = (AXILLA_MM - np.asarray(y, np.float64)) / length
        bulge = 5.0 * np.sin(np.pi * np.clip(down, 0, 1))
        return width * (1 - down) + bulge + self.shift[1]
