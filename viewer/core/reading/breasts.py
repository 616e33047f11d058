"""Where a finding lies in the breast, from its places on views: quadrant, clock face, depth, nipple distance.

Each view gives two lengths in the breast: how far behind the nipple, and how far outwards (CC) or upwards
(ML); on an oblique "upwards" is up and outwards at once. Suggestions, as a reader would begin with.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from viewer.core.dicom.mammogram import Mammogram

Point = tuple[float, float]
"""(column, row) of the stored image."""

Behind = Iterable[tuple[str, float]]
"""(view, how far behind the nipple in mm) of a finding."""

SUBAREOLAR_MM = 20.0
"""As near to the nipple as this a finding is called retroareolar."""
CENTRAL_MM = 10.0
"""As near to the line behind the nipple as this, in both views, it is called central."""
OBLIQUE = ("MLO", "LMO")
"""Views whose upper edge is up and outwards: tilted by 45 degrees, as most are."""
LEVEL_MM = 36.0
"""As much may the distances of one lesion behind the nipple differ between CC and MLO.

2.1 standard deviations of 17 mm: the second reader joins its own marks so (`inference.pipelines.both_views`).
"""
FROM_ABOVE = ("CC", "FB", "XCCL", "XCCM")
"""Views that tell outer from inner; the others tell upper from lower."""


@dataclass(frozen=True, slots=True)
class Axes:
    """What the pixels of a view mean in the breast, as unit steps (columns, rows).

    front  towards the nipple; across: outwards where `view` is from above, else upwards
    """

    front: Point
    across: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A finding on one view, in mm: behind the nipple, and off the line behind it (outwards or upwards).

    wall_mm  from the nipple straight back to the chest wall (the edge of the image)
    """

    view: str
    behind_mm: float
    off_mm: float
    wall_mm: float

    @property
    def nipple_mm(self) -> float:
        """Distance from the nipple."""
        return math.hypot(self.behind_mm, self.off_mm)


@dataclass(frozen=True, slots=True)
class Location:
    """Answers to the questions about the place, "" where not known, and the distance with its view.

    behind_mm  (view, how far behind the nipple), mm
    """

    answers: dict[str, str]
    nipple_mm: float | None
    nipple_in: str
    behind_mm: tuple[tuple[str, float], ...] = ()


def axes(breast: Mammogram, orientation: tuple[str, ...], side: str) -> Axes | None:
    """From Patient Orientation (towards the right and the lower edge), view and side; None where unknown."""
    if len(orientation) != 2 or side not in ("R", "L") or not breast.view:
        return None
    steps: tuple[Point, Point] = ((1.0, 0.0), (0.0, 1.0))
    front = _towards("A", orientation, steps)
    letters = side if breast.view in FROM_ABOVE else "H"
    across = _towards(letters, orientation, steps)
    return None if front is None or across is None else Axes(front, across)


def _towards(letter: str, orientation: tuple[str, ...], steps: tuple[Point, Point]) -> Point | None:
    """The step towards a letter of the patient; an oblique's lower edge reads "FL"."""
    opposite = {"A": "P", "H": "F", "R": "L", "L": "R"}[letter]
    for said, (columns, rows) in zip(orientation, steps, strict=True):
        if letter in said:
            return columns, rows
        if opposite in said:
            return -columns, -rows
    return None


def seen(
    at: Point, nipple: Point, where: Axes, view: str, shape: tuple[int, int], spacing: tuple[float, float]
) -> Seen:
    """A place on one view against the nipple.

    shape    (rows, columns) of the image; spacing: (between rows, between columns), mm
    """
    moved = (at[0] - nipple[0], at[1] - nipple[1])
    size = (spacing[1], spacing[0])
    behind = -sum(m * f * s for m, f, s in zip(moved, where.front, size, strict=True))
    off = sum(m * a * s for m, a, s in zip(moved, where.across, size, strict=True))
    edge = (shape[1] - 1 if where.front[0] < 0 else 0, shape[0] - 1 if where.front[1] < 0 else 0)
    wall = sum(abs((n - e) * f) * s for n, e, f, s in zip(nipple, edge, where.front, size, strict=True))
    return Seen(view=view, behind_mm=behind, off_mm=off, wall_mm=wall)


def location(views: Iterable[Seen], side: str) -> Location:
    """What follows for quadrant or region, clock face, depth and distance, from one or more views."""
    found = list(views)
    if not found:
        return Location({}, None, "")
    above = next((s for s in found if s.view in FROM_ABOVE), None)
    beside = next((s for s in found if s.view not in FROM_ABOVE), None)
    first = above or beside
    assert first is not None
    answers = {"depth": _depth(first)}
    if above is not None and beside is not None:
        answers = _around(above, beside, side) | answers
    behind = tuple((s.view, s.behind_mm) for s in found)
    return Location({k: v for k, v in answers.items() if v}, first.nipple_mm, first.view, behind)


def apart_across_views(one: Behind, other: Behind) -> float | None:
    """How much less deep one finding lies on CC than the other on MLO, or the other way round, mm.

    CC and MLO show a lesion at about the same distance behind the nipple, for the breast turns round the axis
    through it. None where the views are not such a pair, or the difference is above `LEVEL_MM`.
    """
    pairs = ((a, b) for view, a in one for against, b in other if {view, against} == {"CC", "MLO"})
    nearest = min((abs(a - b) for a, b in pairs), default=None)
    return nearest if nearest is not None and nearest <= LEVEL_MM else None


def _around(above: Seen, beside: Seen, side: str) -> dict[str, str]:
    """Region, and the hour as the woman is faced: outwards is 9 o'clock on the right, 3 on the left."""
    out, up = above.off_mm, _upwards(above, beside)
    if max(above.nipple_mm, beside.nipple_mm) <= SUBAREOLAR_MM:
        return {"region": "retroareolar"}
    if math.hypot(out, up) <= CENTRAL_MM:
        return {"region": "central"}
    region = f"{'upper' if up > 0 else 'lower'}_{'outer' if out > 0 else 'inner'}"
    hour = round(math.degrees(math.atan2(-out if side == "R" else out, up)) / 30) % 12
    return {"region": region, "clock": str(hour or 12) if side in ("R", "L") else ""}


def _upwards(above: Seen, beside: Seen) -> float:
    """How far up: on an oblique what lies outwards is seen too high, what lies inwards too low."""
    return beside.off_mm * math.sqrt(2) - above.off_mm if beside.view in OBLIQUE else beside.off_mm


def _depth(view: Seen) -> str:
    """The third of the way from nipple to chest wall."""
    if view.wall_mm <= 0:
        return ""
    third = int(min(max(3 * view.behind_mm / view.wall_mm, 0), 2))
    return ("anterior", "middle", "posterior")[third]


def examined(mammograms: Iterable[Mammogram], stated: Iterable[str] = ()) -> tuple[str, ...]:
    """The breasts of an examination, R before L: by the headers, and as the reader stated."""
    sides = {m.side for m in mammograms} | set(stated)
    both = "B" in sides
    return tuple(side for side in ("R", "L") if both or side in sides)
