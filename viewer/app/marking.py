"""The reader's own findings: mark, measure, describe, correct, delete; undo and redo."""

from typing import TYPE_CHECKING

import numpy as np

from viewer.app import describing, image_marking
from viewer.app.desk_state import DeskState
from viewer.app.display import Field, Plane, Severity
from viewer.app.session import Changes
from viewer.app.stack import Stack
from viewer.app.views import frame_of
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Geometry, Vector
from viewer.core.reading.finding import Author, Axis, Finding, Texture
from viewer.core.reading.mask import PackedMask, pack
from viewer.core.reading.reading import Stage

if TYPE_CHECKING:  # loaded when the first mark is made
    from viewer.core.measure.nodule import NoduleMeasure

NODULE, ELSEWHERE = "nodule", "finding"
"""What a mark is called until the reader names it: in or beside lung, and elsewhere."""
LABELS = (NODULE, "mass", "scar", "granuloma", "atelectasis", "consolidation", ELSEWHERE, "other")
"""What the editor suggests; the label is free text."""

# --- marking


def mark(desk: DeskState) -> None:
    """Mark a finding at the pointer, and measure it.

    Where the pointer is on no image: at the crosshair, or in the middle of a viewport whose image has no
    place in the patient.
    """
    at = desk.views.pointer
    if at is not None:
        mark_at(desk, at.viewport, at.position_mm, at.pixel)
    else:
        mark_at(desk, desk.views.focused, desk.views.point(desk.views.active))


def mark_at(
    desk: DeskState,
    viewport_id: str,
    position_mm: Vector | None,
    pixel: image_marking.Pixel | None = None,
) -> None:
    """Mark a finding at a point of what a viewport shows: patient mm, or (column, row) of the image."""
    view = desk.views.view(viewport_id)
    shown = desk.views.display_set(view)
    if desk.session is None or shown is None:
        return
    if desk.is_prior(shown):
        desk.say("Findings are marked in the study that is read; this is an earlier one.", Severity.WARNING)
        return
    if view.plane is Plane.STACK and image_marking.is_marked_on_image(shown):
        image_marking.mark(desk, view, pixel)
        return
    if shown.geometry is None or position_mm is None:
        desk.say("A mark needs a place in the patient, which this image does not name.", Severity.WARNING)
        return
    found = measured(desk, shown, position_mm, Texture.SOLID)
    with desk.telling_refusals():
        finding = desk.session.mark(
            position_mm if found is None else found.center_lps_mm,
            series_instance_uid=shown.series_instance_uid,
            frame_of_reference_uid=shown.geometry.frame_of_reference_uid,
            label=NODULE if found is None or found.in_lung else ELSEWHERE,
            long_axis=None if found is None else found.long_axis,
            short_axis=None if found is None else found.short_axis,
            volume_mm3=None if found is None else found.volume_mm3,
            mask=_packed(found, shown.geometry),
        )
        desk.review.focus = finding.tracking_uid
        desk.views.show_point(frame_of(shown), found.center_lps_mm if found else position_mm)
        desk.acted()
        desk.say(f"{finding.name} marked. {_elsewhere(desk, finding) or _remark(found)}")
        desk.looked()


def _packed(found: "NoduleMeasure | None", geometry: Geometry) -> PackedMask | None:
    """What was outlined, for the record; None where nothing was."""
    return None if found is None or not found.measured else pack(found.mask, found.start, geometry)


def _elsewhere(desk: DeskState, finding: Finding) -> str:
    """Said of a mark that is no lung nodule by its place."""
    if finding.label != ELSEWHERE:
        return ""
    scheme = "" if desk.reading is None else desk.reading.scheme
    leaves = f", left out of {scheme} unless E names it a nodule" if scheme else "; E names it"
    return f"Not in or beside lung: a {ELSEWHERE}{leaves}."


def _remark(found: "NoduleMeasure | None") -> str:
    if found is None:
        return "Not measured: its images are still loading, or hold no Hounsfield units."
    return found.reason or found.note or "E describes it, Ctrl+Z takes it back."


def measured(
    desk: DeskState, shown: DisplaySet, position_mm: Vector, texture: Texture
) -> "NoduleMeasure | None":
    """What measuring finds at a point; None where its slices are not there, or are not in HU."""
    from viewer.core.measure.nodule import measure_nodule, slices_needed

    stack = desk.pixels.stacks.get(shown.id)
    if stack is None or shown.geometry is None or not shown.has_hu:
        return None
    needed = slices_needed(shown.geometry, position_mm)
    if not all(stack.ready[k] or k in shown.missing for k in needed):
        return None
    return measure_nodule(
        _hu_part(stack, needed),
        shown.geometry,
        position_mm,
        texture=texture,
        first_slice=needed.start,
        missing=shown.missing,
    )


def _hu_part(stack: Stack, slices: range) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    """(slices, rows, columns) HU of a few slices."""
    return np.stack([stack.hu_slice(k) for k in slices])


# --- describing


def edit(desk: DeskState) -> None:
    """Open the editor of the finding in focus."""
    if describing.is_in_breast(desk):
        describing.describe(desk)
        return
    desk.screen.page = "reading"
    desk.review.strip = False
    desk.review.editing = desk.review.focus
    desk.changed()


def fields_of(finding: Finding) -> tuple[Field, ...]:
    """What the editor offers for a finding."""
    solid = "" if finding.solid_part_mm is None else f"{finding.solid_part_mm:g}"
    return (
        Field("label", "What it is", finding.label, LABELS),
        Field("texture", "Texture", finding.texture.value, tuple(t.value for t in Texture)),
        Field("solid_part_mm", "Solid part, mm", solid),
        Field("note", "Note", finding.note),
    )


def save_edit(desk: DeskState, values: dict[str, str]) -> None:
    """Take over what the editor holds, and close it; a value that cannot be is said and the editor stays."""
    finding = desk.focused
    if finding is None or desk.session is None:
        return
    solid = values.get("solid_part_mm", "").strip().replace(",", ".")
    try:
        solid_mm = float(solid) if solid else None
        texture = Texture(values.get("texture", finding.texture.value))
    except ValueError:
        desk.say(f"Solid part: found '{solid}', allowed a length in mm such as 4.5.", Severity.WARNING)
        return
    changes: Changes = {"texture": texture, "solid_part_mm": solid_mm}
    changes["label"] = values.get("label", finding.label).strip() or finding.label
    changes["note"] = values.get("note", finding.note).strip()
    _change(desk, finding, changes)
    desk.review.editing = ""
    desk.changed()


def close_edit(desk: DeskState) -> None:
    """Leave the finding as it was."""
    desk.review.editing = ""
    desk.changed()


def change_axis(desk: DeskState, tracking_uid: str, which: str, axis: Axis) -> None:
    """The reader corrected the "long" or "short" axis of an own mark by hand."""
    reading = desk.reading
    finding = None if reading is None else reading.finding(tracking_uid)
    if reading is None or finding is None:
        return
    own = reading.finding(reading.joined.get(tracking_uid, tracking_uid))
    changes: Changes = {"long_axis": axis} if which == "long" else {"short_axis": axis}
    _change(desk, own or finding, changes)


def _change(desk: DeskState, finding: Finding, changes: Changes) -> None:
    if desk.session is None:
        return
    with desk.telling_refusals():
        after = desk.session.change(finding.tracking_uid, **changes)
        if after != finding:
            desk.acted()
            desk.say(f"{finding.name} changed. Ctrl+Z takes it back.")


# --- deleting


def delete(desk: DeskState) -> None:
    """Delete the own mark in focus, else the last distance."""
    reading, finding = desk.reading, desk.focused
    if reading is None or desk.session is None:
        return
    own = None if finding is None else reading.finding(reading.joined.get(finding.tracking_uid, ""))
    target = finding if finding is not None and finding.author is Author.READER else own
    with desk.telling_refusals():
        if target is not None:
            desk.session.delete(target.tracking_uid)
            desk.review.focus = ""
            _deleted(desk, target.name)
        elif reading.distances:
            desk.session.delete_distance(reading.distances[-1].key)
            _deleted(desk, "Distance")
        elif finding is not None:
            desk.say(f"{finding.name} is the second reader's: X rejects it.")
        else:
            desk.say("Nothing to delete: choose one of your marks first.")


def _deleted(desk: DeskState, what: str) -> None:
    desk.acted()
    desk.say(f"{what} deleted. Ctrl+Z brings it back.")


# --- undo and redo


def undo(desk: DeskState) -> None:
    """Take the last step back: of the viewports, else of the reading within its stage."""
    before = desk.review.undo_order.pop() if desk.review.undo_order else None
    if before is not None:
        desk.views.views.update(before)
        desk.say("Viewport restored.")
        desk.looked()
        return
    if desk.session is None:
        return
    with desk.telling_refusals():
        title = desk.session.undo()
        desk.report.armed = False
        desk.say(f"Taken back: {title}. Ctrl+Y does it again.")


def redo(desk: DeskState) -> None:
    """Do the last undone step of the reading again."""
    if desk.session is None:
        return
    with desk.telling_refusals():
        title = desk.session.redo()
        desk.acted()
        desk.say(f"Done again: {title}.")


def why_read_only(desk: DeskState) -> str:
    """Why nothing of the reading can be changed; "" where it can."""
    if desk.study is None:
        return "Open a study first (Ctrl+O)."
    if desk.session is None:
        return "No reading of this study could be begun, so nothing would be kept."
    if desk.stage is Stage.SIGNED:
        return "This reading is signed; it can be amended, not changed."
    return ""


def why_no_focus(desk: DeskState) -> str:
    """Why no finding can be edited; "" where one can."""
    return why_read_only(desk) or ("" if desk.focused is not None else "Choose a finding first (F4 or N).")
