"""A 2-D picture made of a tomosynthesis stack, as machines make one instead of an exposure."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
BRIGHTEST = 0.45
"""Share of the brightest slice at each place, which keeps specks; the rest is the mean of all."""


class Synthetic:
    """Takes the slices one by one, so that a whole stack never lies in memory."""

    def __init__(self) -> None:
        self._sum: Array | None = None
        self._brightest: Array | None = None
        self._count = 0

    def add(self, light: Array) -> None:
        """One more slice: brightness (rows, columns)."""
        self._count += 1
        if self._sum is None or self._brightest is None:
            self._sum, self._brightest = light.copy(), light.copy()
            return
        self._sum += light
        np.maximum(self._brightest, light, out=self._brightest)

    def picture(self) -> Array:
        """Brightness (rows, columns). Raises ValueError without a slice."""
        if self._sum is None or self._brightest is None:
            raise ValueError("a picture needs at least one slice")
        mean = self._sum / np.float32(self._count)
        return np.asarray(mean + BRIGHTEST * (self._brightest - mean), np.float32)
