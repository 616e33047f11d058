"""A worker whose model is tiny but true: `python -m tests.inference.worker.tiny`.

It marks the brightest voxel. `meta["do"]` makes it misbehave in the ways that a model can.
"""

import math
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from inference.pipelines import Read
from inference.protocol import ArrayRef, Candidate, Characteristic, Domain, OperatingPoint, Patch, Score
from inference.worker.serve import main

POINT = OperatingPoint("balanced", 0.5, 1.0, "false marks per litre")
LABEL = "lung nodule"


class Brightest:
    def read(self, case, out, progress):
        meta = case.meta
        progress(0.1, "looking")
        do = meta.get("do", "")
        if do:
            MISDEEDS[do](meta, progress)
        peak = np.unravel_index(int(np.argmax(case.hu)), case.hu.shape)
        start = tuple(int(min(max(i - 1, 0), n - 1)) for i, n in zip(peak, case.hu.shape, strict=True))
        centre = tuple(case.grid.index_to_patient(peak).tolist())
        candidates = tuple(
            Candidate(
                id=f"c{n}",
                label=LABEL,
                probability=math.nan if do == "nan" else 0.9 / (n + 1),
                score=2.0 - n,
                above_operating_point=0.9 / (n + 1) >= POINT.threshold,
                center_lps_mm=centre,
                diameter_mm=9.1,
                long_axis_mm=10.0,
                short_axis_mm=8.2,
                long_axis_ends=(centre, (centre[0] + 10, centre[1], centre[2])),
                short_axis_ends=(centre, (centre[0], centre[1] + 8.2, centre[2])),
                volume_mm3=390.0,
                characteristics={"texture": Characteristic("part-solid", 0.7)},
                mask=_patch(out, f"mask_{n}.npy", np.ones((2, 2, 2), np.uint8), start),
                heat=_patch(out, f"heat_{n}.npy", np.full((2, 2, 2), 0.5, np.float32), start),
            )
            for n in range(int(meta.get("candidates", "1")))
        )
        progress(1.0, "done")
        if do == "not run":
            return Read(status="not_run", reason="no lung found in this series")
        return Read(status="done", operating_point=POINT, domain=Domain("in", 0.1, ()), candidates=candidates)


def _patch(out, name, array, start):
    path = Path(out) / name
    np.save(path, array, allow_pickle=False)
    return Patch(array=ArrayRef(path=str(path), dtype=str(array.dtype), shape=array.shape), start=start)


def _long(meta, progress):
    for step in range(600):
        time.sleep(0.05)
        progress(step / 600, "still looking")


def _hang(meta, progress):
    time.sleep(3600)


def _die(meta, progress):
    os.kill(os.getpid(), signal.SIGKILL)


def _die_once(meta, progress):
    marker = Path(meta["marker"])
    if not marker.exists():
        marker.touch()
        _die(meta, progress)


def _print(meta, progress):
    print("a library that talks")
    os.write(1, b"a native library that talks\n")


def _memory(meta, progress):
    raise MemoryError


def _break(meta, progress):
    raise ValueError("a surprise\nwith a second line")


def _nothing(meta, progress):
    pass


MISDEEDS = {
    "long": _long,
    "hang": _hang,
    "die": _die,
    "die once": _die_once,
    "print": _print,
    "memory": _memory,
    "break": _break,
    "nan": _nothing,
    "not run": _nothing,
}


class BySlice:
    """Says of each slice, and of all, how much of it is dense; of the densest place nothing but its heat."""

    def read(self, case, out, progress):
        progress(0.1, "looking")
        dense = [float(min(1.0, 4 * np.mean(plane > 0))) for plane in case.hu]
        return Read(
            status="done",
            operating_point=POINT,
            domain=Domain("in", 0.1, ()),
            scores=(
                Score("study", "dense", max(dense)),
                *(Score("image", "dense", p, frame=k) for k, p in enumerate(dense)),
            ),
        )


def open_tiny(folder, sha256, device):
    return BySlice() if Path(folder).name == "by_slice" else Brightest()


if __name__ == "__main__":
    sys.exit(main(open_model=open_tiny, warm=False))
