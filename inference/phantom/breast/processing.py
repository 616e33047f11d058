"""What a vendor's processing makes of a breast: light and dark of its tissues, its rim and its muscle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.breast.compressed import Plate
from inference.phantom.breast.view import View

Array = NDArray[np.float32]
DENSE, DENSE_MM = 1.0, 25.0
"""Brightness of endless dense tissue, and the mm of it that give all but 1/e of that."""


@dataclass(frozen=True, slots=True)
class Processing:
    """Brightness = (fat + dense) where there is breast, and the muscle over it; maps are (rows, columns).

    fat     brightness of the breast without dense tissue: even inside, falling off at the skin
    muscle  share of the pectoral muscle; None where none is seen
    bright  brightness of the muscle alone
    edge    0 outside the skin, 1 inside
    """

    fat: Array
    muscle: Array | None
    bright: Array | None
    edge: Array

    @staticmethod
    def of(view: View, on: Plate) -> "Processing":
        """For a view on a plane."""
        depth = np.clip(on.inside, 0, None)
        rim = 0.12 + 0.88 * (1 - np.exp(-((depth / np.float32(6.5)) ** np.float32(0.9))))
        skin = np.exp(-(((depth - np.float32(0.8)) / np.float32(0.9)) ** 2))
        fat = np.float32(0.16) * rim + np.float32(0.012) * skin
        edge = np.clip(on.inside / np.float32(0.6), 0, 1)
        if view.projection == "CC":
            return Processing(np.asarray(fat, np.float32), None, None, edge)
        return Processing(np.asarray(fat, np.float32), *_muscle(view, on), edge)

    def brightness(self, dense: Array) -> Array:
        """0 black to about 1 white, of mm of dense tissue."""
        light = self.fat + np.float32(DENSE) * (1 - np.exp(np.maximum(dense, 0) * np.float32(-1 / DENSE_MM)))
        if self.muscle is not None and self.bright is not None:
            light += self.muscle * (self.bright + np.float32(0.34) * (light - np.float32(0.3)) - light)
        light *= self.edge
        return np.asarray(light, np.float32)


def _muscle(view: View, on: Plate) -> tuple[Array, Array]:
    """The pectoral muscle: its edge is soft, its fibres run along it."""
    y = on.lattice.axis(1)[:, None]
    over = view.muscle(y).astype(np.float32) - on.lattice.axis(2)[None, :]
    cover = 1 / (1 + np.exp(np.clip((np.float32(1.5) - over) / np.float32(1.2), -30, 30)))
    wave = np.float32(1.9) * np.sin(y / 23), np.float32(2) * np.sin(y / 31 + 1)
    fibres = np.float32(0.006) * np.sin(over / np.float32(2.3) + wave[0])
    fibres += np.float32(0.005) * np.sin(over / np.float32(1.1) + wave[1])
    bright = np.float32(0.50) + np.float32(0.14) * np.clip(over / np.float32(45), 0, 1) + fibres
    return np.asarray(cover, np.float32), np.asarray(bright, np.float32)
