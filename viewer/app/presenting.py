"""Presentation states of a study: which ones are for an image, choosing one, and what a window it brings."""

from collections.abc import Iterator
from dataclasses import replace

from viewer.app import monitors, windows
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.views import View
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.presentation import Presentation
from viewer.core.hanging.pose import turn_by
from viewer.core.pixels.grey import Window


def states(desk: DeskState, view: View) -> tuple[Presentation, ...]:
    """Those of the study that are for some image of the viewport, in the order of the series panel."""
    shown = desk.views.display_set(view)
    if shown is None:
        return ()
    return tuple(s for s in _all(desk) if any(s.is_for(image) for image in shown.instances))


def in_force(desk: DeskState, view: View) -> Presentation | None:
    """The state that was chosen for a viewport; pictures that are made here have none."""
    if not view.presentation or view.plane is not Plane.STACK:
        return None
    return next((s for s in _all(desk) if s.sop_instance_uid == view.presentation), None)


def is_for(desk: DeskState, view: View, state: Presentation) -> bool:
    """True where the image on screen is one that the state is for."""
    shown = desk.views.display_set(view)
    here = None if shown is None else shown.instance_at(desk.views.place(view)[0])
    return here is not None and state.is_for(here)


def _all(desk: DeskState) -> Iterator[Presentation]:
    sets = () if desk.study is None else desk.study.display_sets
    for display_set in sets:
        for instance in display_set.instances:
            if instance.presentation is not None:
                yield instance.presentation


def image_of(desk: DeskState, view: View) -> Instance | None:
    """The image of a viewport as it is shown: through the state in force."""
    shown, (index, _) = desk.views.display_set(view), desk.views.place(view)
    stack = desk.pixels.stacks.get(view.display_set)
    at = index if view.plane is Plane.STACK or shown is None else shown.count // 2
    if stack is not None:
        return stack.shown(at, in_force(desk, view))
    return None if shown is None else shown.instance_at(at)


def window_of(desk: DeskState, view: View, index: int) -> Window:
    """The window of a viewport in numbers."""
    return windows.in_force(view, desk.pixels.stacks.get(view.display_set), index, in_force(desk, view))


def next_state(desk: DeskState, steps: int = 1) -> None:
    """The next presentation state that is for these images; after the last one, none."""
    view = desk.views.active
    offered = states(desk, view)
    if not offered:
        desk.say("There is no presentation state for these images.")
        return
    uids = ["", *(s.sop_instance_uid for s in offered)]
    at = uids.index(view.presentation) if view.presentation in uids else 0
    _choose(desk, view, (at + steps) % len(uids), offered)


def _choose(desk: DeskState, view: View, number: int, offered: tuple[Presentation, ...]) -> None:
    """Apply the state of that number from 1; 0 = none."""
    if number == 0:
        desk.views.present(view.id, "")
        desk.views.fit(view.id)
        desk.say("No presentation state: the images as they are stored.")
    else:
        state = offered[number - 1]
        desk.views.present(view.id, state.sop_instance_uid)
        desk.say(f"Presentation state {number} of {len(offered)}: {state.name}")
        _go_to_image(desk, view, state)
    desk.looked()


def _go_to_image(desk: DeskState, view: View, state: Presentation) -> None:
    """An image that the state is for, and its displayed area (PS3.3 C.10.4) as large as fits."""
    shown = desk.views.display_set(view)
    if shown is None or view.plane is not Plane.STACK:
        return
    here = shown.instance_at(desk.views.place(view)[0])
    if here is None or not is_for(desk, view, state):
        places = zip(shown.instances, shown.slots, strict=True)
        here, slot = next((i, k) for i, k in places if state.is_for(i))
        desk.views.go_to(view.id, slot)
    _show_area(desk, view.id, here, state)


def _show_area(desk: DeskState, viewport_id: str, here: Instance, state: Presentation) -> None:
    """The displayed area as large as fits, or its middle in the middle at its true size or magnified."""
    area = state.area(here)
    desk.views.show_area(viewport_id, area.first, area.last, turn_by(state.rotation, state.flip))
    view = desk.views.view(viewport_id)
    if area.mode == "MAGNIFY":
        desk.views.views[viewport_id] = replace(view, pixels=True, true_size=False, zoom=area.times)
    elif area.mode == "TRUE SIZE":
        own = here.spacing_mm
        if not monitors.pitch_of(desk, view) or own is None:
            desk.say("The state asks for its true size, which is not known here: shown as large as fits.")
            return
        zoom = (area.spacing_mm or own[0]) / own[0]
        desk.views.views[viewport_id] = replace(view, pixels=False, true_size=True, zoom=zoom)


def why_none(desk: DeskState) -> str:
    """Why no presentation state can be chosen; "" where one can."""
    view = desk.views.active
    if desk.views.display_set(view) is None:
        return "Open a study first (Ctrl+O)."
    if view.plane is not Plane.STACK:
        return "Presentation states are for images as acquired, not for planes that are made here."
    return ""
