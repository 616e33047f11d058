"""`python -m inference.training.characterise BUNDLE --data CT_CHEST --out DIR`: type and concepts of nodules.

Fits `Bundle.characteristics` on LIDC crops, outlined by their readers and (implanted) by the network; writes
the bundle with them into DIR/bundle, and what they reach on patients left out into DIR/evaluation.json.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from rich.console import Console

from inference.bundle import CARD, WEIGHTS, Bundle, BundleError, load_bundle, save_bundle
from inference.training.characteristics import fit
from inference.training.characteristics_evaluate import evaluation
from inference.training.detector import Report
from inference.training.near_bank import with_near_cases
from inference.training.near_nodules import nodule_material
from inference.training.outlined import Outlined, by_network, by_readers, joined


def characterise(
    folder: Path, data: Path, out: Path, device: str, report: Report, chests: int = 0
) -> tuple[Bundle, Outlined]:
    """Give the bundle in `folder` its characteristics and its near cases; also the nodules that they rest on.

    Outlines are kept in `out`, of the first `chests` (0 = all). Raises as `by_network` and `by_readers`.
    """
    bundle = load_bundle(folder, verify=True)
    found = by_network(bundle, folder, data, out, device, report, chests)
    known = by_readers(data)
    nodules = joined([known, found])
    bundle = msgspec.structs.replace(bundle, characteristics=fit(nodules))
    bundle = save_bundle(bundle, folder, card=(folder / CARD).read_text(encoding="utf-8"))
    return with_near_cases(bundle, folder, nodule_material(known, found)), nodules


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 where bundle or data cannot be used."""
    out = argparse.ArgumentParser(prog="python -m inference.training.characterise", description=__doc__)
    out.add_argument("bundle", type=Path, help="folder of a bundle that finds lung nodules")
    out.add_argument("--data", type=Path, required=True, help="folder of the data set ct_chest")
    out.add_argument(
        "--out", type=Path, required=True, help="folder for outlines, bundle and evaluation.json"
    )
    out.add_argument("--version", help="of the bundle that is written (default: the same)")
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = out.parse_args(arguments)
    console = Console(stderr=True)
    try:
        bundle = load_bundle(options.bundle, verify=True)
        card = (options.bundle / CARD).read_text(encoding="utf-8")
        folder = options.out / "bundle"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(options.bundle / WEIGHTS, folder / WEIGHTS)
        named = options.version or bundle.version
        bundle = msgspec.structs.replace(bundle, version=named, near_cases=None)
        save_bundle(bundle, folder, card=card)

        def report(chest: int, chests: int, _losses: dict[str, float]) -> None:
            console.print(f"chest {chest} of {chests}")

        bundle, nodules = characterise(folder, options.data, options.out, options.device, report)
        result = evaluation(bundle, nodules)
        (options.out / "evaluation.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(result), indent=1)
        )
    except (BundleError, OSError, ValueError) as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 2
    console.print(
        f"{bundle.id} {bundle.version} is in {folder}; figures are in {options.out}/evaluation.json"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
