"""Which finding of the model and which mark of the reader are one place. Pure geometry, no verdicts."""

import math
from collections.abc import Iterable

from viewer.core.reading.finding import Finding, ImagePlace

NEAR_MM = 5.0
"""A mark this close hits even a tiny lesion: the rule by which the model itself is scored."""
NEAR_PX = 50.0
"""The same on an image whose pixels have no size here; 5 mm of most mammograms (0.1 mm pixels)."""


def join(model: Iterable[Finding], own: Iterable[Finding]) -> dict[str, str]:
    """Tracking UID of a model finding -> that of the own mark at the same place, nearest pairs first.

    One to one. A pair needs the same frame of reference and a distance of at most the larger radius of the
    two, or `NEAR_MM`; on images, an image of both where the centre of one lies in the box of the other, or
    within `NEAR_PX`. Candidates below the operating point are not joined: they are not on screen.
    """
    marks = list(own)
    pairs = sorted(
        (apart, proposed.tracking_uid, mark.tracking_uid)
        for proposed in model
        for mark in marks
        if proposed.above_operating_point and (apart := _apart(proposed, mark)) is not None
    )
    joined: dict[str, str] = {}
    for _, proposed_uid, mark_uid in pairs:
        if proposed_uid not in joined and mark_uid not in joined.values():
            joined[proposed_uid] = mark_uid
    return joined


def _apart(one: Finding, other: Finding) -> float | None:
    """How far two findings lie from each other, mm or pixels; None where they are not the same place."""
    if one.whole or other.whole:
        return None
    if one.center_lps_mm is None or other.center_lps_mm is None:
        hits = [d for a in one.places for b in other.places if (d := _apart_on_image(a, b)) is not None]
        return min(hits, default=None)
    if one.frame_of_reference_uid != other.frame_of_reference_uid:
        return None
    reach = max(_radius_mm(one), _radius_mm(other), NEAR_MM)
    apart = math.dist(one.center_lps_mm, other.center_lps_mm)
    return apart if apart <= reach else None


def _apart_on_image(one: ImagePlace, other: ImagePlace) -> float | None:
    if not one.is_on(other.sop_instance_uid, other.frame or 0):
        return None
    apart = math.dist((one.column, one.row), (other.column, other.row))
    return apart if apart <= NEAR_PX or _holds(one, other) or _holds(other, one) else None


def _holds(one: ImagePlace, other: ImagePlace) -> bool:
    """The box of one holds the centre of the other."""
    if one.box is None:
        return False
    left, top, right, bottom = one.box
    return left <= other.column <= right and top <= other.row <= bottom


def _radius_mm(finding: Finding) -> float:
    return (finding.long_axis_mm or 0.0) / 2
