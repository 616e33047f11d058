"""What of the screen goes into the report: key images and snapshots, as data."""

import uuid

from inference.protocol import Method
from viewer.app import explaining, marking, posing, presenting, seeing, viewing
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.reading.finding import Finding
from viewer.core.reading.pictures import KeyImage, Shown, Snapshot
from viewer.core.report.place import slices

# --- key images


def toggle_key_image(desk: DeskState) -> None:
    """Make the image of the viewport that has the keyboard a key image, or take it out again."""
    session, shows = desk.session, shown_in(desk, desk.views.active)
    if session is None or shows is None:
        return
    with desk.telling_refusals():
        before = key_image_of(desk, shows)
        if before is None:
            session.add_key_image(shows)
        else:
            session.remove_key_image(before.key)
        desk.acted()
        desk.say("Key image. It goes with the report." if before is None else "No key image any more.")


def why_no_key_image(desk: DeskState) -> str:
    """Why this cannot be a key image; "" where it can."""
    if desk.views.active.plane is not Plane.STACK:
        return (
            "This plane is made here; a key image is an image as acquired. F12 puts the plane in the report."
        )
    return why_no_snapshot(desk)


def key_image_of(desk: DeskState, shows: Shown) -> KeyImage | None:
    """The key image that is this image; None where it is none."""
    chosen = () if desk.reading is None else desk.reading.key_images
    name = (shows.display_set, shows.sop_instance_uid, shows.frame)
    return next((k for k in chosen if k.is_of(*name)), None)


def is_key_image(desk: DeskState, view: View) -> bool:
    """True where a viewport shows a key image."""
    if view.plane is not Plane.STACK or desk.reading is None or not desk.reading.key_images:
        return False
    shows = shown_in(desk, view)
    return shows is not None and key_image_of(desk, shows) is not None


def on_key_image(desk: DeskState, finding: Finding) -> bool:
    """True where an image through the middle of a finding is a key image."""
    chosen = () if desk.reading is None else desk.reading.key_images
    for where, index in slices(desk.display_sets, finding) if chosen else ():
        instance = where.instance_at(index)
        if instance is not None:
            name = (where.id, instance.sop_instance_uid, _frame_number(instance))
            if any(k.is_of(*name) for k in chosen):
                return True
    return False


# --- snapshots


def snapshot(desk: DeskState) -> None:
    """Put the viewport that has the keyboard into the report, as it is shown."""
    view, session, reading = desk.views.active, desk.session, desk.reading
    shows = shown_in(desk, view)
    if session is None or reading is None or shows is None:
        return
    zoom, pan = desk.views.from_fit(view, posing.pose(desk, view))
    with desk.telling_refusals():
        session.add_snapshot(
            Snapshot(
                key=uuid.uuid4().hex,
                shows=shows,
                zoom=zoom,
                pan=pan,
                aspect=desk.views.aspect(view),
                marks=tuple(f.tracking_uid for f in seeing.drawn(desk, reading)),
                measures=tuple(d.key for d in reading.distances),
                heat=seeing.heat_shown(desk) if explaining.own_shown(desk) else "",
                revealed=desk.revealed,
            )
        )
        desk.acted()
        left = seeing.heat_shown(desk) and not explaining.own_shown(desk)
        without = f", without its heat map (only that by {Method.HIRESCAM.value} is kept)" if left else ""
        desk.say(f"Snapshot: this view goes into the report{without}. Ctrl+Z takes it back.")


def drop_snapshot(desk: DeskState) -> None:
    """Take the last snapshot out of the report."""
    if desk.session is None or desk.reading is None:
        return
    with desk.telling_refusals():
        desk.session.remove_snapshot(desk.reading.snapshots[-1].key)
        desk.acted()
        desk.say("Snapshot taken out of the report. Ctrl+Z brings it back.")


def why_no_snapshot(desk: DeskState) -> str:
    """Why nothing can be put into the report; "" where it can."""
    reason = viewing.why_no_image(desk) or marking.why_read_only(desk)
    if reason:
        return reason
    return "" if shown_in(desk, desk.views.active) is not None else "There is no image at this place."


def why_no_drop(desk: DeskState) -> str:
    """Why there is no snapshot to take out; "" where there is."""
    reason = marking.why_read_only(desk)
    taken = desk.reading is not None and desk.reading.snapshots
    return reason or ("" if taken else "The report holds no snapshot.")


# --- what a viewport shows


def shown_in(desk: DeskState, view: View) -> Shown | None:
    """What a viewport shows, as the record keeps it; None where there is no image."""
    where = desk.views.display_set(view)
    if where is None:
        return None
    index, _ = desk.views.place(view)
    if view.plane is Plane.STACK:
        return _image(where, index, view, desk)
    point = desk.views.point(view)
    if point is None:
        return None
    return Shown(
        display_set=where.id,
        series_instance_uid=where.series_instance_uid,
        plane=view.plane.value,
        point_lps_mm=point,
        window=presenting.window_of(desk, view, index),
        invert=view.invert,
    )


def _image(where: DisplaySet, index: int, view: View, desk: DeskState) -> Shown | None:
    instance = where.instance_at(index)
    if instance is None:
        return None
    return Shown(
        display_set=where.id,
        series_instance_uid=where.series_instance_uid,
        sop_instance_uid=instance.sop_instance_uid,
        frame=_frame_number(instance),
        window=presenting.window_of(desk, view, index),
        invert=view.invert,
        presentation=view.presentation,
    )


def _frame_number(instance: Instance) -> int:
    """As DICOM counts frames, from 1; 0 in an object of one frame."""
    return instance.frame + 1 if instance.frames > 1 else 0
