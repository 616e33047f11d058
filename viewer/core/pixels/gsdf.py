"""The Grayscale Standard Display Function (PS3.14) and the table that brings a measured monitor to it."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

P_VALUES = 4096
"""Entries of a calibration: 12 bits, so that no step of an 8-bit monitor is lost."""
LEVELS = 256
"""Driving levels of a monitor."""

Measured = Sequence[tuple[int, float]]
"""(driving level, luminance in cd/m2 in the dark), from level 0 to 255, both rising."""

_ABOVE = (-1.3011877, 8.0242636e-2, 1.3646699e-1, -2.5468404e-2, 1.3635334e-3)
_BELOW = (1.0, -2.5840191e-2, -1.0320229e-1, 2.8745620e-2, -3.1978977e-3, 1.2992634e-4)
"""Coefficients a, c, e, g, m and 1, b, d, f, h, k of PS3.14 7.1, by growing power of ln j."""


def luminance(jnd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Luminance in cd/m2 of JND indices from 1 to 1023 (PS3.14 7.1)."""
    x = np.log(jnd)
    out: NDArray[np.float64] = 10 ** (np.polyval(_ABOVE[::-1], x) / np.polyval(_BELOW[::-1], x))
    return out


def jnd(cd_m2: NDArray[np.float64]) -> NDArray[np.float64]:
    """JND index of luminances; those the function does not reach (0.05 to 3993 cd/m2) get its ends."""
    indices, logs = _curve()
    return np.interp(np.log(np.maximum(cd_m2, 1e-9)), logs, indices)


@lru_cache(1)
def _curve() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    indices = np.linspace(1, 1023, 8177)
    return indices, np.log(luminance(indices))


def responses(measured: Measured, ambient: float) -> NDArray[np.float64]:
    """(256,) JND index of every driving level, with the ambient light that the screen reflects.

    Between measured levels it is linear: in JND index, unlike in luminance, monitors nearly are.
    """
    levels, dark = np.array(measured, np.float64).T
    return np.interp(np.arange(LEVELS), levels, jnd(dark + ambient))


def calibration(measured: Measured, ambient: float) -> bytes:
    """The driving level of each P-value: equal steps of P-value become equal steps of JND index.

    Of the levels that the monitor has, each P-value gets the one whose luminance is nearest in JND.
    """
    steps = responses(measured, ambient)
    wanted = np.linspace(steps[0], steps[-1], P_VALUES)
    after = np.clip(np.searchsorted(steps, wanted), 1, LEVELS - 1)
    nearer = wanted - steps[after - 1] <= steps[after] - wanted
    return np.where(nearer, after - 1, after).astype(np.uint8).tobytes()


def deviation(measured: Measured, ambient: float, levels: bytes) -> float:
    """Largest departure of the contrast response from the function's, at 18 P-values, as a share.

    How AAPM TG18 (4.3.4.2) judges a display: up to 0.1 is good for diagnosis.
    """
    at = np.rint(np.linspace(0, len(levels) - 1, 18)).astype(np.intp)
    shown = responses(measured, ambient)[np.frombuffer(levels, np.uint8)[at]]
    ideal = np.linspace(shown[0], shown[-1], 18)
    return float(np.abs(_contrast(luminance(shown)) / _contrast(luminance(ideal)) - 1).max())


def _contrast(cd_m2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Step of luminance over its mean, between neighbours."""
    out: NDArray[np.float64] = 2 * np.diff(cd_m2) / (cd_m2[1:] + cd_m2[:-1])
    return out
