"""Write demonstration chests as prepared cases: `python -m inference.phantom --out DIR`."""

import argparse
import sys
from pathlib import Path

from inference.cases import save_case
from inference.phantom.chest import DEMONSTRATION_SEEDS, demonstration_case


def _seeds(text: str) -> range:
    """'95000-95019' or '95003'; ValueError otherwise."""
    first, _, last = text.partition("-")
    out = range(int(first), int(last or first) + 1)
    if not out:
        raise ValueError(text)
    return out


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0. Cases that are there already stay."""
    parser = argparse.ArgumentParser(prog="python -m inference.phantom", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder that gets one folder per case")
    first = DEMONSTRATION_SEEDS.start
    parser.add_argument(
        "--seeds",
        type=_seeds,
        default=range(first, first + 20),
        help=f"a seed or first-last; default {first}-{first + 19}, the chests that figures are made on",
    )
    options = parser.parse_args(arguments)
    for seed in options.seeds:
        folder = options.out / f"chest_{seed}"
        if not (folder / "case.json").exists():  # written last
            save_case(demonstration_case(seed), folder)
        sys.stdout.write(f"{folder}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
