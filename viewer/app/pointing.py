"""Places that two pictures of one breast in one view share: a stack and its 2-D image, current and prior.

Such a place is told in mm from the chest wall and in mm below the middle of the breast, as both hang. Without
a frame of reference that is as near as it comes: breasts are not laid twice alike.
"""

from viewer.app import posing
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.hanging.pose import Point, Turn, anchor_of

_ALIKE = 0.02
"""Two images of one examination whose fields differ by less than this share are of one exposure."""


def echo(desk: DeskState, view: View) -> Point | None:
    """(column, row) in a viewport of what the pointer is over in another one of the same view."""
    at, shown = desk.views.pointer, desk.views.display_set(view)
    if at is None or at.viewport == view.id or shown is None or view.plane is not Plane.STACK:
        return None
    other = desk.views.display_set(desk.views.view(at.viewport))
    if other is None or other.id == shown.id or not same_view(other, shown):
        return None
    return carried(desk, other, shown, at.pixel)


def same_view(one: DisplaySet, other: DisplaySet) -> bool:
    """True for two pictures of one breast in one view whose place on the body is known."""
    first, second = posing.breast_of(one), posing.breast_of(other)
    if first is None or second is None or not first.side or not first.view:
        return False
    hung = posing.turn(one) is not None and posing.turn(other) is not None
    sized = one.instances[0].spacing_mm is not None and other.instances[0].spacing_mm is not None
    return hung and sized and (first.side, first.view) == (second.side, second.view)


def carried(desk: DeskState, one: DisplaySet, other: DisplaySet, pixel: Point) -> Point:
    """(column, row) of `one` as (column, row) of `other`; both are of the same view."""
    by_field = _one_exposure(one, other)
    return from_breast(desk, other, in_breast(desk, one, pixel, by_field), by_field)


def in_breast(desk: DeskState, shown: DisplaySet, pixel: Point, by_field: bool = False) -> Point:
    """(column, row) as mm from the chest wall, and mm below the middle of the breast (or of the field)."""
    turn, shape, pitch = _hung(shown)
    x, y = turn.onto_screen(pixel, shape)
    middle = turn.onto_screen(_middle(desk, shown, by_field), shape)[1]
    depth = turn.size(shape)[0] - x if posing.edge_of(shown) == "right" else x
    return depth * pitch[0], (y - middle) * pitch[1]


def from_breast(desk: DeskState, shown: DisplaySet, place: Point, by_field: bool = False) -> Point:
    """The way back."""
    turn, shape, pitch = _hung(shown)
    depth = place[0] / pitch[0]
    middle = turn.onto_screen(_middle(desk, shown, by_field), shape)[1]
    x = turn.size(shape)[0] - depth if posing.edge_of(shown) == "right" else depth
    return turn.from_screen((x, middle + place[1] / pitch[1]), shape)


def anchor(desk: DeskState, view: View, shown: DisplaySet) -> Point:
    """(column, row) in the middle of the viewport without pan."""
    first, ratio = shown.instances[0], desk.views.ratio
    size = tuple(round(n * ratio) for n in desk.views.pixels(view))
    spacing = first.spacing_mm or (1.0, 1.0)
    return anchor_of(posing.pose(desk, view), (first.rows, first.columns), spacing, (size[0], size[1]), ratio)


def _hung(shown: DisplaySet) -> tuple[Turn, tuple[int, int], Point]:
    first, turn = shown.instances[0], posing.turn(shown) or Turn()
    return turn, (first.rows, first.columns), turn.pitch(first.spacing_mm or (1.0, 1.0))


def _middle(desk: DeskState, shown: DisplaySet, by_field: bool) -> Point:
    first = shown.instances[0]
    box = None if by_field else desk.pixels.breasts.get(shown.id)
    left, top, right, bottom = box or (0, 0, first.columns, first.rows)
    return (left + right) / 2, (top + bottom) / 2


def _one_exposure(one: DisplaySet, other: DisplaySet) -> bool:
    """True where the fields of two images of one study are equally large: then they are one field."""
    sizes = []
    for shown in (one, other):
        turn, shape, pitch = _hung(shown)
        wide, tall = turn.size(shape)
        sizes.append((wide * pitch[0], tall * pitch[1]))
    alike = all(abs(a - b) <= _ALIKE * max(a, b) for a, b in zip(*sizes, strict=True))
    return alike and one.study_instance_uid == other.study_instance_uid
