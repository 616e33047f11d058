"""`python -m inference.training.prepare`: evaluation cases with known truth.

`implants`: held-back nodules in reserved procedural chests; `subsolid`: those that are not solid, many times;
`series`: the real series that are tests.
Demonstration chests are written by `python -m inference.phantom`.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from inference.cases import Case, Grid, TruthLesion, save_case
from inference.training.backgrounds import RESERVED_SEEDS, Background, phantom_background
from inference.training.ct_chest import TEST_SERIES, Nodule, Part, nodules, series_case
from inference.training.harvest import Placed, with_implants
from inference.training.implants import Implant, posed

IMPLANT_SEEDS, SUBSOLID_SEEDS = range(90000, 90003), range(90010, 90016)
PLACEMENTS, LEAST_MM = 12, 5.0
"""Of each held-back nodule that is not solid; smaller ones are not counted in the figures."""
_AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def texture_name(rating: float) -> str:
    """LIDC's texture rating as the type of a nodule; the borders are those of the facts on this data."""
    return "non-solid" if rating <= 2.4 else "part-solid" if rating < 3.9 else "solid"


def implant_cases(data: Path, seeds: Sequence[int], *, seed: int = 7) -> Iterator[tuple[str, Case]]:
    """Every held-back crop once, rotated but not scaled, spread evenly over the chests."""
    library = sorted(nodules(data, Part.HELD_BACK, cubes=False), key=lambda nodule: nodule.id)
    order = np.random.default_rng([seed, 6]).permutation(len(library))
    for number, chest_seed in enumerate(seeds):
        share = [library[int(k)] for k in order[number :: len(seeds)]]
        yield f"implants_{chest_seed}", implanted(phantom_background(chest_seed), share, seed)


def subsolid_cases(data: Path, seeds: Sequence[int], *, seed: int = 7) -> Iterator[tuple[str, Case]]:
    """Ground glass and part-solid crops `PLACEMENTS` times each, turned anew: few patients, many places."""
    library = [n for n in nodules(data, Part.HELD_BACK, cubes=False) if texture_name(n.texture) != "solid"]
    counted = sorted((n for n in library if n.diameter_mm >= LEAST_MM), key=lambda nodule: nodule.id)
    order = np.random.default_rng([seed, 8]).permutation(PLACEMENTS * len(counted))
    for number, chest_seed in enumerate(seeds):
        share = [counted[int(k) % len(counted)] for k in order[number :: len(seeds)]]
        yield f"subsolid_{chest_seed}", implanted(phantom_background(chest_seed), share, seed)


def implanted(background: Background, share: Sequence[Nodule], seed: int) -> Case:
    """One case: the nodules of `share` in a background, 1 mm voxels."""
    rng = np.random.default_rng([seed, 7, len(share)])
    used: list[Nodule] = []

    def draw(rng: np.random.Generator) -> Implant:
        used.append(share[len(used)])
        return posed(rng, used[-1])

    per_litre = len(share) / background.litres
    hu, numbers, placed = with_implants(rng, background, draw, per_litre)
    grid = Grid((0.0, 0.0, 0.0), _AXES, (1.0, 1.0, 1.0), (hu.shape[0], hu.shape[1], hu.shape[2]))
    lesions = tuple(_lesion(nodule, place, grid) for nodule, place in zip(used, placed, strict=True))
    meta = {"Modality": "CT", "SliceThickness": "1"}
    return Case(hu, grid, background.name, (), lesions, numbers, meta)


def _lesion(nodule: Nodule, place: Placed, grid: Grid) -> TruthLesion:
    x, y, z = (float(v) for v in grid.index_to_patient(place.centre))
    return TruthLesion(
        id=nodule.id,
        center_lps_mm=(x, y, z),
        diameter_mm=2 * place.radius_mm,
        texture=texture_name(nodule.texture),
        patient=nodule.patient,
    )


def _cases(kind: str, data: Path, seeds: Sequence[int]) -> tuple[Iterator[tuple[str, Case]], int]:
    if kind == "implants":
        return implant_cases(data, seeds), len(seeds)
    if kind == "subsolid":
        return subsolid_cases(data, seeds), len(seeds)
    return ((name, series_case(data, name)) for name in TEST_SERIES), len(TEST_SERIES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 for a seed that is not reserved."""
    out = argparse.ArgumentParser(prog="python -m inference.training.prepare", description=__doc__)
    out.add_argument("kind", choices=("implants", "subsolid", "series"))
    out.add_argument("--data", type=Path, required=True, help="folder of the data set ct_chest")
    out.add_argument("--out", type=Path, required=True, help="folder for the prepared cases")
    out.add_argument("--seeds", type=int, nargs="+", help="reserved seeds, 90000 to 99999")
    options = out.parse_args(arguments)
    seeds = options.seeds or list(SUBSOLID_SEEDS if options.kind == "subsolid" else IMPLANT_SEEDS)
    console = Console(stderr=True)
    if any(seed not in RESERVED_SEEDS for seed in seeds):
        console.print(
            f"Seeds are reserved for figures from {RESERVED_SEEDS[0]} to {RESERVED_SEEDS[-1]} only."
        )
        return 2
    made, count = _cases(options.kind, options.data, seeds)
    for name, case in track(made, "writing cases", total=count, console=console):
        save_case(case, options.out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
