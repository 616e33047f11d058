"""`python -m tests.bench [--json FILE] [NAME ...]`: how fast Tandem is here, beside a peer of the same run.

Each module of `MODULES` has `ROWS`, functions that measure and return one `Row`. Nothing here asserts.
"""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

MODULES = (
    "startup",
    "volumes",
    "second_read",
    "reads",
    "display",
    "mammograms",
    "exams",
    "blocking",
)


def main() -> int:
    """Measure the named rows (all of them without a name), print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write {'rows': [...]} there")
    parser.add_argument("names", nargs="*", help="only rows whose name begins so")
    options = parser.parse_args()
    rows = [print_row(measure()) for measure in measures(tuple(options.names))]
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")
    return 0


def measures(prefixes: tuple[str, ...]) -> Iterator[Callable[[], dict]]:
    """The measuring functions; each is named after its row."""
    for name in MODULES:
        for measure in importlib.import_module(f"tests.bench.{name}").ROWS:
            if not prefixes or measure.__name__.startswith(prefixes):
                yield measure


def print_row(row: dict) -> dict:
    """One line of the table, as soon as it is known."""
    peer = f"{row['peer']:10.3f} {row['peer_name']}" if row["peer"] is not None else ""
    print(f"{row['name']:<30} {row['value']:10.3f} {row['unit']:<6} {peer}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
