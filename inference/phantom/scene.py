"""A patient on the scanner's table, and the CT picture that comes out: painted, blurred, made noisy."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.phantom.anatomy import Anatomy
from inference.phantom.fields import Lattice, Reader, union
from inference.phantom.layers import paint
from inference.phantom.lesions import Placed
from inference.phantom.nodule import blend, render
from inference.phantom.scanner import Scan, add_noise, blur, halo, noise_map, paint_table
from inference.phantom.trees import Branch, paint_tubes
from inference.phantom.vasculature import Vasculature

Progress = Callable[[float], None]
WALL_MM = 0.8


@dataclass(frozen=True, slots=True)
class Scene:
    """What is in the scanner. `noise_seed` starts the noise of every slice; `table` is false for bare air."""

    patient: Anatomy
    vessels: Vasculature
    nodules: tuple[Placed, ...]
    scan: Scan
    noise_seed: int
    table: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Index order (z, y, x). `hu` int16; `lung` the pleural spaces; `mask` the number of the nodule or 0."""

    hu: NDArray[np.int16]
    lung: NDArray[np.bool_]
    mask: NDArray[np.uint8]


def take(
    scene: Scene, lattice: Lattice, *, slab: int = 24, workers: int = 1, progress: Progress | None = None
) -> Picture:
    """The picture on `lattice`, made in slabs of slices on some threads; the same whatever these are."""
    out = Picture(
        np.empty(lattice.shape, np.int16),
        np.zeros(lattice.shape, np.bool_),
        np.zeros(lattice.shape, np.uint8),
    )
    reader = Reader(scene.patient.coarse, lattice)
    starts = range(0, lattice.shape[0], slab)
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_slab, scene, lattice, reader, out, k, k + slab) for k in starts]
        for n, job in enumerate(as_completed(jobs)):
            job.result()
            if progress is not None:
                progress((n + 1) / len(jobs))
    return out


def _slab(scene: Scene, lattice: Lattice, reader: Reader, out: Picture, first: int, last: int) -> None:
    """Slices `first` to `last` - 1 of `out`; a few beside them are painted too, as the profile needs them."""
    last = min(last, lattice.shape[0])
    extra = halo(scene.scan, lattice.step)
    low, high = max(first - extra, 0), min(last + extra, lattice.shape[0])
    part = replace(
        lattice,
        start=(lattice.start[0] + low * lattice.step[0], *lattice.start[1:]),
        shape=(high - low, *lattice.shape[1:]),
    )
    hu = np.full(part.shape, -1000, np.float32)
    lung = np.zeros(part.shape, np.bool_)
    _paint_patient(scene, part, reader, low, hu, lung)
    mask = _paint_nodules(scene, part, hu, lung)
    blur(hu, scene.scan, lattice.step)
    own = slice(first - low, last - low)
    finished = hu[own]
    add_noise(finished, scene.scan, noise_map(scene.patient.build, lattice), scene.noise_seed, first)
    np.clip(finished, -1024, 3071, out=finished)
    out.hu[first:last] = np.rint(finished, out=finished)
    out.lung[first:last] = lung[own]
    out.mask[first:last] = mask[own]


def _paint_patient(
    scene: Scene, part: Lattice, reader: Reader, low: int, hu: NDArray[np.float32], lung: NDArray[np.bool_]
) -> None:
    patient = scene.patient
    whole = union(*patient.lungs)
    if scene.table:
        paint_table(hu, part, patient.build)
    for k, plane in enumerate(hu):
        for layer in patient.layers:
            paint(reader, layer, low + k, plane, part.step[1])
        box = reader.reach(whole, low + k, 0.0)
        if box is not None:
            lung[k][box] = reader.plane(whole, low + k, box) < 0
    vessels = scene.vessels
    _paint_tubes(hu, part, vessels.arteries + vessels.veins, patient.build.blood)
    _paint_tubes(hu, part, vessels.airways, -150.0, WALL_MM)
    _paint_tubes(hu, part, vessels.airways, -960.0)


def _paint_tubes(
    hu: NDArray[np.float32], part: Lattice, tubes: tuple[Branch, ...], value: float, grow_mm: float = 0.0
) -> None:
    """All tubes at once: their cover is gathered first, so that joints do not bead."""
    cover = np.zeros(part.shape, np.uint8)
    paint_tubes(cover, part, tubes, grow_mm)
    for plane, share in zip(hu, cover, strict=True):
        if share.any():
            plane += share * np.float32(1 / 255) * (np.float32(value) - plane)


def _paint_nodules(
    scene: Scene, part: Lattice, hu: NDArray[np.float32], lung: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    mask = np.zeros(part.shape, np.uint8)
    for number, placed in enumerate(scene.nodules, start=1):
        centre = part.index((placed.centre[0], placed.centre[1], placed.centre[2]))
        if (
            not -2 * placed.nodule.diameter
            < centre[0] * part.step[0]
            < part.extent(0) + 2 * placed.nodule.diameter
        ):
            continue
        offset = [part.start[n] + centre[n] * part.step[n] - placed.centre[n] for n in range(3)]
        patch = render(placed.nodule, part.step, (offset[0], offset[1], offset[2]))
        truth = blend(hu, patch, centre, lung)
        if truth is not None:
            mask[truth[0]][truth[1]] = number
    return mask
