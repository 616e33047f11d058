"""What of the findings is on screen: the list, the marks, the heat map, and which slices were really seen."""

from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.views import View, frame_of
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading.finding import Author, Finding
from viewer.core.reading.reading import Reading, Stage
from viewer.core.report.place import image_places

MOST_BELOW = 20
"""Candidates below the operating point that are shown on request; all of them are in the record."""
LOOK_S = 0.3
"""A finding may be accepted once its slice has been on screen for so long."""


# --- which findings there are


def listed(desk: DeskState) -> tuple[Finding, ...]:
    """The findings of the panel in its order: the model's by probability, then own marks that stand alone.

    Before the reveal only own marks. Below the operating point only on request.
    """
    reading = desk.reading
    if reading is None:
        return ()
    joined = set(reading.joined.values())
    alone = [f for f in reading.own if f.tracking_uid not in joined]
    return (*(reading.edited.get(f.tracking_uid, f) for f in proposed(desk, reading)), *alone)


def proposed(desk: DeskState, reading: Reading) -> tuple[Finding, ...]:
    """The model's findings that are on screen, most probable first; below the threshold only on request."""
    above = [f for f in reading.model if f.above_operating_point]
    below = [f for f in reading.model if not f.above_operating_point] if desk.review.below_on else []
    return (*above, *below[:MOST_BELOW])


def drawn(desk: DeskState, reading: Reading) -> tuple[Finding, ...]:
    """The findings whose marks may be drawn: the reader's alone before the reveal, and with marks off."""
    if not desk.review.marks_on:
        return reading.own
    joined = set(reading.joined.values())
    differing = () if reading.arbitration is None else reading.arbitration.differences
    own = {f.tracking_uid for f in reading.own}
    out = [d.finding for d in differing if d.finding is not None and d.finding.tracking_uid not in own]
    return (*proposed(desk, reading), *(f for f in reading.own if f.tracking_uid not in joined), *out)


def heat_shown(desk: DeskState) -> str:
    """Tracking UID of the finding whose heat map is on screen; "" for none, and always before the reveal."""
    on = desk.revealed and (desk.review.heat_held or desk.review.heat_pinned)
    return desk.review.focus if on and desk.focused and desk.review.focus in desk.second.heat else ""


def walked(desk: DeskState) -> tuple[Finding, ...]:
    """The findings that N goes through."""
    return tuple(f for f in listed(desk) if f.author is Author.MODEL)


def why_sealed(desk: DeskState) -> str:
    """Why nothing of the second reader can be shown; "" once it is revealed."""
    if desk.revealed:
        return ""
    if desk.stage is Stage.COMMITTED:
        return "The second reader is still reading; its findings appear when it is done."
    return "After the commit (Shift+Enter)."


# --- what was really on screen


def shown(desk: DeskState, viewport_id: str, index: int) -> None:
    """A viewport has painted its picture `index`: count it as seen, and since when it stands there."""
    view = desk.views.view(viewport_id)
    _remember_look(desk, viewport_id)
    desk.review.on_screen[viewport_id] = ((view.display_set, view.plane, index), desk.clock())
    _count(desk, viewport_id)


def count_again(desk: DeskState) -> None:
    """Count what is on screen for a reading that has just begun."""
    for viewport_id in desk.review.on_screen:
        _count(desk, viewport_id)


def _count(desk: DeskState, viewport_id: str) -> None:
    if desk.session is None:
        return
    (display_set, plane, index), _ = desk.review.on_screen[viewport_id]
    seen = desk.session.reading.slices_seen
    with desk.telling_refusals():
        for key in seen_keys(display_set, plane.value, desk.hanging.now.id):
            if index not in seen.get(key, frozenset()):
                desk.session.note_shown(key, index, viewport_id)
                desk.changed()


def seen_keys(display_set: str, plane: str, step: str) -> tuple[str, ...]:
    """Under which names a picture counts as seen: its images in all, and in this step of the reading."""
    if plane == "stack":
        return display_set, f"{display_set}/{step}"
    return (f"{display_set}/{plane}",)


def has_looked(desk: DeskState, finding: Finding) -> bool:
    """True once the finding's slice has been on screen long enough."""
    for viewport_id in desk.review.on_screen:
        _remember_look(desk, viewport_id)
    return finding.tracking_uid in desk.review.looked


def _remember_look(desk: DeskState, viewport_id: str) -> None:
    """Note which findings a viewport has now shown for long enough; nothing counts before the reveal."""
    entry = desk.review.on_screen.get(viewport_id)
    if entry is None or not desk.revealed:
        return
    (display_set, plane, index), since = entry
    view, grid = desk.views.view(viewport_id), desk.views.sets.get(display_set)
    if (view.display_set, view.plane) != (display_set, plane) or grid is None:
        return
    if desk.clock() - since < LOOK_S:
        return
    for finding in walked(desk):
        if index in _pictures(desk, view, grid, finding):
            desk.review.looked.add(finding.tracking_uid)


def _pictures(desk: DeskState, view: View, shown: DisplaySet, finding: Finding) -> list[int]:
    """The slices or cuts of a viewport on which a finding lies."""
    if finding.center_lps_mm is not None:
        return [desk.views.cut_through(view, frame_of(shown), finding.center_lps_mm)]
    if view.plane is not Plane.STACK:
        return []
    return [index for _, index, _ in image_places([shown], finding)]


# --- marks and heat map


def toggle_marks(desk: DeskState) -> None:
    """All marks of the second reader on or off, within one frame."""
    desk.review.marks_on = not desk.review.marks_on
    if desk.session is not None:
        with desk.telling_refusals():
            desk.session.note_marks(desk.review.marks_on)
    desk.say("Marks are shown." if desk.review.marks_on else "Marks are hidden. G shows them.")


def toggle_below(desk: DeskState) -> None:
    """Candidates below the operating point, in grey."""
    desk.review.below_on = not desk.review.below_on
    desk.changed()


def hold_heat(desk: DeskState) -> None:
    """The heat map of the finding in focus, while the key is held."""
    _heat(desk, held=True)


def release_heat(desk: DeskState) -> None:
    """The key was let go, or the window lost the keyboard."""
    if desk.review.heat_held:
        _heat(desk, held=False)


def pin_heat(desk: DeskState) -> None:
    """The heat map of the finding in focus, until pressed again."""
    desk.review.heat_pinned = not desk.review.heat_pinned
    _heat(desk, held=desk.review.heat_held)


def _heat(desk: DeskState, held: bool) -> None:
    desk.review.heat_held = held
    if heat_shown(desk):
        desk.second.failed.clear()  # the key asks again
    if desk.session is not None and desk.review.focus:
        with desk.telling_refusals():
            on = held or desk.review.heat_pinned
            desk.session.note_heat(desk.review.focus, on, desk.second.method.value, desk.second.target)
    desk.changed()


def why_no_heat(desk: DeskState) -> str:
    """Why there is no heat map to show; "" where there is one."""
    sealed = why_sealed(desk)
    if sealed:
        return sealed
    finding = desk.focused
    if finding is None or finding.author is not Author.MODEL:
        return "Choose a finding of the second reader first (N)."
    return (
        "" if finding.tracking_uid in desk.second.heat else f"The model gave no heat map for {finding.name}."
    )
