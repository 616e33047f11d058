"""Outlines of own marks on images: an ellipse or a box, drawn with the mouse or changed with keys.

An outline is the extent of a mark on one view, along rows and columns of the stored image.
"""

from dataclasses import replace

from viewer.app import image_marking, marking, posing
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane, Severity
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.reading.finding import Author, Finding, ImagePlace, Outline, PixelBox
from viewer.core.reading.reading import Reading
from viewer.core.report.place import image_places

FIRST_MM, STEP_MM, LEAST_MM = 10.0, 1.0, 1.0
"""Diameter of an outline that keys begin; how much wider or narrower one press makes it; the smallest one."""
FIRST_PX, STEP_PX, LEAST_PX = 100.0, 10.0, 4.0
"""The same where the pixels have no size."""


def draw(desk: DeskState, viewport_id: str, box: PixelBox) -> None:
    """An ellipse was drawn in a box on what a viewport shows: the outline of the own mark whose place lies in
    it, the one in focus first; without one it is a new mark.
    """
    view = desk.views.view(viewport_id)
    shown, reading = desk.views.display_set(view), desk.reading
    if shown is None or reading is None or desk.session is None:
        return
    reason = _why_not_on(desk, view, shown)
    instance = shown.instance_at(desk.views.place(view)[0])
    if reason or instance is None:
        desk.say(reason or "There is no image at this place.", Severity.WARNING)
        return
    box = _inside(box, instance)
    if min(box[2] - box[0], box[3] - box[1]) < LEAST_PX / 2:
        desk.say("Too small for an outline: drag from one corner to the other.", Severity.WARNING)
        return
    own = _own_in(desk, reading, instance, box)
    if own is not None:
        column, row = _middle(box)
        place = replace(_place(own, instance), box=box, outline=Outline.ELLIPSE, column=column, row=row)
        _keep(desk, own, place)
        return
    column, row = _middle(box)
    image_marking.mark_place(desk, view, (column + 0.5, row + 0.5), box)


def grow(desk: DeskState, across: int = 0, down: int = 0) -> None:
    """Make the outline of the own mark in focus wider or taller, as it is seen on screen; begin one first."""
    found = _in_focus(desk)
    if found is None:
        return
    own, place, shown = found
    instance = shown.instances[0]
    turned = posing.turn(shown)
    if turned is not None and turned.transposed:
        across, down = down, across
    if place.box is None:
        _keep(desk, own, replace(place, box=_first(place, instance), outline=Outline.ELLIPSE))
        return
    left, top, right, bottom = place.box
    step, least = _pixels(instance, STEP_MM, STEP_PX), _pixels(instance, LEAST_MM, LEAST_PX)
    wide = max(right - left + across * step[0], least[0])
    tall = max(bottom - top + down * step[1], least[1])
    column, row = _middle(place.box)
    grown = (column - wide / 2, row - tall / 2, column + wide / 2, row + tall / 2)
    _keep(desk, own, replace(place, box=_inside(grown, instance)))


def switch_shape(desk: DeskState) -> None:
    """An ellipse becomes a box, a box an ellipse."""
    found = _in_focus(desk)
    if found is None:
        return
    own, place, shown = found
    box = place.box or _first(place, shown.instances[0])
    other = Outline.BOX if place.outline is Outline.ELLIPSE else Outline.ELLIPSE
    _keep(desk, own, replace(place, box=box, outline=other))


def why_not(desk: DeskState) -> str:
    """Why the mark in focus has no outline to change; "" where it has."""
    finding = desk.focused
    if finding is None or desk.reading is None:
        return "Choose one of your marks first (F4)."
    own = desk.reading.finding(desk.reading.joined.get(finding.tracking_uid, finding.tracking_uid))
    if own is None or own.author is not Author.READER:
        return f"{finding.name} is the second reader's: outlines are drawn round your own marks."
    if not own.places:
        return f"{own.name} lies in the patient and is measured there; outlines are for mammograms."
    return ""


def sizes(desk: DeskState, finding: Finding) -> str:
    """Each outline, width by height as it hangs: "14.0 x 11.0 mm (L CC), 12.1 x 9.5 mm (L MLO)".

    In pixels where those have no size; "" without an outline.
    """
    where = image_places(desk.display_sets, finding)
    return ", ".join(_size(shown, place) for shown, _, place in where if place.outline is not None)


def _size(shown: DisplaySet, place: ImagePlace) -> str:
    assert place.box is not None  # an outline has its box
    left, top, right, bottom = place.box
    spacing = shown.instances[0].spacing_mm
    down, across = spacing or (1.0, 1.0)
    wide, tall = (right - left) * across, (bottom - top) * down
    turned = posing.turn(shown)
    if turned is not None and turned.transposed:
        wide, tall = tall, wide
    said = f"{wide:.1f} × {tall:.1f} mm" if spacing else f"{wide:.0f} × {tall:.0f} pixels"
    breast = posing.breast_of(shown)
    return f"{said} ({breast.name})" if breast is not None and breast.name else said


# --- what stands behind it


def _why_not_on(desk: DeskState, view: View, shown: DisplaySet) -> str:
    if desk.is_prior(shown):
        return "Findings are marked in the study that is read; this is an earlier one."
    if view.plane is not Plane.STACK or not image_marking.is_marked_on_image(shown):
        return "Outlines are drawn on mammograms and single images; here M marks and measures."
    return marking.why_read_only(desk)


def _own_in(desk: DeskState, reading: Reading, instance: Instance, box: PixelBox) -> Finding | None:
    """The own mark whose place lies in a box on an image: the one in focus before the others."""
    focus = reading.joined.get(desk.review.focus, desk.review.focus)
    here = [f for f in reading.own if _lies_in(f, instance, box)]
    return next((f for f in here if f.tracking_uid == focus), here[0] if here else None)


def _lies_in(finding: Finding, instance: Instance, box: PixelBox) -> bool:
    place = finding.place_on(instance.sop_instance_uid, instance.frame)
    return place is not None and box[0] <= place.column <= box[2] and box[1] <= place.row <= box[3]


def _place(finding: Finding, instance: Instance) -> ImagePlace:
    place = finding.place_on(instance.sop_instance_uid, instance.frame)
    assert place is not None  # it was found there
    return place


def _middle(box: PixelBox) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _in_focus(desk: DeskState) -> tuple[Finding, ImagePlace, DisplaySet] | None:
    """The own mark in focus, with its place in the viewport with the keyboard, else on its first image."""
    finding, reading = desk.focused, desk.reading
    if finding is None or reading is None:
        return None
    own = reading.finding(reading.joined.get(finding.tracking_uid, finding.tracking_uid)) or finding
    by_uid = {d.instances[0].sop_instance_uid: d for d in desk.display_sets}
    places = [place for place in own.places if place.sop_instance_uid in by_uid]
    active = desk.views.display_set(desk.views.active)
    here = [p for p in places if by_uid[p.sop_instance_uid] is active]
    place = next(iter((*here, *places)), None)
    return None if place is None else (own, place, by_uid[place.sop_instance_uid])


def _first(place: ImagePlace, instance: Instance) -> PixelBox:
    wide, tall = _pixels(instance, FIRST_MM, FIRST_PX)
    around = (
        place.column - wide / 2,
        place.row - tall / 2,
        place.column + wide / 2,
        place.row + tall / 2,
    )
    return _inside(around, instance)


def _pixels(instance: Instance, length_mm: float, pixels: float) -> tuple[float, float]:
    """(columns, rows) of a length."""
    spacing = instance.spacing_mm
    return (pixels, pixels) if spacing is None else (length_mm / spacing[1], length_mm / spacing[0])


def _inside(box: PixelBox, instance: Instance) -> PixelBox:
    left, top, right, bottom = box
    columns, rows = instance.columns - 0.5, instance.rows - 0.5
    return max(left, -0.5), max(top, -0.5), min(right, columns), min(bottom, rows)


def _keep(desk: DeskState, own: Finding, place: ImagePlace) -> None:
    if desk.session is None:
        return
    places = tuple(place if p.is_on(place.sop_instance_uid, place.frame or 0) else p for p in own.places)
    with desk.telling_refusals():
        made = desk.session.change(own.tracking_uid, places=places)
        desk.review.focus = made.tracking_uid
        desk.acted()
        desk.say(f"{made.name} outlined, {sizes(desk, made)}. Ctrl+Z takes it back.")
        desk.looked()
