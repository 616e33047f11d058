"""How pictures lie in their viewports: mammograms as on the breast, and all of a step at one scale."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from viewer.app import monitors, presenting
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane
from viewer.app.jobs import Report
from viewer.app.stack import Stack
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance, Orientation
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.dicom.planes import edge_letters
from viewer.core.hanging.pose import Box, Point, Pose, Turn, turn_by, turn_of
from viewer.core.pixels.table import grey_table

MARGIN = 1.04
"""Room round the largest breast of a step, as a factor."""
GAP = 2
"""Between viewports, pixels of the design."""
_ENLARGED = ("M", "S")
"""View modifiers of images that are not compared in size with whole breasts."""


def breast_of(shown: DisplaySet) -> Mammogram | None:
    """What the header says of a mammogram; None for anything else."""
    return shown.instances[0].mammogram


def turn(shown: DisplaySet) -> Turn | None:
    """How a mammogram is turned; None where its header does not say."""
    breast = breast_of(shown)
    if breast is None:
        return None
    return _turn(orientation_of(shown.instances[0]), breast.side, breast.down)


def orientation_of(instance: Instance) -> tuple[str, ...]:
    """Letters of the patient towards the right and the lower edge of the stored image; () where unknown."""
    return _letters(instance.patient_orientation, instance.orientation)


@lru_cache(maxsize=64)
def _letters(said: tuple[str, ...], orientation: Orientation | None) -> tuple[str, ...]:
    """Of Patient Orientation, else of Image Orientation (Patient)."""
    if said or orientation is None:
        return said
    return edge_letters(orientation[3:], orientation[:3])[2:]


_turn = lru_cache(maxsize=64)(turn_of)


def pose(desk: DeskState, view: View) -> Pose:
    """How the picture of a viewport lies."""
    hung = _hung(desk, view)
    if not view.true_size:
        return hung
    return replace(hung, mm_per_px=monitors.pitch_of(desk, view) * desk.views.ratio_of(view), pixels=False)


def true_size(desk: DeskState) -> None:
    """A centimetre of the breast or body is a centimetre on the screen."""
    view = desk.views.active
    desk.views.views[view.id] = replace(view, true_size=True, pixels=False, zoom=1.0, pan=(0.0, 0.0))
    desk.say("True size: 1 cm of the image is 1 cm on this screen. F fits it again.")
    desk.looked()


def why_no_true_size(desk: DeskState) -> str:
    """Why nothing can be shown at its true size; "" where it can."""
    shown = desk.views.display_set(desk.views.active)
    if shown is None:
        return "Open a study first (Ctrl+O)."
    if shown.instances[0].spacing_mm is None:
        return "The header has no pixel size."
    if not monitors.pitch_of(desk, desk.views.active):
        return "The pixel size of this monitor is not known: its file in the folder monitors needs a pitch."
    return ""


def _hung(desk: DeskState, view: View) -> Pose:
    shown, state = desk.views.display_set(view), presenting.in_force(desk, view)
    if state is not None and presenting.is_for(desk, view, state):
        return Pose(turn_by(state.rotation, state.flip), pixels=view.pixels)
    if shown is None or view.plane is not Plane.STACK or breast_of(shown) is None:
        return Pose(pixels=view.pixels)
    turned = turn(shown)
    if turned is None:
        return Pose(pixels=view.pixels)
    if view.pixels:
        return Pose(turned, pixels=True)
    scale = view.mm_per_px or _scale(desk, shown)
    return Pose(turned, scale, edge=edge_of(shown), centre=_middle(desk.pixels.breasts.get(shown.id)))


def edge_of(shown: DisplaySet) -> str:
    """The edge of the viewport where the chest wall lies."""
    breast = breast_of(shown)
    return "right" if breast is not None and breast.side == "R" else "left"


def _middle(box: Box | None) -> tuple[float, float] | None:
    return None if box is None else ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def _scale(desk: DeskState, shown: DisplaySet) -> float:
    """Millimetres per pixel that all images of the step share; 0 where each is as large as it can be."""
    step = desk.hanging.now
    hung = step.layout_on(desk.views.screens) == desk.views.layout.id and not desk.views.maximised
    if step.display.size != "same" or not hung:
        return 0.0
    if not _compared(shown):
        return 0.0
    return max(_needed(desk, view, other) for view, other in _group(desk))


def _group(desk: DeskState) -> Iterable[tuple[View, DisplaySet]]:
    flicker = desk.screen.flicker
    for view in desk.views.hung:
        hung = flicker if flicker is not None and flicker.id == view.id else view
        shown = desk.views.display_set(hung)
        if shown is not None and _compared(shown):
            yield hung, shown


def _compared(shown: DisplaySet) -> bool:
    """True for whole breasts with a known pixel size: those are shown at one scale."""
    breast = breast_of(shown)
    enlarged = breast is None or bool(set(breast.modifiers) & set(_ENLARGED))
    return not enlarged and shown.instances[0].spacing_mm is not None


def _needed(desk: DeskState, view: View, shown: DisplaySet) -> float:
    """Millimetres per pixel at which the breast (until it is found, the whole image) just fits."""
    first, box, area = shown.instances[0], desk.views.box(view), desk.views.area_of(view)
    shape = (first.rows, first.columns)
    breast = desk.pixels.breasts.get(shown.id) or (0, 0, first.columns, first.rows)
    size = area[0] * box.width - GAP, area[1] * box.height - GAP
    spacing = first.spacing_mm or (1.0, 1.0)
    return _least_scale(shape, spacing, turn(shown) or Turn(), edge_of(shown), breast, size)


@lru_cache(maxsize=256)
def _least_scale(
    shape: tuple[int, int], spacing: Point, turned: Turn, edge: str, breast: Box, size: Point
) -> float:
    """The same of numbers alone; it is asked for in every frame, of every picture of the step."""
    ends = [turned.onto_screen(corner, shape)[0] for corner in (breast[:2], breast[2:])]
    wide = turned.size(shape)[0] - min(ends) if edge == "right" else max(ends)  # from the chest wall
    tall = turned.size((breast[3] - breast[1], breast[2] - breast[0]))[1]
    across, down = turned.pitch(spacing)
    return MARGIN * max(wide * across / max(1.0, size[0]), tall * down / max(1.0, size[1]))


def measure(desk: DeskState) -> None:
    """Take over the breasts that loaders have found, and find those in stacks; a listener of the desk.

    Of stacks that are not on screen one at a time: they are wanted in the next step, and the window goes on.
    """
    pixels = desk.pixels
    on_screen = [name for view in desk.views.hung if _waits(desk, name := view.display_set)]
    beside = [name for name in pixels.stacks if name not in on_screen and _waits(desk, name)]
    for name in on_screen or beside[:1]:
        stack = pixels.stacks[name]
        if len(stack.ready) > 1:
            _look_beside(desk, name, stack)
            continue
        pixels.breasts[name] = pixels.found.pop(name) if name in pixels.found else box_of(stack)
        desk.changed()


def _look_beside(desk: DeskState, name: str, stack: Stack) -> None:
    """Find breast and air of a stack beside the window: many slices are looked at."""
    pixels = desk.pixels
    pixels.looking.add(name)

    def look(report: Report, cancelled: Callable[[], bool]) -> Box | None:
        desk.reduce(stack)
        return box_of(stack)

    def found(box: Box | None) -> None:
        pixels.looking.discard(name)
        pixels.breasts[name] = box
        desk.changed()

    desk.jobs.start("Where a breast lies", look, found, lambda error: found(None), quiet=True)


def _waits(desk: DeskState, name: str) -> bool:
    """True for a mammogram that is loaded and in which the breast was not looked for yet."""
    shown, stack = desk.views.sets.get(name), desk.pixels.stacks.get(name)
    pixels = desk.pixels
    if shown is None or stack is None or breast_of(shown) is None:
        return False
    if name in pixels.breasts or name in pixels.looking:
        return False
    return stack.complete and not stack.problems


def box_of(stack: Stack) -> Box | None:
    """Where the breast lies in a mammogram, or in the middle slice of a stack."""
    from viewer.core.hanging.breast import breast_box  # scipy, when the first image is there

    middle = len(stack.ready) // 2
    return breast_box(stack.codes[middle], grey_table(stack.grey(middle)))
