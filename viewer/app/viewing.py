"""What the hands do with images: scroll, window, zoom, crosshair, layout, steps, tools.

Each function is one command or one thing that a viewport asks for; it changes the desk and says so.
"""

from collections.abc import Sequence

from viewer.app import posing, presenting, roaming, together, windows
from viewer.app.desk_state import DeskState
from viewer.app.display import TextLevel, Tool
from viewer.app.views import PAN_STEP, Pointer
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Vector
from viewer.core.hanging.layout import LAYOUTS
from viewer.core.hanging.protocol import Step
from viewer.core.pixels.grey import Window
from viewer.core.reading.reading import Stage

# --- images


def scroll(desk: DeskState, viewport_id: str, steps: int) -> None:
    """Go `steps` images on in a viewport; each one is drawn."""
    desk.views.scroll(viewport_id, steps)
    desk.looked()
    desk.show_now()


def next_image(desk: DeskState, steps: int = 1) -> None:
    """Go `steps` images on in the viewport that has the keyboard."""
    scroll(desk, desk.views.focused, steps)


def first_image(desk: DeskState) -> None:
    """The first image or cut."""
    go_to_image(desk, 0)


def last_image(desk: DeskState) -> None:
    """The last image or cut."""
    go_to_image(desk, desk.views.place(desk.views.active)[1] - 1)


def go_to_image(desk: DeskState, index: int) -> None:
    """The image or cut `index` (from 0) of the viewport that has the keyboard."""
    desk.views.go_to(desk.views.focused, index)
    desk.looked()


def next_series(desk: DeskState, steps: int = 1) -> None:
    """The next display set in the viewport that has the keyboard; at full resolution the next tile."""
    if desk.views.active.pixels:
        roaming.next_tile(desk, steps)
        return
    shown = [d.id for d in desk.display_sets]
    current = desk.views.active.display_set
    if len(shown) < 2:
        desk.say("This study has no other series.")
        return
    here = shown.index(current) if current in shown else -1
    show_series(desk, desk.views.focused, shown[(here + steps) % len(shown)])


def show_series(desk: DeskState, viewport_id: str, display_set: str) -> None:
    """Show a display set in a viewport (dropped there, or by key)."""
    shown = next((d for d in desk.display_sets if d.id == display_set), None)
    if shown is not None:
        desk.views.drop(viewport_id, shown, step_window(desk, shown, box_of(viewport_id)))
        desk.views.focused = viewport_id
        desk.looked()


# --- viewports


def focus_viewport(desk: DeskState, viewport_id: str) -> None:
    """The keyboard acts in this viewport now; not in one that is about to go from its screen."""
    if all(view.id != viewport_id for view in desk.views.visible):
        return
    desk.views.focused = viewport_id
    desk.screen.panel = False
    desk.changed()


def next_viewport(desk: DeskState, steps: int = 1) -> None:
    """The next viewport in reading order."""
    desk.views.next_viewport(steps)
    desk.changed()


def maximise(desk: DeskState, viewport_id: str = "") -> None:
    """One viewport on the whole image area, or back."""
    desk.views.maximise(viewport_id or desk.views.focused)
    desk.looked()


def pointer(
    desk: DeskState, viewport_id: str, position_mm: Vector | None, pixel: tuple[float, float] | None
) -> None:
    """The mouse is over this place; None, None = it left the viewport."""
    if pixel is not None:
        desk.views.pointer = Pointer(viewport_id, position_mm, pixel)
    elif desk.views.pointer is not None and desk.views.pointer.viewport == viewport_id:
        desk.views.pointer = None
    desk.changed()


def move_crosshair(desk: DeskState, viewport_id: str, position_mm: Vector) -> None:
    """Put the crosshair there; linked viewports follow."""
    desk.views.move_crosshair(viewport_id, position_mm)
    desk.looked()


def show_point(desk: DeskState) -> None:
    """Show the point under the pointer in all viewports."""
    at = desk.views.pointer
    if at is None or at.position_mm is None:
        desk.say("Point at an image first: J shows that point in all viewports.")
        return
    move_crosshair(desk, at.viewport, at.position_mm)


def toggle_link(desk: DeskState) -> None:
    """Scroll viewports of one frame of reference together, or each by itself."""
    desk.views.linked = not desk.views.linked
    desk.say("Viewports scroll together." if desk.views.linked else "Each viewport scrolls by itself.")


def toggle_crosshair(desk: DeskState) -> None:
    """The crosshair on or off."""
    desk.views.crosshair = not desk.views.crosshair
    desk.changed()


def toggle_overlays(desk: DeskState) -> None:
    """The graphics that images bring with them on or off."""
    desk.views.overlays = not desk.views.overlays
    desk.say(f"Graphics stored in images are {'shown' if desk.views.overlays else 'hidden'}.")


def toggle_shutters(desk: DeskState) -> None:
    """Shutter and collimator: black outside, or the whole image."""
    desk.views.shutters = not desk.views.shutters
    desk.say(f"Outside the shutter the image is {'black' if desk.views.shutters else 'shown'}.")


def toggle_air(desk: DeskState) -> None:
    """Air beside the breast: black whatever the window, or as it is stored."""
    desk.views.air = not desk.views.air
    desk.say(f"Air beside the breast is {'black' if desk.views.air else 'shown as it is stored'}.")


def glass(desk: DeskState, on: bool) -> None:
    """The magnifying glass at the pointer."""
    desk.views.glass = on
    desk.changed()


def toggle_glass(desk: DeskState) -> None:
    """The magnifying glass, until pressed again."""
    glass(desk, not desk.views.glass)
    if desk.views.glass:
        desk.say("The glass at the pointer shows every image pixel, twice as large or more.")


# --- zoom and pan


def set_zoom(desk: DeskState, viewport_id: str, zoom: float, pan: tuple[float, float]) -> None:
    """Zoom and pan of a viewport."""
    desk.views.set_zoom(viewport_id, zoom, pan)
    together.zoomed(desk, viewport_id)
    desk.looked()


def set_pan(desk: DeskState, viewport_id: str, pan: tuple[float, float]) -> None:
    """Pan of a viewport."""
    set_zoom(desk, viewport_id, desk.views.view(viewport_id).zoom, pan)


def zoom(desk: DeskState, factor: float) -> None:
    """Zoom at the pointer, in the viewport under it, else in the one that has the keyboard."""
    at = desk.views.pointer
    name = desk.views.focused if at is None else at.viewport
    desk.views.zoom_at_pointer(name, factor, posing.pose(desk, desk.views.view(name)))
    together.zoomed(desk, name)
    desk.looked()


def pan(desk: DeskState, across: int, down: int) -> None:
    """Move the view by steps of 5 % of what is visible."""
    pose = posing.pose(desk, desk.views.active)
    desk.views.pan_by(desk.views.focused, across * PAN_STEP, down * PAN_STEP, pose)
    together.zoomed(desk, desk.views.focused)
    desk.looked()


def fit(desk: DeskState) -> None:
    """The whole image in the viewport."""
    desk.views.fit(desk.views.focused)
    desk.looked()


def reset(desk: DeskState) -> None:
    """Zoom, pan, inversion and window of the viewport as the step hung them; Ctrl+Z brings them back."""
    before = dict(desk.views.views)
    shown = desk.views.display_set(desk.views.active)
    box = box_of(desk.views.focused)
    desk.views.reset(desk.views.focused, None if shown is None else step_window(desk, shown, box))
    desk.acted(before)
    desk.say("Viewport reset. Ctrl+Z brings it back.")
    desk.looked()


# --- grey levels


def set_window(desk: DeskState, viewport_id: str, centre: float, width: float) -> None:
    """Window of a viewport in modality values; the curve that is in force keeps its shape."""
    view = desk.views.view(viewport_id)
    now = presenting.window_of(desk, view, desk.views.place(view)[0])
    desk.views.set_window(viewport_id, Window(centre, width, function=now.function), view.choice)
    together.windowed(desk, viewport_id)
    desk.looked()


def next_own_window(desk: DeskState, steps: int = 1) -> None:
    """The next window or curve that is stored in the image, round and round."""
    view, offered = desk.views.active, _own_windows(desk)
    if offered:
        at = view.choice if view.window is None and view.choice < len(offered) else -1 if steps > 0 else 0
        own_window(desk, (at + steps) % len(offered) + 1)
    else:
        desk.say("No window is stored in this image.")


def own_window(desk: DeskState, number: int) -> None:
    """The window or curve with that number (from 1) of those stored in the image."""
    offered = _own_windows(desk)
    desk.views.set_window(desk.views.focused, None, number - 1)
    desk.say(f"Window {number} of {len(offered)} of this image: {offered[number - 1]}")
    desk.looked()


def why_no_own_window(desk: DeskState, number: int) -> str:
    """Why there is no window of that number; "" where there is."""
    reason, count = why_no_image(desk), len(_own_windows(desk))
    if reason or number <= count:
        return reason
    return "No window is stored in this image." if not count else f"This image stores only {count} of them."


def _own_windows(desk: DeskState) -> tuple[str, ...]:
    instance = presenting.image_of(desk, desk.views.active)
    return () if instance is None else windows.offered(instance)


def preset(desk: DeskState, digit: int) -> None:
    """The window preset of that digit; 0 = as stored."""
    shown = desk.views.display_set(desk.views.active)
    offered = () if shown is None else windows.presets_of(shown)
    if digit > len(offered):
        desk.say("This series has no window presets: its values are not Hounsfield units. 0 is as stored.")
        return
    desk.views.set_window(desk.views.focused, offered[digit - 1] if digit else None)
    desk.looked()


def invert(desk: DeskState) -> None:
    """White for black."""
    view = desk.views.active
    for other in desk.views.hung:
        if other.id == view.id or (view.display_set and other.display_set == view.display_set):
            desk.views.set_invert(other.id, not view.invert)
    desk.looked()


# --- tools and text


def set_tool(desk: DeskState, tool: Tool) -> None:
    """What a left drag does."""
    desk.views.tool = tool
    desk.changed()


def next_text_level(desk: DeskState) -> None:
    """Corner text: full, minimal, none; identity and warnings stay."""
    levels = list(TextLevel)
    desk.views.text_level = levels[(levels.index(desk.views.text_level) + 1) % len(levels)]
    desk.changed()


# --- layouts and hanging steps


def set_layout(desk: DeskState, number: int) -> None:
    """The layout of that digit (1 = the first)."""
    desk.views.set_layout(LAYOUTS[number - 1], desk.display_sets)
    desk.looked()


def next_step(desk: DeskState, steps: int = 1) -> None:
    """The next hanging step; it resets nothing."""
    wanted = desk.hanging.step + steps
    if 0 <= wanted < len(desk.hanging.steps):
        go_to_step(desk, wanted)
    else:
        desk.say("This is the last step." if steps > 0 else "This is the first step.")


def go_to_step(desk: DeskState, number: int) -> None:
    """A hanging step by its number (from 0)."""
    if number >= len(desk.hanging.steps):
        desk.say(f"There are {len(desk.hanging.steps)} steps.")
        return
    reason = why_locked(desk, desk.hanging.steps[number])
    if reason:
        desk.say(reason)
        return
    desk.hanging.step = number
    hang(desk)


def bring(desk: DeskState, wanted: Sequence[str]) -> None:
    """Bring display sets on screen: in the first open step that shows most of them, else the first alone."""
    hidden = desk.views.maximised and any(view.display_set in wanted for view in desk.views.hung)
    desk.views.maximised = ""
    if hidden:
        desk.looked()
        return
    open_ones = [n for n, step in enumerate(desk.hanging.steps) if not why_locked(desk, step)]
    shows = {n: len(set(desk.hanging.steps[n].pictures) & set(wanted)) for n in open_ones}
    best = max(open_ones, key=lambda n: shows[n], default=None)
    if best is not None and shows[best]:
        go_to_step(desk, best)
    else:
        show_series(desk, desk.views.focused, wanted[0])


def why_locked(desk: DeskState, step: Step) -> str:
    """Why a step cannot be shown yet; "" where it can."""
    reading = desk.reading
    sealed = reading is None or reading.stage in (Stage.UNAIDED, Stage.COMMITTED)
    if step.after_commit and sealed:
        return "The second reader is sealed until you commit (Shift+Enter)."
    return ""


def hang(desk: DeskState) -> None:
    """Hang the step that the desk is in."""
    step = desk.hanging.now
    sets = [desk.views.sets.get(picture) for picture in step.pictures]
    levels = [None if shown is None else step_window(desk, shown, box) for box, shown in enumerate(sets)]
    desk.views.hang(step, levels)
    desk.looked()


def step_window(desk: DeskState, shown: DisplaySet, box: int) -> Window | None:
    """The window of the step for a display set in a box (from 0); None = as stored."""
    offered = {window.name: window for window in windows.presets_of(shown)}
    protocol = desk.hanging.hung.protocol
    in_its_units = shown.modality != "CT" or shown.has_hu
    own = protocol.windows if protocol is not None and in_its_units else ()
    return (offered | {window.name: window for window in own}).get(desk.hanging.now.window_of(box))


def box_of(viewport_id: str) -> int:
    """The box of a viewport in its layout, from 0."""
    return int(viewport_id) - 1


def probe_text(desk: DeskState) -> str:
    """What lies under the pointer: the value, where there is one to claim."""
    at = desk.views.pointer
    if at is None:
        return ""
    view = desk.views.view(at.viewport)
    value = desk.value_at(view, at)
    shown = desk.views.display_set(view)
    if value is None or shown is None:
        return ""
    return f"{value:.0f} HU" if shown.has_hu else f"{value:g}"


def why_no_image(desk: DeskState) -> str:
    """Why nothing can be done with an image; "" where something can."""
    if desk.views.active.display_set:
        return ""
    return (
        "Nothing hangs here: Tab goes to the next viewport." if desk.study else "Open a study first (Ctrl+O)."
    )
