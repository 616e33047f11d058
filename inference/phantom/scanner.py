"""What a CT scanner does to a phantom: slice thickness, kernel blur and correlated noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scan:
    """noise_hu: standard deviation in the middle of the body; blur_mm: kernel (Gaussian sigma, in plane);
    thickness_mm: full width of the slice profile; grain: sigma of the noise texture, in pixels.
    """

    noise_hu: float
    blur_mm: float
    thickness_mm: float
    grain: float

    @staticmethod
    def random(rng: np.random.Generator) -> "Scan":
        """A scanner protocol between a sharp thin series and a soft thick one."""
        return Scan(
            noise_hu=float(rng.uniform(12, 45)), blur_mm=float(rng.uniform(0.4, 0.8)),
            thickness_mm=float(rng.uniform(1, 5)), grain=float(rng.uniform(0.55, 1.0)),
        )  # fmt: skip


def blur(hu: NDArray[np.float32], scan: Scan, step: tuple[float, float, float]) -> None:
    """Kernel and slice profile, in place."""
    from scipy.ndimage import gaussian_filter1d  # heavy, and only pictures need it

    gaussian_filter1d(hu, scan.thickness_mm / 2.355 / step[0], axis=0, output=hu, truncate=2.5)
    for plane in hu:
        for axis in (0, 1):
            gaussian_filter1d(plane, scan.blur_mm / step[axis + 1], axis=axis, output=plane, truncate=3)


def add_noise(
    rng: np.random.Generator, hu: NDArray[np.float32], scan: Scan, through: NDArray[np.float32]
) -> None:
    """Correlated noise in place. `through` (rows, columns): local share of the noise, 1 in the middle of the body.

    Neighbouring slices share a part of their noise, as reconstructions with overlapping profiles do.
    """
    last: NDArray[np.float32] | None = None
    for plane in hu:
        grain = _grain(rng, (plane.shape[0], plane.shape[1]), scan.grain)
        mixed = grain if last is None else np.float32(0.87) * grain + np.float32(0.5) * last
        plane += mixed * through * np.float32(scan.noise_hu)
        last = grain


def _grain(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
    """Band-passed white noise with standard deviation 1: little power at low frequency, as CT noise has."""
    from scipy.ndimage import gaussian_filter  # heavy, and only pictures need it

    white = rng.standard_normal(shape, dtype=np.float32)
    out: NDArray[np.float32] = gaussian_filter(white, sigma, truncate=3)
    out -= np.float32(0.75) * gaussian_filter(out, 2.2 * sigma, truncate=2.5)
    out /= out.std()
    return out
