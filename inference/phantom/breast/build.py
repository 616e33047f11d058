"""What differs between breasts: size, composition, muscle.

Frame of the breast: mm, order (depth, lateral, up): depth from the chest wall to the nipple, lateral away
from the breastbone, up to the head; the nipple lies at (depth, 0, 0). Both sides have the same frame,
mirrored.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(..., 3) places in the breast's frame, mm."""


@dataclass(frozen=True, slots=True)
class Build:
    """Millimetres of the breast as it lies between the plates.

    depth      chest wall to nipple
    reach      half the length of the chest wall that a CC view shows
    cc, mlo    thickness between the plates
    gland      0 (all fat) to 1 (all dense): how far fibroglandular tissue spreads
    outer      how far the gland reaches into the upper outer quadrant, mm
    pectoral   width of the muscle at the upper edge of an MLO view, and how far down it reaches
    """

    depth: float
    reach: float
    cc: float
    mlo: float
    gland: float
    outer: float
    pectoral: tuple[float, float]

    @staticmethod
    def random(rng: np.random.Generator) -> "Build":
        """A woman with scattered fibroglandular tissue."""
        cc = rng.uniform(46, 60)
        return Build(
            depth=rng.uniform(88, 108), reach=rng.uniform(82, 95), cc=cc, mlo=cc + rng.uniform(2, 8),
            gland=rng.uniform(0.35, 0.55), outer=rng.uniform(6, 14),
            pectoral=(rng.uniform(52, 68), rng.uniform(120, 150)),
        )  # fmt: skip
