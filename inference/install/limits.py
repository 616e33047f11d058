"""Limits of the process that reads a foreign file: memory, time, size of what it writes."""

import sys
from pathlib import Path

import psutil

SPARE_BYTES = 4 << 30
SECONDS = 900
"""Processor time of an installation; the largest network's dry run takes a fraction of it."""


def limit(size: int) -> None:
    """Bound this process for a file of `size` bytes; call once torch is loaded. Windows has none."""
    if sys.platform == "win32":
        return
    import resource

    here = psutil.Process().memory_info().vms
    _at_most(resource.RLIMIT_AS, here + 4 * size + SPARE_BYTES)
    _at_most(resource.RLIMIT_CPU, SECONDS)
    _at_most(resource.RLIMIT_FSIZE, 2 * size + (64 << 20))
    _at_most(resource.RLIMIT_CORE, 0)


def _at_most(kind: int, value: int) -> None:
    import resource

    _, hard = resource.getrlimit(kind)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (bound, hard))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files)
