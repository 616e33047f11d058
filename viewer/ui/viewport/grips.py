"""What lies under the pointer: marks, ends of axes, the crosshair's lines. Device pixels; draws nothing."""

import math
from dataclasses import dataclass

import numpy as np

from viewer.app.display import Mark, MarkState
from viewer.core.reading.finding import Axis, ImagePlace
from viewer.ui.viewport.frame import Frame
from viewer.ui.viewport.placement import Placement

REACH = 6.0
"""How near the pointer must be to hold something, design pixels."""
GAP = 6.0
"""Least distance between lesion and mark, design pixels."""
LEAST_AXIS = 12.0
"""Shortest axis whose ends are drawn and can be held, design pixels."""
SMALLEST = 12.0
"""Radius of the smallest ring, design pixels."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a mark lies on a cut.

    x, y    device pixels
    ring    device pixels from the centre to the mark's line, `GAP` off the lesion as it is cut here
    share   0..1 how much of the sphere this cut shows: 1 through its centre
    central this cut is the one through the centre
    """

    x: float
    y: float
    ring: float
    share: float
    central: bool


@dataclass(frozen=True, slots=True)
class AxisEnd:
    """One end of a measured axis of an own mark. which: "long" or "short"; which_end: 0 or 1."""

    tracking_uid: str
    which: str
    which_end: int
    axis: Axis


def spot_of(mark: Mark, frame: Frame, place: Placement, unit: float) -> Spot | None:
    """Where a mark is drawn; None where this cut misses its sphere or its frame of reference is another."""
    if not frame.takes(mark):
        return None
    if mark.center_lps_mm is None:
        return _spot_on_image(mark, frame, place, unit)
    column, row, off = frame.project(mark.center_lps_mm)
    central = abs(off) <= frame.half_cut_mm + 1e-6
    if abs(off) > mark.radius_mm and not central:
        return None
    cut_radius = math.sqrt(max(0.0, mark.radius_mm**2 - off**2))
    x, y = place.to_device(column, row)
    ring = max(cut_radius * pixels_per_mm(frame, place) + GAP * unit, SMALLEST * unit)
    share = 1.0 if central else cut_radius / mark.radius_mm
    return Spot(x, y, ring, share, central)


def _spot_on_image(mark: Mark, frame: Frame, place: Placement, unit: float) -> Spot | None:
    """Likewise of a mark on images: on frames beside its own it fades as a ball would."""
    found = frame.image_place(mark)
    if found is None:
        return None
    there, off = found
    radius = radius_px(mark, there, frame)
    radius_mm = radius * min(frame.spacing)
    central = off == 0
    if off >= radius_mm and not central:
        return None
    share = 1.0 if central else math.sqrt(1 - (off / radius_mm) ** 2)
    x, y = place.to_device(there.column + 0.5, there.row + 0.5)
    ring = max(share * radius * abs(place.sx) + GAP * unit, SMALLEST * unit)
    return Spot(x, y, ring, share, central)


def radius_px(mark: Mark, place: ImagePlace, frame: Frame) -> float:
    """Half the longer side of a place's box, else the mark's own radius where pixels have a size."""
    if place.box is not None:
        left, top, right, bottom = place.box
        return max(right - left, bottom - top) / 2
    return mark.radius_mm / min(frame.spacing) if frame.in_mm else 0.0


def pixels_per_mm(frame: Frame, place: Placement) -> float:
    """Device pixels per mm."""
    return abs(place.sx) / place.turn.pitch(frame.spacing)[0]


def mark_at(frame: Frame, place: Placement, unit: float, x: float, y: float) -> Mark | None:
    """The mark under a point: the nearest one whose ring holds it."""
    best, best_distance = None, math.inf
    for mark in frame.state.marks:
        spot = spot_of(mark, frame, place, unit)
        if spot is None:
            continue
        distance = math.hypot(x - spot.x, y - spot.y)
        if distance <= spot.ring + REACH * unit and distance < best_distance:
            best, best_distance = mark, distance
    return best


def axes_here(mark: Mark, frame: Frame) -> tuple[tuple[str, Axis], ...]:
    """The measured axes that lie on this cut: ("long" or "short", axis)."""
    if not frame.takes(mark):
        return ()
    if mark.center_lps_mm is None:
        return ()
    both = (("long", mark.long_axis), ("short", mark.short_axis))
    return tuple((which, axis) for which, axis in both if axis is not None and on_cut(axis, frame))


def on_cut(axis: Axis, frame: Frame) -> bool:
    """True where both ends lie on this cut."""
    return all(abs(frame.project(end)[2]) <= frame.half_cut_mm + 1e-3 for end in axis)


def axis_end_at(frame: Frame, place: Placement, unit: float, x: float, y: float) -> AxisEnd | None:
    """The end of an axis under a point; only of marks in which the reader has a say."""
    for mark in frame.state.marks:
        if mark.author == "model" or mark.state is MarkState.REJECTED:
            continue
        for which, axis in axes_here(mark, frame):
            ends = [place.to_device(*frame.project(end)[:2]) for end in axis]
            if math.dist(*ends) < LEAST_AXIS * unit:
                continue
            for which_end, (end_x, end_y) in enumerate(ends):
                if math.hypot(x - end_x, y - end_y) <= REACH * unit:
                    return AxisEnd(mark.tracking_uid, which, which_end, axis)
    return None


def crosshair_gap(place: Placement, unit: float) -> float:
    """How far the crosshair stays from its point, 24 design pixels in a small viewport, 64 in a large one."""
    side = min(place.width, place.height) / unit
    return min(max(0.1 * side - 26, 24.0), 64.0) * unit


def crosshair_at(frame: Frame, place: Placement, unit: float, x: float, y: float) -> str:
    """The line under a point: "column" (upright), "row" (level), or "" beside them and in their gap."""
    point = frame.state.point_lps_mm
    if not frame.state.crosshair or point is None or frame.view is None:
        return ""
    column, row, _ = frame.project(point)
    px, py = place.to_device(column, row)
    gap, reach = crosshair_gap(place, unit), REACH / 2 * unit
    if abs(x - px) <= reach and abs(y - py) > gap:
        return "column"
    return "row" if abs(y - py) <= reach and abs(x - px) > gap else ""


def nearer_axis(mark: Mark, line: Axis) -> str:
    """Which axis of a mark a drawn line replaces: the one it runs along; the long one where there is none."""
    if mark.long_axis is None:
        return "long"
    long = np.subtract(*mark.long_axis)
    drawn = np.subtract(*line)
    lengths = float(np.linalg.norm(long) * np.linalg.norm(drawn))
    return "long" if lengths == 0 or abs(float(long @ drawn)) / lengths > math.sqrt(0.5) else "short"
