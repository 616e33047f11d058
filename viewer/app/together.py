"""Viewports that are looked at together: window, zoom and pan of one are those of all.

Mammograms keep the same place of the breast (mm from the chest wall, mm below the middle) in the middle, so
left and right mirror each other. Windows keep their relation to the image's own: vendors have values of
their own.
"""

from viewer.app import pointing, posing, windows
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.hanging.pose import Point
from viewer.core.pixels.grey import Window


def toggle(desk: DeskState) -> None:
    """Together, or each by itself."""
    desk.views.together = not desk.views.together
    said = "all viewports together" if desk.views.together else "each viewport by itself"
    desk.say(f"Window, zoom and pan: {said}.")


def zoomed(desk: DeskState, viewport_id: str) -> None:
    """A viewport was zoomed or panned: the others follow, where they are looked at together."""
    view = desk.views.view(viewport_id)
    shown = desk.views.display_set(view)
    if not desk.views.together or shown is None:
        return
    for other in _others(desk, view):
        there = desk.views.display_set(other)
        if there is not None:
            pan = _same_place(desk, view, shown, other, there)
            desk.views.set_zoom(other.id, view.zoom, pan)


def windowed(desk: DeskState, viewport_id: str) -> None:
    """The window of a viewport was changed: the others follow, where they are looked at together."""
    view = desk.views.view(viewport_id)
    own = _own(desk, view)
    if not desk.views.together or view.window is None or own is None or own.width <= 0:
        return
    wider, moved = view.window.width / own.width, (view.window.centre - own.centre) / own.width
    for other in _others(desk, view):
        base = _own(desk, other)
        if base is not None and base.width > 0 and other.display_set != view.display_set:
            centre, width = base.centre + moved * base.width, base.width * wider
            window = Window(centre, width, function=base.function)
            desk.views.set_window(other.id, window, other.choice)


def _others(desk: DeskState, view: View) -> list[View]:
    return [v for v in desk.views.hung if v.id != view.id and v.display_set and v.plane is Plane.STACK]


def _own(desk: DeskState, view: View) -> Window | None:
    """The window that an image brings, in numbers."""
    stack = desk.pixels.stacks.get(view.display_set)
    if stack is None or view.plane is not Plane.STACK:
        return None
    bare = View(view.id, view.plane, view.display_set, view.index, choice=view.choice)
    return windows.in_force(bare, stack, desk.views.place(view)[0])


def _same_place(desk: DeskState, view: View, shown: DisplaySet, other: View, there: DisplaySet) -> Point:
    """The pan that shows the same place of the breast; of other images the same pan."""
    if not (_is_hung(shown) and _is_hung(there)):
        return view.pan
    anchor = pointing.anchor(desk, view, shown)
    middle = anchor[0] + view.pan[0], anchor[1] + view.pan[1]
    column, row = pointing.from_breast(desk, there, pointing.in_breast(desk, shown, middle))
    anchor = pointing.anchor(desk, other, there)
    return column - anchor[0], row - anchor[1]


def _is_hung(shown: DisplaySet) -> bool:
    return posing.turn(shown) is not None and shown.instances[0].spacing_mm is not None
