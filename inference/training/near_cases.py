"""`python -m inference.training.near_cases BUNDLE --data DATA --out DIR`: cases like this one, for a bundle.

Takes the findings that the bundle learnt from, as its own networks see them, and writes the bundle with them
into DIR/bundle. How well the nearest tell the outcome is measured on patients that are left out.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from rich.console import Console

from inference.bundle import CARD, DETECT_2D, DETECT_3D, WEIGHTS, Bundle, BundleError, load_bundle
from inference.near_cases import K
from inference.training.mammography.near_masses import masses_of
from inference.training.near_bank import Material, with_near_cases
from inference.training.near_nodules import nodules_of

Say = Callable[[str], None]


def material_of(bundle: Bundle, folder: Path, data: Path, out: Path, device: str, say: Say) -> Material:
    """By the bundle's task. Raises BundleError where there is none for it."""
    if bundle.task == DETECT_3D and bundle.characteristics is not None:
        return nodules_of(bundle, folder, data, out, device, say)
    if bundle.task == DETECT_2D:
        return masses_of(bundle, folder, data, device, say)
    raise BundleError(f"{folder}: task '{bundle.task}' has no findings with a known outcome to compare with")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 where bundle or data cannot be used."""
    out = argparse.ArgumentParser(prog="python -m inference.training.near_cases", description=__doc__)
    out.add_argument("bundle", type=Path, help="folder of a bundle that finds nodules or masses")
    out.add_argument("--data", type=Path, required=True, help="folder of the data set ct_chest or mg")
    out.add_argument("--out", type=Path, required=True, help="folder for the bundle, and for outlines")
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    out.add_argument("--threads", type=int, default=1)
    options = out.parse_args(arguments)
    torch.set_num_threads(options.threads)
    console = Console(stderr=True)
    try:
        bundle = load_bundle(options.bundle, verify=True)
        material = material_of(
            bundle, options.bundle, options.data, options.out, options.device, console.print
        )
        folder = options.out / "bundle"
        folder.mkdir(parents=True, exist_ok=True)
        for name in (WEIGHTS, CARD):
            shutil.copyfile(options.bundle / name, folder / name)
        made = with_near_cases(bundle, folder, material)
    except (BundleError, OSError, ValueError) as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 2
    auc = made.near_cases.auc if made.near_cases is not None else float("nan")
    console.print(f"{made.id} {made.version} is in {folder}; AUC of the {K} nearest {auc:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
