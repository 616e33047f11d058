"""Which finding of the model and which mark of the reader are one place. Pure geometry, no verdicts."""

import math
from collections.abc import Callable, Iterable, Sequence

from viewer.core.reading.breasts import apart_across_views
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
    return _one_to_one((f for f in model if f.above_operating_point), list(own), _apart)


def join_across_views(first: Iterable[Finding], second: Iterable[Finding]) -> dict[str, str]:
    """The same for marks of two readers of which one lies on the CC and the other on the MLO of a breast.

    A pair has no image of both, one side, the same distance behind the nipple (see `breasts`), and is or is
    no calcification in both.
    """
    return _one_to_one(first, list(second), _apart_across_views)


def _one_to_one(
    first: Iterable[Finding],
    second: Sequence[Finding],
    apart: Callable[[Finding, Finding], float | None],
) -> dict[str, str]:
    """Nearest pairs first."""
    pairs = sorted(
        (distance, one.tracking_uid, other.tracking_uid)
        for one in first
        for other in second
        if (distance := apart(one, other)) is not None
    )
    joined: dict[str, str] = {}
    for _, one_uid, other_uid in pairs:
        if one_uid not in joined and other_uid not in joined.values():
            joined[one_uid] = other_uid
    return joined


def _apart_across_views(one: Finding, other: Finding) -> float | None:
    said, against = one.description, other.description
    images = {p.sop_instance_uid for p in one.places} & {p.sop_instance_uid for p in other.places}
    if said is None or against is None or images or not one.laterality == other.laterality != "":
        return None
    if (said.of("kind") == "calcifications") != (against.of("kind") == "calcifications"):
        return None
    return apart_across_views(said.behind_mm, against.behind_mm)


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
