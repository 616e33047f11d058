"""Which marks of a film hit which of its masses."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.cases import TruthMark
from inference.evidence.marks import match_boxes

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
    ordered = [*wanted, *(t for t in truth if t not in wanted)]
    low = [(top, left) for left, top, _, _ in (t.box for t in ordered)]
    high = [(bottom, right) for _, _, right, bottom in (t.box for t in ordered)]
    return match_boxes(centres, low, high, np.arange(len(ordered)) >= len(wanted))
