"""The reader's marks on images with no place in the patient, such as mammograms: one finding, two views."""

from dataclasses import replace

from viewer.app import asking, locating, posing
from viewer.app.desk_state import DeskState
from viewer.app.display import Question, Severity
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.reading.finding import Author, Finding, ImagePlace, Outline, PixelBox
from viewer.core.reading.joins import NEAR_PX

FINDING = "finding"
"""What a mark is called until the reader names it."""
Pixel = tuple[float, float]
"""(column, row) of the stored image, pixel (0, 0) spanning 0..1, as viewports count."""


def is_marked_on_image(shown: DisplaySet) -> bool:
    """True for images without a place in the patient, and for mammograms: each view is marked by itself."""
    return shown.geometry is None or posing.breast_of(shown) is not None


def mark(desk: DeskState, view: View, pixel: Pixel | None) -> None:
    """Mark a finding there. Where one of the same breast is in focus and not marked in this view, ask first
    whether it is the same one.
    """
    mark_place(desk, view, pixel)


def mark_place(desk: DeskState, view: View, pixel: Pixel | None, box: PixelBox | None = None) -> None:
    """Likewise with its outline, an ellipse in a box, where it was drawn."""
    place = _place(desk, view, pixel)
    if place is None:
        return
    if box is not None:
        place = replace(place, box=box, outline=Outline.ELLIPSE)
    same = _could_be(desk, place)
    if same is None:
        _mark_new(desk, place)
        return
    here, there = (_view_name(desk, p) for p in (place, same.places[0]))
    question = Question(
        kind="same_finding",
        title=f"Is this {same.name}?",
        text=f"{same.name} is marked in {there}. Is this the same finding in {here}?",
        accept=f"Same finding, {same.name}",
        refuse="A new finding",
    )
    asking.ask(desk, question, lambda values: _answered(desk, same, place, values))


def _answered(desk: DeskState, same: Finding, place: ImagePlace, values: dict[str, str] | None) -> None:
    if values is None:
        _mark_new(desk, place)
    else:
        _add(desk, same, place)


def mark_same(desk: DeskState) -> None:
    """The finding in focus is here too: at the pointer, or in the own mark that lies there."""
    at = desk.views.pointer
    view = desk.views.active if at is None else desk.views.view(at.viewport)
    place = _place(desk, view, None if at is None else at.pixel)
    finding, reading = desk.focused, desk.reading
    if place is None or finding is None or reading is None or desk.session is None:
        return
    own = reading.finding(reading.joined.get(finding.tracking_uid, finding.tracking_uid)) or finding
    reason = _why_not_same(own, _side(desk, place))
    if reason:
        desk.say(reason, Severity.WARNING)
        return
    other = next((f for f in reading.own if f is not own and _lies_at(f, place)), None)
    if other is None:
        _add(desk, own, place)
        return
    with desk.telling_refusals():
        desk.session.join_marks(own.tracking_uid, other.tracking_uid)
        desk.acted()
        desk.say(f"{other.name} is {own.name} in {_view_name(desk, place)}. Ctrl+Z takes it back.")


def why_not_mark_same(desk: DeskState) -> str:
    """Why no finding can be said to be the same in another view; "" where one can."""
    finding = desk.focused
    if finding is None or not finding.places:
        return "Choose a finding of a mammogram first (F4 or N)."
    return ""


# --- what stands behind it


def _place(desk: DeskState, view: View, pixel: Pixel | None) -> ImagePlace | None:
    """The place under a pixel (without one, in the middle of the viewport); None off the image, and said."""
    shown = desk.views.display_set(view)
    instance = None if shown is None else shown.instance_at(desk.views.place(view)[0])
    at = pixel or desk.views.middle(view, posing.pose(desk, view))
    if instance is None or at is None or not _inside(instance, at):
        desk.say("There is no image at this place: point at the finding.", Severity.WARNING)
        return None
    return ImagePlace(
        sop_instance_uid=instance.sop_instance_uid,
        series_instance_uid=instance.series_instance_uid,
        frame=instance.frame if instance.frames > 1 else None,
        column=at[0] - 0.5,
        row=at[1] - 0.5,
    )


def _inside(instance: Instance, at: Pixel) -> bool:
    return 0 <= at[0] < instance.columns and 0 <= at[1] < instance.rows


def _mark_new(desk: DeskState, place: ImagePlace) -> None:
    if desk.session is None:
        return
    with desk.telling_refusals():
        side = _side(desk, place)
        draft = Finding(
            name="", tracking_uid="", author=Author.READER, label=FINDING, places=(place,), laterality=side
        )
        said = locating.described(desk, draft) if _is_mammogram(desk, place) else None
        made = desk.session.mark_on_image(place, label=FINDING, laterality=side, description=said)
        desk.review.focus = made.tracking_uid
        desk.acted()
        desk.say(f"{made.name} marked in {_view_name(desk, place)}. E describes it, Ctrl+Z takes it back.")
        desk.looked()


def _add(desk: DeskState, finding: Finding, place: ImagePlace) -> None:
    """A finding has its place on this image there."""
    if desk.session is None:
        return
    others = tuple(p for p in finding.places if p.sop_instance_uid != place.sop_instance_uid)
    with desk.telling_refusals():
        moved = replace(finding, places=(*others, place))
        said = None if finding.description is None else locating.described(desk, moved)
        made = desk.session.change(finding.tracking_uid, places=moved.places, description=said)
        desk.review.focus = made.tracking_uid
        desk.acted()
        desk.say(f"{made.name} marked in {_view_name(desk, place)} too. Ctrl+Z takes it back.")
        desk.looked()


def _could_be(desk: DeskState, place: ImagePlace) -> Finding | None:
    """The own finding in focus, where this can be it: the same breast, and no place in this view yet."""
    finding = desk.focused
    if finding is None or finding.author is not Author.READER or not finding.places:
        return None
    new_image = all(p.sop_instance_uid != place.sop_instance_uid for p in finding.places)
    side = _side(desk, place)
    return finding if new_image and side and side == finding.laterality else None


def _why_not_same(finding: Finding, side: str) -> str:
    if finding.author is not Author.READER:
        return f"{finding.name} is the second reader's: accept it, or mark your own."
    if side and finding.laterality and side != finding.laterality:
        return f"{finding.name} is in the other breast."
    return ""


def _lies_at(finding: Finding, place: ImagePlace) -> bool:
    here = finding.place_on(place.sop_instance_uid, place.frame or 0)
    return here is not None and abs(complex(here.column - place.column, here.row - place.row)) <= NEAR_PX


def _instance(desk: DeskState, place: ImagePlace) -> Instance | None:
    every = (i for d in desk.display_sets for i in d.instances)
    return next((i for i in every if place.is_on(i.sop_instance_uid, i.frame)), None)


def _side(desk: DeskState, place: ImagePlace) -> str:
    """The breast that an image shows: "L", "R", or "" where nobody says."""
    instance = _instance(desk, place)
    return "" if instance is None else locating.side_of(desk, instance)


def _is_mammogram(desk: DeskState, place: ImagePlace) -> bool:
    instance = _instance(desk, place)
    return instance is not None and instance.mammogram is not None


def _view_name(desk: DeskState, place: ImagePlace) -> str:
    instance = _instance(desk, place)
    breast = None if instance is None else instance.mammogram
    return (breast.name if breast is not None else "") or "this image"
