"""Random texture of tissue: periodic cubes of noise with a power law or with one wavelength.

A projection's power spectrum is a central slice of the cube's, so a cube of power 1/f^3 gives mammograms of
power 1/f^3, as they are (Burgess, Jacobson and Judy, Med Phys 28, 2001: exponents near 3).
"""

import numpy as np
from numpy.typing import NDArray

SIDE = 128
"""Samples along an edge of a cube; the pitch is 1 mm, so that it repeats only beyond a breast."""


class Noise:
    """A periodic cube of smooth noise of mean 0 and standard deviation 1, to be read anywhere."""

    def __init__(self, cube: NDArray[np.float32]) -> None:
        from scipy.ndimage import spline_filter  # heavy, and only pictures need it

        self._coefficients = spline_filter(cube / cube.std(), mode="grid-wrap", output=np.float32)

    def at(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values at `points` (3, ...), mm."""
        from scipy.ndimage import map_coordinates  # heavy, and only pictures need it

        found: NDArray[np.float32] = map_coordinates(
            self._coefficients, points, np.float32, order=3, mode="grid-wrap", prefilter=False
        )
        return found


def power_law(rng: np.random.Generator, exponent: float, longest_mm: float) -> Noise:
    """Power 1/f^`exponent` down to wavelengths of two samples; nothing longer than `longest_mm`."""
    far = _frequencies()
    with np.errstate(divide="ignore"):
        amplitude = np.where(far > 1 / longest_mm, far ** (-exponent / 2), 0)
    return _cube(rng, amplitude)


def waves(rng: np.random.Generator, wavelength_mm: float) -> Noise:
    """Noise of about one wavelength; where it is 0 there are curved sheets, half a wavelength apart."""
    return _cube(rng, np.exp(-0.5 * ((_frequencies() * wavelength_mm - 1) / 0.3) ** 2))


def _frequencies() -> NDArray[np.float32]:
    """Cycles per mm of each term of the half spectrum of a real cube."""
    full, half = np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE)
    squares: NDArray[np.float64] = full[:, None, None] ** 2 + full[:, None] ** 2 + half**2
    return np.asarray(np.sqrt(squares), np.float32)


def _cube(rng: np.random.Generator, amplitude: NDArray[np.floating]) -> Noise:
    from scipy.fft import irfftn, rfftn  # heavy, and only pictures need it

    white = rfftn(rng.standard_normal((SIDE,) * 3, dtype=np.float32))
    white *= amplitude.astype(np.float32)
    white[0, 0, 0] = 0
    return Noise(irfftn(white, (SIDE,) * 3))


def fine(
    rng: np.random.Generator, shape: tuple[int, int], exponent: float, step_mm: float, longest_mm: float
) -> NDArray[np.float32]:
    """(rows, columns) of plane noise of power 1/f^`exponent` below wavelengths of `longest_mm`; sd 1."""
    from scipy.fft import irfft2, next_fast_len, rfft2  # heavy, and only pictures need it

    size = (next_fast_len(shape[0], real=True), next_fast_len(shape[1], real=True))
    rows, columns = np.fft.fftfreq(size[0], step_mm), np.fft.rfftfreq(size[1], step_mm)
    far = np.hypot(rows[:, None], columns[None, :]).astype(np.float32)
    shaped = np.float32(1) / (np.maximum(far, 1e-6) ** np.float32(exponent / 2))
    shaped *= 1 - np.exp(-((far * np.float32(longest_mm)) ** 4))
    spectrum = rfft2(rng.standard_normal(size, dtype=np.float32)) * shaped
    out: NDArray[np.float32] = irfft2(spectrum, size)[: shape[0], : shape[1]]
    return np.asarray(out / out.std(), np.float32)
