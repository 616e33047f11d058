"""Flicker between current and prior: the other image in the same viewport, at the same size and place."""

from dataclasses import replace

from viewer.app import pointing, posing
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.hanging.fill import images_of, is_for_reading
from viewer.core.hanging.pose import scale_of


def show(desk: DeskState) -> None:
    """The other examination, until `back`."""
    view = desk.views.active
    other = other_of(desk, view)
    if desk.screen.flicker is None and other is not None:
        desk.screen.flicker = view
        desk.views.views[view.id] = _alike(desk, view, other)
        desk.changed()


def back(desk: DeskState) -> None:
    """What the viewport showed before, where nothing else was hung there meanwhile."""
    before, desk.screen.flicker = desk.screen.flicker, None
    if before is not None and desk.views.view(before.id).mm_per_px:
        desk.views.views[before.id] = before
        desk.changed()


def toggle(desk: DeskState) -> None:
    """To and fro with each press."""
    if desk.screen.flicker is None:
        show(desk)
    else:
        back(desk)


def why_none(desk: DeskState) -> str:
    """Why there is nothing to flicker to; "" where there is."""
    view = desk.views.active
    if not view.display_set:
        return "Open a study first (Ctrl+O)."
    if desk.screen.flicker is not None or other_of(desk, view) is not None:
        return ""
    return "There is no image of the same breast in the same view in the other examination."


def other_of(desk: DeskState, view: View) -> DisplaySet | None:
    """The image of the other examination of the same breast in the same view; None where there is none."""
    shown, prior = desk.views.display_set(view), desk.hanging.hung.prior
    if shown is None or view.plane is not Plane.STACK or prior is None or desk.study is None:
        return None
    others = images_of(desk.study if desk.is_prior(shown) else prior)
    same = [d for d in others if is_for_reading(d) and pointing.same_view(shown, d)]
    return next((d for d in same if d.count == shown.count == 1), same[0] if same else None)


def _alike(desk: DeskState, view: View, other: DisplaySet) -> View:
    """The view of the other image of the same part of the breast at the same size, in its own window."""
    shown = desk.views.display_set(view)
    assert shown is not None  # there is another one like it
    first, pose = shown.instances[0], posing.pose(desk, view)
    spacing, size, ratio = first.spacing_mm or (1.0, 1.0), _device(desk, view), desk.views.ratio_of(view)
    shape = (first.rows, first.columns)
    scale = min(spacing) / scale_of(pose, shape, spacing, size, ratio) * ratio
    anchor = pointing.anchor(desk, view, shown)
    middle = anchor[0] + view.pan[0], anchor[1] + view.pan[1]
    there = pointing.from_breast(desk, other, pointing.in_breast(desk, shown, middle))
    plain = View(
        view.id, Plane.STACK, other.id, other.count // 2, None, view.invert, view.zoom, mm_per_px=scale
    )
    anchor = pointing.anchor(desk, plain, other)
    return replace(plain, pan=(there[0] - anchor[0], there[1] - anchor[1]))


def _device(desk: DeskState, view: View) -> tuple[int, int]:
    width, height = desk.views.pixels(view)
    return round(width * desk.views.ratio_of(view)), round(height * desk.views.ratio_of(view))
