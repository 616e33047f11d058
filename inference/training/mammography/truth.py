"""Which marks of a film hit which of its masses."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.cases import TruthMark
from inference.evidence.marks import FALSE, IGNORED

RULES = (
    "A mark hits when its centre lies in the box of a mass; its best mark counts. Marks in a marked region "
    "of calcifications count neither way."
)

Centre = tuple[float, float]


def masses(truth: Sequence[TruthMark]) -> tuple[TruthMark, ...]:
    """Those that count."""
    return tuple(t for t in truth if t.kind == "mass" and not t.ignore)


def hits(centres: Sequence[Centre], truth: Sequence[TruthMark]) -> NDArray[np.int64]:
    """Of marks, best first, in stored pixels: the number of the mass in `masses(truth)`, FALSE or IGNORED."""
    wanted = masses(truth)
    others = [t for t in truth if t not in wanted]
    out = np.full(len(centres), FALSE, np.int64)
    taken: set[int] = set()
    for k, centre in enumerate(centres):
        own = [n for n, mass in enumerate(wanted) if _within(centre, mass)]
        free = [n for n in own if n not in taken]
        if free:
            out[k] = min(free, key=lambda n: _far(centre, wanted[n]))
            taken.add(int(out[k]))
        elif own or any(_within(centre, other) for other in others):
            out[k] = IGNORED
    return out


def _within(centre: Centre, truth: TruthMark) -> bool:
    left, top, right, bottom = truth.box
    row, column = centre
    return left <= column <= right and top <= row <= bottom


def _far(centre: Centre, truth: TruthMark) -> float:
    left, top, right, bottom = truth.box
    return float(np.hypot(centre[0] - (top + bottom) / 2, centre[1] - (left + right) / 2))
