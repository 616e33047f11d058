"""Marks against truth: which mark hits which lesion, and what then counts as false."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FALSE, IGNORED = -1, -2


@dataclass(frozen=True, slots=True)
class Scored:
    """One case: the marks of a reader and the number of lesions to be found.

    scores    (marks,) higher is surer
    lesion    (marks,) index of the lesion that the mark hits first or best, FALSE, or IGNORED
    owners    (lesions,) whose each lesion is: bootstrap draws these; usually the case's patient throughout
    amount    what false marks are counted per: litres of lung, or 1 for a scan
    """

    patient: str
    scores: NDArray[np.float64]
    lesion: NDArray[np.int64]
    owners: tuple[str, ...]
    amount: float = 1.0


def match(
    centres: ArrayLike,
    scores: ArrayLike,
    lesions: ArrayLike,
    radius: ArrayLike,
    ignore: ArrayLike,
    *,
    strict: bool = False,
) -> NDArray[np.int64]:
    """For every mark the index of the lesion that it hits, FALSE or IGNORED.

    centres (marks, 3) and lesions (lesions, 3) in mm; a mark hits where the distance is at most `radius`
    (below it, if `strict`); the nearest lesion of several. Only the best mark of a lesion counts: others,
    and marks on lesions to `ignore`, are IGNORED.
    """
    at = np.asarray(centres, np.float64).reshape(-1, 3)
    truth = np.asarray(lesions, np.float64).reshape(-1, 3)
    out = np.full(len(at), FALSE, np.int64)
    if not len(truth) or not len(at):
        return out
    far = np.linalg.norm(at[:, None] - truth[None], axis=2)
    reach = np.asarray(radius, np.float64)[None]
    hits = far < reach if strict else far <= reach
    wanted = hits & ~np.asarray(ignore, bool)[None]
    nearest = np.where(wanted, far, np.inf).argmin(axis=1)
    taken: set[int] = set()
    for k in np.argsort(-np.asarray(scores, np.float64), kind="stable"):
        if wanted[k].any():
            lesion = int(nearest[k])
            out[k] = IGNORED if lesion in taken else lesion
            taken.add(lesion)
        elif hits[k].any():
            out[k] = IGNORED
    return out


def match_boxes(centres: ArrayLike, low: ArrayLike, high: ArrayLike, ignore: ArrayLike) -> NDArray[np.int64]:
    """For every mark, best first, the index of the box that holds its centre, FALSE or IGNORED.

    centres (marks, axes), low and high edges (boxes, axes) in one unit; of several boxes the one whose middle
    is nearest. Only the best mark of a box counts: others, and marks in boxes to `ignore`, are IGNORED.
    """
    at = np.asarray(centres, np.float64)
    out = np.full(len(at), FALSE, np.int64)
    edges = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if not len(edges[0]) or not len(at):
        return out
    inside = np.all((edges[0] <= at[:, None]) & (at[:, None] <= edges[1]), axis=2)
    far = np.linalg.norm(at[:, None] - (edges[0] + edges[1]) / 2, axis=2)
    free = ~np.asarray(ignore, bool)
    for k, own in enumerate(inside):
        if (own & free).any():
            out[k] = np.where(own & free, far[k], np.inf).argmin()
            free[out[k]] = False
        elif own.any():
            out[k] = IGNORED
    return out


def total_lesions(cases: Sequence[Scored]) -> int:
    """Lesions that count."""
    return sum(len(case.owners) for case in cases)
