"""Which processor reads, with how much memory; how politely it runs beside the desk."""

import ctypes
import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import psutil


class NoDevice(Exception):
    """The wanted device is not here; one sentence."""


@dataclass(frozen=True, slots=True)
class Device:
    """`name` as torch spells it ("cpu", "cuda:0"), its memory, and the software that drives it.

    others  further devices of the kind, each for a worker of its own
    """

    name: str
    memory_bytes: int
    software: str
    others: tuple[str, ...] = ()


def be_polite(threads: int, niceness: int) -> None:
    """At most `threads` computing threads, priority lowered by `niceness`. Call before torch is loaded.

    Threads that wait for each other sleep: where other programs want the cores too, spinning costs more than
    the computing.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if hasattr(os, "nice"):
        os.nice(niceness)
    elif sys.platform == "win32" and niceness:
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)


def choose(wanted: str) -> Device:
    """The device for "auto" (CUDA where there is one, else CPU), "cuda", "cuda:1", "cpu". Or `NoDevice`."""
    software = f"tandem {_version('tandem')}, torch {_version('torch')}"
    if wanted != "cpu":
        cuda = _cuda(wanted, software)
        if cuda is not None:
            return cuda
        if wanted != "auto":
            raise NoDevice(f"device '{wanted}' is not here: no CUDA driver answers; use --device cpu")
    return Device("cpu", psutil.virtual_memory().total, software)


def _cuda(wanted: str, software: str) -> Device | None:
    """The first CUDA device, or the one that was named. torch, slow to load, is asked only with a driver."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    import torch

    names = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if not names or (wanted not in ("auto", "cuda") and wanted not in names):
        return None
    name, *others = [wanted] if wanted in names else names
    memory = torch.cuda.get_device_properties(name).total_memory
    return Device(name, memory, f"{software}, {torch.cuda.get_device_name(name)}", tuple(others))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
