"""What a CT scanner does to a phantom: its table, slice thickness, kernel blur and correlated noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.fields import Lattice
from inference.phantom.torso import Build

REACH = 2.5
"""The slice profile is cut off at so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A protocol.

    noise_hu      standard deviation in the middle of the body
    blur_mm       kernel: Gaussian sigma in plane
    thickness_mm  full width at half maximum of the slice profile
    grain         sigma of the noise's texture, in pixels
    """

    noise_hu: float
    blur_mm: float
    thickness_mm: float
    grain: float

    @staticmethod
    def random(rng: np.random.Generator) -> "Scan":
        """Anything between a sharp thin series and a soft thick one."""
        return Scan(
            noise_hu=float(rng.uniform(12, 45)),
            blur_mm=float(rng.uniform(0.4, 0.8)),
            thickness_mm=float(rng.uniform(1, 5)),
            grain=float(rng.uniform(0.55, 1.0)),
        )

    def profile(self, step_mm: float) -> float:
        """Standard deviation of the slice profile, in slices `step_mm` apart; the slice itself counts."""
        own = (self.thickness_mm / 2.355) ** 2 - step_mm**2 / 12
        return float(np.sqrt(max(own, 0.0)) / step_mm)


def halo(scan: Scan, step: tuple[float, float, float]) -> int:
    """How many neighbouring slices the profile reaches into; at least the two that truth masks need."""
    return max(int(np.ceil(REACH * scan.profile(step[0]))), 2)


def blur(hu: NDArray[np.float32], scan: Scan, step: tuple[float, float, float]) -> None:
    """Slice profile and kernel, in place."""
    from scipy.ndimage import gaussian_filter1d  # heavy, and only pictures need it

    if scan.profile(step[0]) > 0.1:
        gaussian_filter1d(hu, scan.profile(step[0]), axis=0, output=hu, truncate=REACH)
    for plane in hu:
        for axis in (0, 1):
            gaussian_filter1d(plane, scan.blur_mm / step[axis + 1], axis=axis, output=plane, truncate=3)


def noise_map(build: Build, lattice: Lattice) -> NDArray[np.float32]:
    """Share of the noise per pixel (rows, columns): most where rays cross the most tissue."""
    _, y, x = lattice.mesh()
    far = (x[0] / (build.width + 30)) ** 2 + (y[0] / (build.depth + 40)) ** 2
    return np.asarray(0.5 + 0.55 * np.exp(-1.1 * far), np.float32)


def add_noise(
    hu: NDArray[np.float32], scan: Scan, through: NDArray[np.float32], seed: int, first: int
) -> None:
    """Correlated noise in place; `first` is the number of the first slice, `through` is the noise map.

    Neighbouring slices share a quarter of their variance, as overlapping profiles make them.
    """
    last = _grain(seed, first, hu.shape[1:], scan.grain)
    for k, plane in enumerate(hu, start=first + 1):
        grain = _grain(seed, k, hu.shape[1:], scan.grain)
        plane += (np.float32(0.866) * grain + np.float32(0.5) * last) * through * np.float32(scan.noise_hu)
        last = grain


def _grain(seed: int, k: int, shape: tuple[int, ...], sigma: float) -> NDArray[np.float32]:
    """Band-passed white noise of standard deviation 1: little power at low frequency, as CT noise has."""
    from scipy.ndimage import gaussian_filter  # heavy, and only pictures need it

    white = np.random.default_rng([seed, k]).standard_normal(shape, dtype=np.float32)
    out: NDArray[np.float32] = gaussian_filter(white, sigma, truncate=3)
    out -= np.float32(0.75) * gaussian_filter(out, 2.2 * sigma, truncate=2.5)
    out /= out.std()
    return out


def paint_table(hu: NDArray[np.float32], lattice: Lattice, build: Build) -> None:
    """A curved table top under the back: mattress, carbon shell, foam, carbon shell."""
    _, y, x = lattice.mesh()
    top = build.depth + 27 + 0.7 * build.fat
    depth = np.hypot(x[0], y[0] - (top - 420)) - 420
    edge = np.float32(lattice.step[1])
    plane = np.full(depth.shape, -1000, np.float32)
    for start, end, value in ((0, 12, -900), (12, 14, -250), (14, 36, -945), (36, 38, -250)):
        share = np.clip(0.5 + np.minimum(depth - start, end - depth) / edge, 0, 1)
        plane += share * (value - plane)
    hu[:] = plane
