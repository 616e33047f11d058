"""`python -m inference.install SOURCE --out FOLDER`: what `tandem models install` starts, in limits."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

REFUSED = 4
"""Exit code, as `tandem` has it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the bundle is in its folder; `REFUSED`, with one line, where it is not."""
    out = argparse.ArgumentParser(prog="python -m inference.install", description=__doc__)
    out.add_argument("source", type=Path)
    out.add_argument("--out", type=Path, required=True, help="an empty folder")
    out.add_argument(
        "--config", type=Path, help="a description (tandem.toml) that stands before the source's"
    )
    options = out.parse_args(arguments)
    from inference.install import Refused
    from inference.install.install import install
    from inference.install.limits import limit, size_of

    try:
        limit(size_of(options.source) if options.source.exists() else 0)
        install(options.source, options.out, options.config, lambda line: print(line, flush=True))
    except Refused as error:
        print(error, file=sys.stderr)
        return REFUSED
    except MemoryError:
        print(f"{options.source.name} needs more memory than its size allows for: refused", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
