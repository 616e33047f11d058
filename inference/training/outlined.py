"""Nodules of LIDC crops as rows of features: outlined by their readers, or by a bundle's own network."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.cases import Grid
from inference.pipelines.candidates import Found
from inference.pipelines.detect3d import Detect3D
from inference.pipelines.lungs import find_lungs
from inference.pipelines.nodule_features import MARGIN, SIZE, nodule_features, patch_round
from inference.pipelines.working_grid import Resampled
from inference.training.backgrounds import phantom_background
from inference.training.ct_chest import Nodule, Part, nodules, part
from inference.training.detector import Report
from inference.training.harvest import hit_by, with_implants
from inference.training.implants import Implant, posed
from inference.training.prepare import texture_name

Array = NDArray[np.float64]

KINDS = ("solid", "part-solid", "non-solid")
CONCEPTS: dict[str, tuple[str, ...]] = {
    "subtlety": ("very subtle", "subtle", "fairly subtle", "fairly obvious", "obvious"),
    "calcification": ("popcorn", "laminated", "solid", "not central", "central", "absent"),
    "sphericity": ("linear", "between linear and ovoid", "ovoid", "between ovoid and round", "round"),
    "margin": ("poorly defined", "rather poorly", "medium", "rather sharp", "sharp"),
    "lobulation": ("none", "slight", "medium", "much", "marked"),
    "spiculation": ("none", "slight", "medium", "much", "marked"),
    "texture": ("ground glass", "mostly ground glass", "part-solid", "mostly solid", "solid"),
}
"""Ratings of LIDC-IDRI with the words of their points (Armato et al. 2011); those in between are ours."""
PER_CHEST = 34
SEEDS = {Part.HELD_BACK: 90100, Part.TRAINING: 1500}
"""First chest of implants of held-back patients, and of all others."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """One row a nodule.

    features  (n, k) by `names`; patient: of each row; of_readers: whose outline it is
    kind      index in `KINDS`; ratings, medians: (n, concepts), means and medians over the readers
    malignancy  median of the readers, 1 to 5; diameter_mm: of the readers' sphere; held_back: of the split
    """

    names: tuple[str, ...]
    features: Array
    patient: tuple[str, ...]
    of_readers: NDArray[np.bool_]
    kind: NDArray[np.intp]
    ratings: Array
    medians: Array
    malignancy: Array
    diameter_mm: Array
    held_back: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.features)

    @property
    def size(self) -> Array:
        """Logarithm of the diameter in mm, as outlined."""
        return self.features[:, self.names.index(SIZE)]

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Readers lean one way."""
        return np.asarray(self.malignancy != 3)

    @property
    def suspicious(self) -> NDArray[np.bool_]:
        """Rated above 3."""
        return np.asarray(self.malignancy > 3)

    def only(self, rows: NDArray[np.bool_]) -> "Outlined":
        """Some of the rows."""
        kept = np.flatnonzero(rows)
        arrays: dict[str, Any] = {name: getattr(self, name)[kept] for name in _ARRAYS}
        patient = tuple(self.patient[k] for k in kept)
        return replace(self, features=self.features[kept], patient=patient, **arrays)


_ARRAYS = ("of_readers", "kind", "ratings", "medians", "malignancy", "diameter_mm", "held_back")


def joined(parts: Sequence[Outlined]) -> Outlined:
    """All rows."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(p, name) for p in parts]) for name in ("features", *_ARRAYS)
    }
    return replace(parts[0], patient=tuple(name for p in parts for name in p.patient), **arrays)


def by_readers(data: Path) -> Outlined:
    """Every native crop, with the outline on which half of its readers agree."""
    rows = [
        (nodule.id, measured)
        for side in Part
        for nodule in nodules(data, side, cubes=False)
        if (measured := _of_mask(nodule.hu, nodule.mask >= 0.5)) is not None
    ]
    return _outlined(data, [name for name, _ in rows], [measured for _, measured in rows], of_readers=True)


def by_network(
    bundle: Bundle, folder: Path, data: Path, out: Path, device: str, report: Report, chests: int = 0
) -> Outlined:
    """The same crops implanted into procedural chests, as the bundle outlines them.

    The outlines are kept in `out`, chest by chest, and found again there as long as the weights are the same.
    `chests`: the first so many only; 0 = all. Raises ValueError where the bundle finds none of the nodules.
    """
    pipeline = Detect3D.load(bundle, folder, device)
    out.mkdir(parents=True, exist_ok=True)
    planned = list(_planned(data))[: chests or None]
    rows: list[Patch] = []
    for done, (seed, number, share) in enumerate(planned, start=1):
        kept = out / f"outlined_{seed}.npz"
        found = found_again(kept, bundle.sha256)
        if found is None:
            found = _implanted(pipeline, share, seed, number)
            keep(kept, bundle.sha256, found)
        report(done, len(planned), {})
        rows += found
    measured = [(name, row) for name, hu, mask in rows if (row := nodule_features(hu, mask)) is not None]
    if not measured:
        tried = sum(len(share) for _, _, share in planned)
        raise ValueError(f"{bundle.id} finds none of the {tried} nodules in {len(planned)} chests")
    return _outlined(data, [name for name, _ in measured], [row for _, row in measured], of_readers=False)


def _planned(data: Path) -> Iterator[tuple[int, int, list[Nodule]]]:
    """Seed of a chest, its number among those of its side of the split, and its nodules."""
    for side, first in SEEDS.items():
        sides = (Part.HELD_BACK,) if side is Part.HELD_BACK else (Part.CALIBRATION, Part.TRAINING)
        library = [nodule for one in sides for nodule in nodules(data, one, cubes=False)]
        library.sort(key=lambda nodule: nodule.id)
        order = np.random.default_rng([77, 0, side is Part.HELD_BACK]).permutation(len(library))
        chests = -(-len(library) // PER_CHEST)
        for number in range(chests):
            yield first + number, number, [library[int(k)] for k in order[number::chests]]


Patch = tuple[str, NDArray[np.float32], NDArray[np.bool_]]
"""Whose nodule; Hounsfield units and outline of the box round it, of one shape (z, y, x)."""


def _implanted(pipeline: Detect3D, share: Sequence[Nodule], seed: int, number: int) -> list[Patch]:
    """The nodules of `share` that the networks find in a chest."""
    background = phantom_background(seed)
    used: list[Nodule] = []

    def draw(rng: np.random.Generator) -> Implant:
        used.append(share[len(used)])
        return posed(rng, used[-1])

    rng = np.random.default_rng([78, 0, number])
    hu, _, placed = with_implants(rng, background, draw, len(share) / background.litres)
    real = hu.astype(np.float32)
    axes = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    grid = Grid((0.0, 0.0, 0.0), axes, (1.0, 1.0, 1.0), (hu.shape[0], hu.shape[1], hu.shape[2]))
    volume = Resampled(real, np.ones(hu.shape, bool), grid)
    detection = pipeline.detect(volume, find_lungs(real), lambda _done, _doing: None)
    best: dict[int, Found] = {}
    for found in detection.found:  # the most probable first
        hit = hit_by(found.centre, placed)
        if hit is not None:
            best.setdefault(hit, found)
    return [
        (used[k].id, patch_round(real, found.start, found.mask.shape), np.pad(found.mask, MARGIN))
        for k, found in best.items()
        if found.mask.size
    ]


def keep(path: Path, sha256: str, rows: Sequence[Patch]) -> None:
    """Outlines that the weights of that hash made."""
    partial = path.with_suffix(".part.npz")
    arrays: dict[str, NDArray[Any]] = {"weights": np.array(sha256)}
    arrays["id"] = np.array([name for name, *_ in rows], np.str_)
    for k, (_, hu, mask) in enumerate(rows):
        arrays |= {f"hu_{k}": hu, f"mask_{k}": mask}
    np.savez(partial, allow_pickle=False, **arrays)
    partial.replace(path)


def found_again(path: Path, sha256: str) -> list[Patch] | None:
    """None where nothing is kept, or outlines of other weights."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        if str(arrays["weights"]) != sha256:
            return None
        names = arrays["id"].tolist()
        return [(name, arrays[f"hu_{k}"], arrays[f"mask_{k}"]) for k, name in enumerate(names)]


def _of_mask(hu: NDArray[np.float32], mask: NDArray[np.bool_]) -> dict[str, float] | None:
    where = np.argwhere(mask)
    if not len(where):
        return None
    low, size = where.min(axis=0), np.ptp(where, axis=0) + 1
    box = tuple(slice(int(a), int(a + n)) for a, n in zip(low, size, strict=True))
    start, shape = tuple(int(v) for v in low), tuple(int(v) for v in size)
    return nodule_features(patch_round(hu, start, shape), np.pad(mask[box], MARGIN))


def _outlined(
    data: Path, names: Sequence[str], measured: Sequence[dict[str, float]], *, of_readers: bool
) -> Outlined:
    """With what the readers said of these nodules."""
    with (data / "nodules_native" / "index.csv").open(encoding="utf-8", newline="") as file:
        said = {row["nodule"]: row for row in csv.DictReader(file)}
    rows = [said[name] for name in names]
    features = list(measured[0])
    return Outlined(
        names=tuple(features),
        features=np.array([[row[name] for name in features] for row in measured]),
        patient=tuple(row["patient"] for row in rows),
        of_readers=np.full(len(rows), of_readers),
        kind=np.array([KINDS.index(texture_name(float(row["texture"]))) for row in rows]),
        ratings=np.array([[_mean(row[f"{name}_readers"]) for name in CONCEPTS] for row in rows]),
        medians=np.array([[float(row[name]) for name in CONCEPTS] for row in rows]),
        malignancy=np.array([float(row["malignancy"]) for row in rows]),
        diameter_mm=np.array([float(row["equiv_diameter_mm"]) for row in rows]),
        held_back=np.array([part(row["patient"]) is Part.HELD_BACK for row in rows]),
    )


def _mean(readers: str) -> float:
    return float(np.mean([float(value) for value in readers.split("|")]))
