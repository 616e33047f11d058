"""An earlier CT beside a later one: their heights are compared in a thread, then both scroll together."""

from collections.abc import Callable
from functools import partial

import numpy as np

from viewer.app.desk_state import DeskState
from viewer.app.jobs import Report, Stopped
from viewer.app.stack import Stack
from viewer.app.views import View, frame_of
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Vector
from viewer.core.hanging import registration


def register(desk: DeskState) -> None:
    """Begin to compare what hangs side by side and was not compared yet; a listener of the desk."""
    for now, before in _pairs(desk):
        key = (frame_of(now), frame_of(before))
        stacks = [desk.pixels.stacks.get(one.id) for one in (now, before)]
        if key in desk.views.shifts or None in stacks:
            continue
        one, other = (stack for stack in stacks if stack is not None)
        if not (one.complete and other.complete):
            continue
        desk.views.shifts[key] = None  # asked for: not twice
        desk.jobs.start(
            "Comparing heights with the prior",
            partial(_compare, one, other),
            partial(_compared, desk, desk.case.generation, key),
            lambda _: None,
        )


def _pairs(desk: DeskState) -> list[tuple[DisplaySet, DisplaySet]]:
    """CT volumes of the study and of its prior that are on screen together."""
    shown = [d for view in desk.views.hung if (d := desk.views.display_set(view)) is not None]
    tall = [d for d in shown if d.has_hu and d.geometry is not None and registration.is_upright(d.geometry)]
    now = [d for d in tall if not desk.is_prior(d)]
    pairs = [(one, other) for one in now for other in tall if desk.is_prior(other)]
    return [pair for pair in pairs if frame_of(pair[0]) != frame_of(pair[1])]


def _compare(one: Stack, other: Stack, report: Report, cancelled: Callable[[], bool]) -> Vector | None:
    return registration.shift_between(_outline(one, cancelled), _outline(other, cancelled))


def _outline(stack: Stack, cancelled: Callable[[], bool]) -> registration.Outline:
    geometry = stack.display_set.geometry
    assert geometry is not None  # `_pairs` asks
    looks = []
    for number in range(len(stack.ready)):
        if cancelled():
            raise Stopped
        looks.append(registration.look_at(stack.hu_slice(number)[:: registration.STEP, :: registration.STEP]))
    return registration.outline(np.array(looks), geometry)


def _compared(desk: DeskState, generation: int, key: tuple[str, str], shift: Vector | None) -> None:
    if generation != desk.case.generation:
        return
    if shift is None:
        desk.say("The prior scrolls by itself: its height beside this CT is not sure.")
        return
    desk.views.link_frames(*key, shift)
    desk.looked()


def by_position(desk: DeskState, view: View) -> bool:
    """True for an image of a prior that follows the study by position."""
    shown = desk.views.display_set(view)
    if shown is None or not desk.views.linked:
        return False
    frame = frame_of(shown)
    return any(other == frame and shift is not None for (_, other), shift in desk.views.shifts.items())
