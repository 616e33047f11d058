"""The procedural chest: a background for training, and a whole CT with nodules of known place and size.

Seeds are reserved, so that nothing is ever tested on what it was trained on: see the ranges below. The
background and the whole chest of one seed are two patients. One seed gives one picture, bit by bit, on one
machine; on another a few voxels may round differently.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.cases import Case, Grid, TruthLesion
from inference.phantom.anatomy import anatomy
from inference.phantom.fields import Lattice, coarse_lattice
from inference.phantom.lesions import Placed, Request, place_nodules
from inference.phantom.scanner import Scan
from inference.phantom.scene import Picture, Progress, Scene, take
from inference.phantom.torso import Build
from inference.phantom.vasculature import vasculature

GENERATOR = 1
"""Rises with every change that makes another picture of a seed."""
DEMO_SEED = 7
"""The demonstration study, a whole chest."""
TRAINING_SEEDS = range(10_000)
EVALUATION_SEEDS = range(90_000, 90_100)
"""Backgrounds into which held-back nodules are implanted."""
DEMONSTRATION_SEEDS = range(95_000, 95_100)
"""Whole chests with nodules of their own."""

MISTAKE_SEEDS = range(96_000, 96_100)
"""Chests and breasts on which a model's mistakes are shown: nothing is learnt or measured there."""

TABLE_MM = 210.0
"""The patient's origin lies so far above the phantom's."""


@dataclass(frozen=True, slots=True)
class Background:
    """A chest without nodules, 1 mm isotropic, index order (z, y, x), z rising to the head.

    hu    int16, HU
    lung  bool: the pleural spaces, with all vessels and airways in them
    """

    hu: NDArray[np.int16]
    lung: NDArray[np.bool_]


def chest_background(seed: int, *, shape_mm: tuple[int, int, int] = (230, 250, 320)) -> Background:
    """A chest for training: random build, trees, disease and scanner; some 8 s on one core."""
    rng = np.random.default_rng([seed, 1])
    build, scan = Build.random(rng), Scan.random(rng)
    low = float(rng.uniform(-12, max(build.height - 210, 0)))
    lattice = Lattice((low, -(shape_mm[1] - 1) / 2, -(shape_mm[2] - 1) / 2), (1.0, 1.0, 1.0), shape_mm)
    patient = anatomy(rng, build, coarse_lattice((-25.0, -130.0, -165.0), (265.0, 130.0, 165.0)))
    scene = Scene(patient, vasculature(rng, patient, 520), (), scan, seed, table=False)
    picture = take(scene, lattice, slab=120)
    return Background(picture.hu, picture.lung)


def chest(
    seed: int,
    *,
    nodules: int = 6,
    sizes_mm: tuple[float, float] = (4.0, 20.0),
    spacing_mm: tuple[float, float, float] = (1.0, 0.7, 0.7),
    shape: tuple[int, int, int] = (300, 512, 512),
    scan: Scan | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> Case:
    """A whole chest CT with known nodules.

    spacing_mm, shape   (slices, rows, columns); slices rise to the head and end above the apices
    sizes_mm            range of the diameters (sphere of the same volume), evenly over the logarithm
    scan                the protocol; random where None
    workers             threads; the picture does not depend on them
    progress            called with the share done, 0 to 1
    """
    rng = np.random.default_rng([seed, 2])
    build, protocol = Build.random(rng), scan or _protocol(rng)
    lattice = _lattice(build, spacing_mm, shape)
    low = (min(lattice.start[0], -30.0) - 5, -150.0, -200.0)
    patient = anatomy(rng, build, coarse_lattice(low, (build.height + 45, 150.0, 200.0)))
    vessels = vasculature(rng, patient, 900)
    heights = (lattice.start[0], lattice.start[0] + lattice.extent(0))
    placed = place_nodules(rng, patient, vessels, Request(nodules, sizes_mm, heights))
    scene = Scene(patient, vessels, placed, protocol, seed, table=True)
    return _case(seed, scene, lattice, take(scene, lattice, workers=workers, progress=progress))


def demonstration_case(seed: int) -> Case:
    """One of the chests by which a detector is judged: six nodules of 6 to 20 mm, a random protocol."""
    return chest(seed, sizes_mm=(6.2, 20.0), spacing_mm=(1.5, 0.8, 0.8), shape=(190, 360, 440))


def _protocol(rng: np.random.Generator) -> Scan:
    """A thin series as screening makes it."""
    return Scan(
        noise_hu=float(rng.uniform(16, 34)),
        blur_mm=float(rng.uniform(0.4, 0.6)),
        thickness_mm=float(rng.uniform(1.0, 2.0)),
        grain=float(rng.uniform(0.6, 0.95)),
    )


def _lattice(build: Build, step: tuple[float, float, float], shape: tuple[int, int, int]) -> Lattice:
    """Ends 16 mm above the apices; the back and the table stay in the field of view."""
    top = build.height + 16
    middle = 12.0
    start = (
        top - (shape[0] - 1) * step[0],
        middle - (shape[1] - 1) * step[1] / 2,
        -(shape[2] - 1) * step[2] / 2,
    )
    return Lattice(start, step, shape)


def _case(seed: int, scene: Scene, lattice: Lattice, picture: Picture) -> Case:
    grid = Grid(
        origin_mm=(lattice.start[2], lattice.start[1], lattice.start[0] - TABLE_MM),
        axes=((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
        spacing_mm=lattice.step,
        shape=lattice.shape,
        frame_of_reference_uid=phantom_uid(seed, "frame of reference"),
    )
    numbers = range(1, len(scene.nodules) + 1)
    lesions = tuple(_lesion(n, scene.nodules[n - 1], picture.mask, grid) for n in numbers)
    meta = _meta(seed, scene)
    return Case(picture.hu, grid, f"phantom-{seed}", (), lesions, picture.mask, meta)


def _lesion(number: int, placed: Placed, mask: NDArray[np.uint8], grid: Grid) -> TruthLesion:
    """Centre and diameter of what is in the mask: the part of the nodule that lies in the lung.

    A nodule that lies between the voxels of a very coarse grid keeps its nominal ones.
    """
    index = np.argwhere(mask == number)
    z, y, x = placed.centre.tolist()
    z -= TABLE_MM
    volume = np.pi / 6 * placed.nodule.diameter**3
    if len(index):
        x, y, z = grid.index_to_patient(index.mean(axis=0)).tolist()
        volume = len(index) * float(np.prod(grid.spacing_mm))
    return TruthLesion(
        id=f"N{number}",
        center_lps_mm=(round(x, 2), round(y, 2), round(z, 2)),
        diameter_mm=round(float(np.cbrt(6 * volume / np.pi)), 2),
        texture=placed.nodule.kind,
    )


def _meta(seed: int, scene: Scene) -> dict[str, str]:
    scan = scene.scan
    kernel = "PHANTOM SHARP" if scan.blur_mm < 0.5 else "PHANTOM STANDARD"
    sites = {f"N{n}": f"{p.site}; {p.nodule.hu:.0f} HU" for n, p in enumerate(scene.nodules, start=1)}
    return {
        "Modality": "CT", "Manufacturer": "Tandem", "ManufacturerModelName": "Procedural chest",
        "KVP": "120", "ConvolutionKernel": kernel, "SliceThickness": f"{scan.thickness_mm:.2f}",
        "ContrastBolusAgent": "Phantom" if scene.patient.build.blood > 100 else "",
        "NoiseHU": f"{scan.noise_hu:.1f}", "Seed": str(seed), **sites,
    }  # fmt: skip


def phantom_uid(seed: int, what: str) -> str:
    """A DICOM UID (2.25., PS3.5 B.2) that depends on nothing but seed and purpose."""
    digest = hashlib.sha256(f"tandem procedural chest {seed} {what}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big') >> 1}"
