"""Slabs of a stack: on and off, thicker and thinner, and what is said of them."""

from dataclasses import replace

from viewer.app import text
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.planes import cut_spacing
from viewer.core.pixels.slab import Slab, SlabMode, slab_round

THINNEST_MM, THICKEST_MM, STEP_MM = 2.0, 40.0, 2.0
_MODES = ("", SlabMode.MEAN, SlabMode.BRIGHTEST)
_WORDS = {SlabMode.MEAN: "mean of", SlabMode.BRIGHTEST: "brightest of"}


def next_mode(desk: DeskState) -> None:
    """Single slices, the mean of a slab, its brightest: round and round."""
    view = desk.views.active
    mode = _MODES[(_MODES.index(view.slab) + 1) % len(_MODES)]
    desk.views.views[view.id] = replace(view, slab=mode)
    shown = slab_of(desk, desk.views.active)
    desk.say("Single slices." if shown is None else f"{_said(desk, shown)}. [ and ] change the thickness.")
    desk.looked()


def thicker(desk: DeskState, steps: int = 1) -> None:
    """A slab that is so many steps of 2 mm thicker; a single slice becomes a slab."""
    view = desk.views.active
    thick = min(max(view.slab_mm + steps * STEP_MM, THINNEST_MM), THICKEST_MM) if view.slab else view.slab_mm
    desk.views.views[view.id] = replace(view, slab=view.slab or SlabMode.MEAN, slab_mm=thick)
    desk.looked()


def why_none(desk: DeskState) -> str:
    """Why there is no slab to make; "" where there is."""
    view = desk.views.active
    shown = desk.views.display_set(view)
    if shown is None:
        return "Open a study first (Ctrl+O)."
    if view.plane is not Plane.STACK or shown.count < 2 or shown.instances[0].colour:
        return "A slab is made of the slices of a stack as acquired."
    if shown.geometry is None:
        return "The slices make no volume, so how thick a slab of them is nobody knows."
    if len({replace(i.grey, voi=None) for i in shown.instances}) > 1:
        return "Each slice has its own scale of grey."
    return ""


def slab_of(desk: DeskState, view: View) -> Slab | None:
    """The slab that a viewport shows; None for single slices."""
    shown = desk.views.display_set(view)
    if not view.slab or shown is None or shown.geometry is None or view.plane is not Plane.STACK:
        return None
    index, count = desk.views.place(view)
    return slab_round(index, count, cut_spacing(shown.geometry), view.slab_mm, SlabMode(view.slab))


def line(desk: DeskState, view: View) -> tuple[str, ...]:
    """What stands on the image: mode, thickness and how many slices it was made of."""
    slab = slab_of(desk, view)
    return () if slab is None else (_said(desk, slab, view),)


def _said(desk: DeskState, slab: Slab, view: View | None = None) -> str:
    shown = desk.views.display_set(view or desk.views.active)
    assert shown is not None and shown.geometry is not None  # there is a slab of it
    thick = (slab.last - slab.first) * cut_spacing(shown.geometry)
    return f"Slab {text.millimetres(thick)}, {_WORDS[slab.mode]} {_slices(slab, shown)}"


def _slices(slab: Slab, shown: DisplaySet) -> str:
    wanted = slab.last - slab.first
    there = wanted - sum(slab.first <= k < slab.last for k in shown.missing)
    return f"{there} slices" if there == wanted else f"{there} of {wanted} slices"
