"""Lines that the reader draws with the tools: distances, and two lines across each other."""

import math

from viewer.app import image_marking, picturing
from viewer.app.desk_state import DeskState
from viewer.app.display import Severity, Tool
from viewer.app.views import View, frame_of
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.measure.lengths import crosses, finding_at, length_of, words_of
from viewer.core.reading.finding import Axis
from viewer.core.reading.reading import Distance, Reading


def add_distance(desk: DeskState, viewport_id: str, axis: Axis) -> None:
    """Keep a line that was drawn; one across the last line of the bidirectional tool completes that one."""
    view = desk.views.view(viewport_id)
    shown, reading = desk.views.display_set(view), desk.reading
    if desk.session is None or reading is None or shown is None:
        return
    if desk.is_prior(shown):
        desk.say("Lines are kept for the study that is read; this is an earlier one.", Severity.WARNING)
        return
    two = desk.views.tool is Tool.BIDIRECTIONAL
    first = _open_one(reading, shown, axis) if two else None
    with desk.telling_refusals():
        if first is not None:
            _complete(desk, shown, first, axis)
        else:
            _keep(desk, view, shown, axis, two)
        desk.acted()


def _keep(desk: DeskState, view: View, shown: DisplaySet, axis: Axis, two: bool) -> None:
    assert desk.session is not None
    desk.session.draw_distance(
        axis,
        shown.series_instance_uid,
        text=length_of(shown, axis).words(),
        bidirectional=two,
        finding=_attached(desk, shown, axis),
        on=picturing.shown_in(desk, view),
    )
    if two:
        desk.say("Long axis drawn. Draw the short one across it.")


def _complete(desk: DeskState, shown: DisplaySet, first: Distance, axis: Axis) -> None:
    assert desk.session is not None
    pair = sorted((first.axis, axis), key=lambda line: -length_of(shown, line).value)
    text = words_of(shown, tuple(pair))
    desk.session.draw_distance(
        pair[0],
        first.series_instance_uid,
        text=text,
        key=first.key,
        short_axis=pair[1],
        bidirectional=True,
        finding=first.finding,
        on=first.on,
    )
    desk.say(f"Measured: {text}.")


def _open_one(reading: Reading, shown: DisplaySet, axis: Axis) -> Distance | None:
    """The long axis that waits for its short one, where the line crosses it."""
    last = reading.distances[-1] if reading.distances else None
    if last is None or not last.bidirectional or last.short_axis is not None:
        return None
    same = last.series_instance_uid == shown.series_instance_uid
    return last if same and crosses(last.axis, axis) else None


def _attached(desk: DeskState, shown: DisplaySet, axis: Axis) -> str:
    """Tracking UID of the finding that a line belongs to; "" where none. Before the reveal an own one."""
    if desk.reading is None:
        return ""
    if image_marking.is_marked_on_image(shown):
        return _attached_on_image(desk.reading, shown, axis)
    if shown.geometry is None:
        return ""
    frame = frame_of(shown)
    known = (f for f in desk.reading.in_force() if f.frame_of_reference_uid == frame)
    found = finding_at(known, axis)
    return "" if found is None else found.tracking_uid


def _attached_on_image(reading: Reading, shown: DisplaySet, axis: Axis) -> str:
    """The finding whose place is nearest to the line on its image; "" where none is within its own length."""
    instance = shown.instance_at(round(axis[0][2]))
    if instance is None or shown.geometry is not None:
        return ""  # a line in a stack with a place in the patient is in mm of the patient
    (left, top, _), (right, bottom, _) = axis
    middle, length = ((left + right) / 2, (top + bottom) / 2), math.dist((left, top), (right, bottom))
    near = [
        (math.dist(middle, (place.column + 0.5, place.row + 0.5)), finding.tracking_uid)
        for finding in reading.in_force()
        if (place := finding.place_on(instance.sop_instance_uid, instance.frame)) is not None
    ]
    away, uid = min(near, default=(math.inf, ""))
    return uid if away <= length else ""
