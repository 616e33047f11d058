"""Which finding of the model and which mark of the reader are one place. Pure geometry, no verdicts."""

import math
from collections.abc import Iterable

from viewer.core.reading.finding import Finding

NEAR_MM = 5.0
"""A mark this close hits even a tiny lesion: the rule by which the model itself is scored."""


def join(model: Iterable[Finding], own: Iterable[Finding]) -> dict[str, str]:
    """Tracking UID of a model finding -> that of the own mark at the same place, nearest pairs first.

    One to one. A pair needs the same frame of reference and a distance of at most the larger radius of the
    two, or `NEAR_MM`. Candidates below the operating point are not joined: they are not on screen.
    """
    marks = list(own)
    pairs = sorted(
        (math.dist(proposed.center_lps_mm, mark.center_lps_mm), proposed.tracking_uid, mark.tracking_uid)
        for proposed in model
        for mark in marks
        if proposed.above_operating_point and _same_place(proposed, mark)
    )
    joined: dict[str, str] = {}
    for _, proposed_uid, mark_uid in pairs:
        if proposed_uid not in joined and mark_uid not in joined.values():
            joined[proposed_uid] = mark_uid
    return joined


def _same_place(one: Finding, other: Finding) -> bool:
    if one.frame_of_reference_uid != other.frame_of_reference_uid:
        return False
    reach = max(_radius_mm(one), _radius_mm(other), NEAR_MM)
    return math.dist(one.center_lps_mm, other.center_lps_mm) <= reach


def _radius_mm(finding: Finding) -> float:
    return (finding.long_axis_mm or 0.0) / 2
