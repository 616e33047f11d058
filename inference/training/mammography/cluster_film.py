"""Calcium in a picture of a breast: attenuation, the film's or the vendor's grey scale, blur, and dirt.

How strong a speck is follows from its thickness alone:

    contrast = (mu of calcium - mu of tissue) x mm of calcium / (1 + scatter to primary ratio)

as a difference of the logarithm of exposure. `MU` is that of calcium oxalate, the weaker of the two
minerals that calcifications are made of, at 20 keV (NIST XCOM: 4.13 cm2/g; 2.12 g/cm3) less that of tissue;
hydroxyapatite weakens twice as much. None of these numbers was chosen by what the network then finds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.training.mammography.cluster_specks import Calcifications, thickness

Array = NDArray[np.float32]

MU = 0.88 - 0.06
"""1/mm."""
SCATTER = 0.2
"""Scatter to primary ratio behind a grid."""
BLUR_MM = 0.06
"""Sigma of focal spot, screen and scanner together."""
FINEST_MM = 0.05
"""Specks are drawn in pixels of about this, then averaged over the picture's."""

GRADIENT, FOG, DENSITIES = 3.2, 0.2, 3.6
"""Of a mammographic film: steepest slope per decade of exposure, base with fog, and the range above it."""
DARKEST, BRIGHTEST = 2.9, 0.7
"""Optical densities taken for the 2nd and the 99th percentile of the breast: stored films do not say."""
STEEP = 4 * GRADIENT / (DENSITIES * np.log(10))

GRAIN = 0.012
"""Deviation, in grey levels of the breast, of the grain that a film drawn out to 0.15 mm is given.

Measured on eight views of two patients at full film resolution (CBIS-DDSM P_00173, P_00820): between 0.15
and 0.3 mm they hold .0061 to .0104, stored films of theirs .0015 to .0031 (compression took the rest); with
this grain .011. Between 0.3 and 0.6 mm: .0061 to .0106, .0040 to .0080, and .0073 to .0102.
"""

WHITE, DENSE_TISSUE = 1.16, 0.875
"""A digital picture's grey level for endless tissue, and the contrast that gives all but 1/e of the rest."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a picture is made. `film`: by the characteristic curve of a film, else processed by a vendor."""

    film: bool
    mu: float = MU
    blur_mm: float = BLUR_MM


def pasted(
    grey: Array, pixel_mm: float, what: Calcifications, at: tuple[float, float], how: Exposure
) -> tuple[Array, Array, tuple[slice, slice]]:
    """Add calcifications whose (0, 0) lies at `at` (row, column, mm from the first pixel's outer corner).

    `grey`: 0 = 2nd, 1 = 99th percentile of the breast (a film) or the phantom's own brightness. Returns the
    picture, and what was added to the part of it that is also returned.
    """
    fine = max(round(pixel_mm / FINEST_MM), 1)
    margin = 4 * how.blur_mm + pixel_mm
    top, left, bottom, right = what.box
    spans = []
    for low, high, middle, n in ((top, bottom, at[0], grey.shape[0]), (left, right, at[1], grey.shape[1])):
        first = int(np.floor((middle + low - margin) / pixel_mm))
        last = int(np.ceil((middle + high + margin) / pixel_mm))
        spans.append(slice(max(first, 0), max(min(last, n), 0)))
    part = (spans[0], spans[1])
    rows, columns = (max(s.stop - s.start, 0) for s in part)
    if not rows or not columns:
        return grey, np.zeros((0, 0), np.float32), part
    pitch = pixel_mm / fine
    start = tuple(s.start * pixel_mm + pitch / 2 - middle for s, middle in zip(part, at, strict=True))
    calcium = thickness(what, (rows * fine, columns * fine), pitch, (start[0], start[1]))
    calcium = ndimage.gaussian_filter(calcium, how.blur_mm / pitch)
    calcium = calcium.reshape(rows, fine, columns, fine).mean(axis=(1, 3))
    contrast = calcium * np.float32(how.mu / (1 + SCATTER))
    before = grey[part]
    added = (on_film if how.film else processed)(before, contrast) - before
    out = grey.copy()
    out[part] += added
    return out, added, part


def on_film(grey: Array, contrast: Array) -> Array:
    """The grey level where the exposure is smaller by `contrast`: the film's curve is a logistic one."""
    span = DARKEST - BRIGHTEST
    share = np.clip((DARKEST - grey * span - FOG) / DENSITIES, 0.01, 0.99)
    exposed = np.log(share / (1 - share)) / STEEP
    less = 1 / (1 + np.exp(-STEEP * (exposed - contrast)))
    out: Array = np.asarray(grey + (share - less) * (DENSITIES / span), np.float32)
    return out


def processed(grey: Array, contrast: Array) -> Array:
    """The same for the brightness of the phantom's vendors, who flatten what is bright."""
    out: Array = np.asarray(
        grey + np.clip(WHITE - grey, 0, None) * (1 - np.exp(-contrast / DENSE_TISSUE)), np.float32
    )
    return out


def noise_of(grey: Array, mask: NDArray[np.bool_], pixel_mm: float) -> float:
    """Standard deviation (robust) of what is left when the mean over 1 mm is taken away, inside the mask."""
    detail = grey - ndimage.gaussian_filter(grey, 1.0 / pixel_mm)
    inside = detail[mask]
    return float(1.4826 * np.median(np.abs(inside))) if len(inside) else 0.0


def speck_contrasts(
    what: Calcifications, added: Array, part: tuple[slice, slice], at: tuple[float, float], pixel_mm: float
) -> NDArray[np.float64]:
    """(k,) the largest grey level that each speck added to a pixel that it touches."""
    out = np.zeros(len(what.specks))
    for n, (row, column, size) in enumerate(what.specks):
        span = []
        for middle, s, length in zip((at[0] + row, at[1] + column), part, added.shape, strict=True):
            low, high = ((middle + sign * size / 2) / pixel_mm - s.start for sign in (-1, 1))
            span.append(slice(max(int(low), 0), min(int(high) + 1, length)))
        touched = added[span[0], span[1]]
        out[n] = touched.max() if touched.size else 0.0
    return out


def dirtied(rng: np.random.Generator, grey: Array) -> Array:
    """Dust, scratches, markers and writing on a film: sharp to the pixel, and of no attenuation."""
    out = grey.copy()
    rows, columns = grey.shape
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(1, 4))):
            r, c = int(rng.integers(rows)), int(rng.integers(columns))
            out[r : r + int(rng.integers(1, 3)), c : c + int(rng.integers(1, 3))] += rng.choice(
                [-0.3, 0.2, 0.6]
            )
    if rng.random() < 0.2:
        _scratch(rng, out)
    if rng.random() < 0.12:
        _writing(rng, out)
    if rng.random() < 0.1:
        y, x = np.ogrid[:rows, :columns]
        radius = rng.uniform(0.02, 0.05) * rows / 2
        out[(y - rng.integers(rows)) ** 2 + (x - rng.integers(columns)) ** 2 <= radius**2] = 1.4
    return out


def _scratch(rng: np.random.Generator, out: Array) -> None:
    n = int(rng.integers(20, 120))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.01, n))
    r = rng.integers(out.shape[0]) + np.cumsum(np.sin(heading))
    c = rng.integers(out.shape[1]) + np.cumsum(np.cos(heading))
    inside = (r >= 0) & (r < out.shape[0]) & (c >= 0) & (c < out.shape[1]) & (rng.random(n) < 0.9)
    out[r[inside].astype(int), c[inside].astype(int)] += rng.choice([-0.15, 0.1, 0.3])


def _writing(rng: np.random.Generator, out: Array) -> None:
    """Letters of five by seven strokes, as no alphabet has them."""
    size, count = int(rng.integers(1, 4)), int(rng.integers(2, 7))
    line = np.zeros((7, 6 * count), bool)
    for k in range(count):
        line[:, 6 * k : 6 * k + 5] = rng.random((7, 5)) < 0.45
    line = np.kron(line, np.ones((size, size), bool))
    if rng.random() < 0.5:
        line = line.T
    r, c = (int(rng.integers(max(n - m, 1))) for n, m in zip(out.shape, line.shape, strict=True))
    part = out[r : r + line.shape[0], c : c + line.shape[1]]
    part[line[: part.shape[0], : part.shape[1]]] = rng.uniform(1.0, 1.5)
