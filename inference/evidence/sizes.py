"""How well a lesion is outlined and measured."""

import numpy as np
from numpy.typing import ArrayLike


def dice(a: ArrayLike, b: ArrayLike) -> float:
    """2 |A and B| / (|A| + |B|) of two masks; 1 where both are empty."""
    first, second = np.asarray(a, bool), np.asarray(b, bool)
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 1.0


def sphere_diameter_mm(volume_mm3: float) -> float:
    """Diameter of the sphere with this volume."""
    return float((6 * volume_mm3 / np.pi) ** (1 / 3))
