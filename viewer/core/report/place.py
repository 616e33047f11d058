"""Where findings, measurements and pictures lie among the display sets of a study."""

from collections.abc import Iterable

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Vector
from viewer.core.dicom.planes import cut_geometry, nearest_cut
from viewer.core.reading.finding import Finding, ImagePlace
from viewer.core.reading.pictures import STACK, Shown
from viewer.core.reading.reading import Distance
from viewer.core.reading.scores import StatedScore

MINUS = "−"
_AXES = {"axial": ("z", 2), "coronal": ("y", 1), "sagittal": ("x", 0)}


def display_set_of(display_sets: Iterable[DisplaySet], finding: Finding) -> DisplaySet | None:
    """The display set of the finding's series that holds its centre (a series may be split into several).

    Of one on images: that of the first of them that is at hand.
    """
    if finding.center_lps_mm is not None:
        return display_set_at(display_sets, finding.series_instance_uid, finding.center_lps_mm)
    return next((where for where, _, _ in image_places(display_sets, finding)), None)


def image_places(
    display_sets: Iterable[DisplaySet], finding: Finding
) -> tuple[tuple[DisplaySet, int, ImagePlace], ...]:
    """(display set, slice index, place) of each place on an image that is at hand, in their order."""
    sets = list(display_sets) if finding.places else []
    found = ((d, slice_on(d, place), place) for place in finding.places for d in sets)
    return tuple((d, index, place) for d, index, place in found if index is not None)


def slices(display_sets: Iterable[DisplaySet], finding: Finding) -> list[tuple[DisplaySet, int]]:
    """The images on which a finding lies: the one through its centre, or one for each of its places."""
    sets = list(display_sets)
    if finding.center_lps_mm is None:
        return [(where, index) for where, index, _ in image_places(sets, finding)]
    where = display_set_of(sets, finding)
    index = None if where is None else slice_of(where, finding.center_lps_mm)
    return [] if where is None or index is None else [(where, index)]


def slice_on(where: DisplaySet, place: ImagePlace) -> int | None:
    """The slice index of the image that a place is on; None where it is in another display set."""
    if where.series_instance_uid != place.series_instance_uid:
        return None
    pairs = zip(where.slots, where.instances, strict=True)
    return next((k for k, i in pairs if place.is_on(i.sop_instance_uid, i.frame)), None)


def by_slice(scores: Iterable[StatedScore], where: DisplaySet) -> dict[int, StatedScore]:
    """The scores of single images of a display set, by slice index."""
    pairs = zip(where.slots, where.instances, strict=True)
    slots = {(i.sop_instance_uid, i.frame): k for k, i in pairs}
    found = ((slots.get((s.sop_instance_uid, s.frame or 0)), s) for s in scores if s.sop_instance_uid)
    return {k: score for k, score in found if k is not None}


def slice_in(where: DisplaySet, finding: Finding) -> int | None:
    """The slice of a display set on which a finding lies; None where it does not say."""
    if finding.center_lps_mm is not None:
        return slice_of(where, finding.center_lps_mm)
    return next((index for _, index, _ in image_places([where], finding)), None)


def display_set_at(
    display_sets: Iterable[DisplaySet], series_instance_uid: str, position_mm: Vector
) -> DisplaySet | None:
    """The display set of a series that holds a point."""
    same = [d for d in display_sets if d.series_instance_uid == series_instance_uid and d.instances]
    return min(same, key=lambda d: _outside(d, position_mm), default=None)


def display_set_under(display_sets: Iterable[DisplaySet], drawn: Distance) -> DisplaySet | None:
    """The display set on which a measurement was drawn."""
    sets = list(display_sets)
    if drawn.on is not None:
        return next((d for d in sets if d.id == drawn.on.display_set and d.instances), None)
    return display_set_at(sets, drawn.series_instance_uid, middle(drawn))


def middle(drawn: Distance) -> Vector:
    """The middle of the (long) line of a measurement."""
    x, y, z = ((a + b) / 2 for a, b in zip(*drawn.axis, strict=True))
    return (x, y, z)


def picture_place(display_sets: Iterable[DisplaySet], shows: Shown) -> tuple[DisplaySet, int] | None:
    """Display set and index of the slice or cut that a picture shows; None where it is not at hand."""
    where = next((d for d in display_sets if d.id == shows.display_set and d.instances), None)
    if where is None:
        return None
    if shows.plane == STACK:
        index = _slot_of(where, shows.sop_instance_uid, shows.frame)
        return None if index is None else (where, index)
    if where.geometry is None or shows.point_lps_mm is None:
        return None
    return where, nearest_cut(cut_geometry(where.geometry, shows.plane), shows.point_lps_mm)


def picture_words(display_sets: Iterable[DisplaySet], shows: Shown) -> str:
    """What a picture shows: "slice 6 of 12" or "coronal, y −12.5 mm", its series where there are several."""
    images = [d for d in display_sets if d.kind == "image"]
    place = picture_place(images, shows)
    if place is None:
        return "series not loaded"
    where, index = place
    said = [where.title] if len(images) > 1 else []
    return ", ".join([*said, *_slice_words(where, index, shows)])


def slice_of(where: DisplaySet, position_mm: Vector) -> int | None:
    """The slice that is there and nearest to a position; None without geometry."""
    if where.geometry is None:
        return None
    at = float(where.geometry.patient_to_index(position_mm)[0])
    return min(where.slots, key=lambda k: abs(k - at))


def directions(where: DisplaySet) -> tuple[Vector, Vector] | None:
    """Unit vectors of growing row and column index in the patient; None where the images do not say."""
    orientation = where.instances[0].orientation
    if orientation is None:
        return None
    ax, ay, az, bx, by, bz = orientation
    return (bx, by, bz), (ax, ay, az)


def place_words(display_sets: Iterable[DisplaySet], finding: Finding) -> str:
    """Slice of a finding, as the screen counts them, with its series where there are several."""
    images = [d for d in display_sets if d.kind == "image"]
    if finding.of_series:
        return _series_words(images, finding)
    if finding.center_lps_mm is None:
        said = [_image_words(images, *found[:2]) for found in image_places(images, finding)]
        return ", ".join(said) or "series not loaded"
    where = display_set_of(images, finding)
    return "series not loaded" if where is None else _words(images, where, finding.center_lps_mm)


def _series_words(images: list[DisplaySet], finding: Finding) -> str:
    """All of a series, and the image that the answer rests on most, where that is known."""
    found = image_places(images, finding)
    if not found:
        return "series not loaded"
    where, index, place = found[0]
    named = f"all of {where.title}" if len(images) > 1 else "all of the series"
    return named if place.box is None else f"{named}, most of all slice {index + 1} of {where.count}"


def _image_words(images: list[DisplaySet], where: DisplaySet, index: int) -> str:
    """One image: "L MLO" of a mammogram, else its series where there are several, and its number in it."""
    breast = where.instances[0].mammogram
    name = breast.name if breast is not None and breast.name else where.title
    said = [name] if len(images) > 1 or where.count == 1 else []
    return " ".join([*said, *([f"slice {index + 1} of {where.count}"] if where.count > 1 else [])])


def measurement_place(display_sets: Iterable[DisplaySet], drawn: Distance) -> str:
    """Where a measurement was drawn, likewise."""
    images = [d for d in display_sets if d.kind == "image"]
    if drawn.on is not None:
        return picture_words(images, drawn.on)
    where = display_set_under(images, drawn)
    return "series not loaded" if where is None else _words(images, where, middle(drawn))


def _words(images: list[DisplaySet], where: DisplaySet, position_mm: Vector) -> str:
    index = slice_of(where, position_mm)
    said = [where.title] if len(images) > 1 or index is None else []
    return ", ".join([*said, *([f"slice {index + 1} of {where.count}"] if index is not None else [])])


def _slice_words(where: DisplaySet, index: int, shows: Shown) -> list[str]:
    if shows.plane == STACK:
        return [f"slice {index + 1} of {where.count}"]
    name, axis = _AXES[shows.plane]
    assert shows.point_lps_mm is not None  # `picture_place` was asked
    return [shows.plane, f"{name} {shows.point_lps_mm[axis]:.1f} mm".replace("-", MINUS)]


def _slot_of(where: DisplaySet, sop_instance_uid: str, frame: int) -> int | None:
    """Slice index of an image; frame from 1, 0 in an object of one frame."""
    places = zip(where.slots, where.instances, strict=True)
    wanted = max(frame - 1, 0)
    return next((k for k, i in places if (i.sop_instance_uid, i.frame) == (sop_instance_uid, wanted)), None)


def _outside(where: DisplaySet, position_mm: Vector) -> float:
    """How far, in slices, a position lies outside a volume; infinite without one."""
    if where.geometry is None:
        return float("inf")
    k = float(where.geometry.patient_to_index(position_mm)[0])
    return max(0.0, -0.5 - k, k - where.geometry.shape[0] + 0.5)
