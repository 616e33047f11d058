"""Where every viewport looks: layout, display set, slice, window, zoom, crosshair and tool.

Knows neither reading nor pixels nor screen. The desk tells the user interface that something changed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from viewer.app.display import Plane, TextLevel, Tool
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Geometry, Vector
from viewer.core.dicom.planes import cut_geometry, distance_to_cut, nearest_cut
from viewer.core.hanging.layout import Box, Layout, layout
from viewer.core.hanging.pose import PLAIN, Pose, Turn, anchor_of, scale_of
from viewer.core.hanging.protocol import Step
from viewer.core.pixels.grey import Window

cut_of = lru_cache(maxsize=64)(cut_geometry)
"""`cut_geometry`, remembered: it is asked for in every frame."""

MIN_ZOOM, MAX_ZOOM = 0.1, 64.0
THREE_PLANES = "three"
"""The layout whose viewports are planes of one volume."""
PAN_STEP = 0.05
"""Share of the visible width that one press of Alt+arrow moves the picture."""


@dataclass(frozen=True, slots=True)
class View:
    """What one viewport shows; a change makes a new value.

    display_set  "" = nothing
    index        slice, where `plane` is STACK; the other planes cut through the crosshair
    window       None = as stored in the image: the window or LUT with the number `choice` of its own
    presentation SOP Instance UID of the presentation state that is applied; "" = none
    zoom, pan    see `ViewportState`
    true_size    a centimetre of the image is one on the screen, at zoom 1
    pixels       one image pixel is one device pixel at zoom 1
    slab         what is made of the slices round `index`: "" = nothing, else a `SlabMode`; `slab_mm` thick
    mm_per_px    mm of the image per pixel of the design at zoom 1, whatever the step says; 0 = as it says
    """

    id: str
    plane: Plane = Plane.STACK
    display_set: str = ""
    index: int = 0
    window: Window | None = None
    invert: bool = False
    zoom: float = 1.0
    pan: tuple[float, float] = (0.0, 0.0)
    pixels: bool = False
    choice: int = 0
    presentation: str = ""
    true_size: bool = False
    slab: str = ""
    slab_mm: float = 10.0
    mm_per_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Pointer:
    """The mouse over a viewport: patient mm (None off the image or without geometry), and (column, row) of
    the picture, pixel (0, 0) spanning 0..1.
    """

    viewport: str
    position_mm: Vector | None
    pixel: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Surface:
    """A screen beside the window's own that holds images.

    area, ratio  as of `Views`; monitor, pitch_mm, calibration  as of `Screen`
    """

    area: tuple[int, int] = (1, 1)
    ratio: float = 1.0
    monitor: str = ""
    pitch_mm: float = 0.0
    calibration: bytes = b""


class Views:
    """All viewports of the window. Ids are "1", "2", ... in reading order.

    sets    display sets that may be shown, by id
    points  the crosshair by frame of reference (by display set id where it names none)
    ratio   device pixels per pixel of the design
    area    (width, height) of the place for all viewports, any unit
    beside  further screens with images, by their number from 1; area and ratio are those of the first
    overlays, shutters  whether those that an image brings are drawn
    air     air beside the breast is drawn black
    together  window, zoom and pan of one viewport are those of all
    glass   a magnifying glass follows the pointer
    moved   somebody has gone to another image since the study was opened
    shifts  by two frames of reference: what to add to a point of the first to find it in the second, mm; None
            where that is not known (yet)
    """

    def __init__(self) -> None:
        self.sets: dict[str, DisplaySet] = {}
        self.layout: Layout = layout("three")
        self.views: dict[str, View] = {}
        self.points: dict[str, Vector] = {}
        self.shifts: dict[tuple[str, str], Vector | None] = {}
        self.focused = "1"
        self.maximised = ""
        self.tool = Tool.WINDOW
        self.linked = True
        self.crosshair = True
        self.overlays = True
        self.shutters = True
        self.air = True
        self.together = False
        self.glass = False
        self.text_level = TextLevel.FULL
        self.pointer: Pointer | None = None
        self.area = (1, 1)
        self.ratio = 1.0
        self.beside: dict[int, Surface] = {}
        self.moved = False
        self._left: dict[tuple[str, Plane, bool], View] = {}

    # --- what is shown

    @property
    def visible(self) -> tuple[View, ...]:
        """The viewports on screen, in reading order."""
        return (self.view(self.maximised),) if self.maximised else self.hung

    @property
    def hung(self) -> tuple[View, ...]:
        """All viewports of the layout, also those that a maximised one hides."""
        return tuple(self.view(str(n + 1)) for n in range(len(self.layout.boxes)))

    @property
    def active(self) -> View:
        """The viewport that has the keyboard."""
        return self.view(self.focused)

    def view(self, viewport_id: str) -> View:
        """One viewport; an empty one where nothing was hung yet."""
        return self.views.get(viewport_id) or View(viewport_id)

    def display_set(self, view: View) -> DisplaySet | None:
        """What a viewport shows."""
        return self.sets.get(view.display_set)

    def grid(self, view: View) -> Geometry | None:
        """The grid (cut, row, column) of a viewport; None where its display set has no geometry."""
        shown = self.display_set(view)
        return None if shown is None or shown.geometry is None else cut_of(shown.geometry, view.plane)

    def point(self, view: View) -> Vector | None:
        """The crosshair in a viewport, patient mm."""
        shown = self.display_set(view)
        return None if shown is None or shown.geometry is None else self.points.get(_frame(shown))

    def place(self, view: View) -> tuple[int, int]:
        """(index, count) of the slice or cut that a viewport shows."""
        shown = self.display_set(view)
        if shown is None:
            return 0, 0
        if view.plane is Plane.STACK:
            return min(view.index, max(0, shown.count - 1)), shown.count
        grid, point = self.grid(view), self.point(view)
        if grid is None or point is None:
            return 0, 0
        return nearest_cut(grid, point), grid.shape[0]

    def aspect(self, view: View) -> float:
        """Width of a viewport divided by its height."""
        box = self.box(view)
        width, height = self.area_of(view)
        return (width * box.width) / (height * box.height)

    def box(self, view: View) -> Box:
        """Where a viewport stands; a maximised one has its screen for itself."""
        box = self.layout.boxes[min(int(view.id), len(self.layout.boxes)) - 1]
        return Box(0, 0, 1, 1, box.screen) if self.maximised else box

    @property
    def screens(self) -> int:
        """How many screens hold images."""
        return 1 + len(self.beside)

    def surface(self, view: View) -> Surface | None:
        """The screen of a viewport; None for the window's own."""
        return self.beside.get(self.box(view).screen)

    def area_of(self, view: View) -> tuple[int, int]:
        """(width, height) of the place for viewports on the screen of this one."""
        surface = self.surface(view)
        return self.area if surface is None else surface.area

    def ratio_of(self, view: View) -> float:
        """Device pixels per pixel of the design on the screen of a viewport."""
        surface = self.surface(view)
        return self.ratio if surface is None else surface.ratio

    def forget(self) -> None:
        """Nothing is hung any more; tool, text and links stay."""
        self.sets, self.views, self.points, self._left = {}, {}, {}, {}
        self.shifts = {}
        self.maximised, self.pointer, self.focused, self.moved = "", None, "1", False

    def renew(self, sets: dict[str, DisplaySet]) -> None:
        """Display sets as they are now: where one has grown, its viewports stay at the same image."""
        before, self.sets = self.sets, sets
        for view in list(self.views.values()):
            old, new = before.get(view.display_set), sets.get(view.display_set)
            if new is None:
                self.views[view.id] = View(view.id, view.plane)
            elif old is not None and old != new:
                self.views[view.id] = replace(view, index=self._same_image(view, old, new))

    def _same_image(self, view: View, old: DisplaySet, new: DisplaySet) -> int:
        point = self.points.get(_frame(new))
        if new.geometry is not None and old.geometry is not None and point is not None:
            return nearest_cut(new.geometry, point)
        shown = old.instance_at(view.index)
        places = zip(new.instances, new.slots, strict=True)
        return next((k for i, k in places if shown and i.location == shown.location), view.index)

    # --- hanging

    def hang(self, step: Step, windows: Sequence[Window | None]) -> None:
        """Hang a step: layout, pictures, planes, a window a box. Slice, zoom and pan of a viewport stay."""
        self.layout, self.maximised = layout(step.layout_on(self.screens)), ""
        pixels = step.display.size == "pixels"
        for n, (picture, name, window) in enumerate(zip(step.pictures, step.planes, windows, strict=True)):
            shown, old = self.sets.get(picture), self.view(str(n + 1))
            plane = Plane(name) if shown is not None and shown.geometry is not None else Plane.STACK
            if shown is None:
                self.views[old.id] = View(old.id)
            elif (old.display_set, old.plane, old.pixels) == (shown.id, plane, pixels):
                self.views[old.id] = replace(old, window=window)
            else:
                self.views[old.id] = self._hung(old.id, shown, plane, window, pixels)
        self._keep_focus()

    def set_layout(self, wanted: Layout, others: Iterable[DisplaySet]) -> None:
        """Another layout: three planes of the first series, or as many series side by side as there are."""
        self.layout, self.maximised = wanted, ""
        first = self.display_set(self.view("1"))
        if wanted.id == THREE_PLANES and first is not None and first.geometry is not None:
            for view, plane in zip(self.hung, (Plane.STACK, Plane.CORONAL, Plane.SAGITTAL), strict=True):
                if (view.display_set, view.plane) != (first.id, plane):
                    self.views[view.id] = self._hung(view.id, first, plane, self.view("1").window)
        else:
            self._spread([d for d in others if d.id != self.view("1").display_set])
        self._keep_focus()

    def _spread(self, others: list[DisplaySet]) -> None:
        """Give every viewport but the first a display set of its own, where there are enough."""
        taken = {self.view("1").display_set}
        for view in self.hung[1:]:
            rest = [d for d in others if d.id not in taken]
            if (view.display_set in taken or not view.display_set) and rest:
                self.views[view.id] = self._hung(view.id, rest[0], Plane.STACK, None)
            taken.add(self.view(view.id).display_set)

    def drop(self, viewport_id: str, shown: DisplaySet, window: Window | None) -> None:
        """Show a display set in a viewport; in the layout of three planes all of them change together."""
        old = self.view(viewport_id)
        together = {viewport_id}
        if {Plane.STACK, Plane.CORONAL, Plane.SAGITTAL} <= {v.plane for v in self.hung} and old.display_set:
            together |= {v.id for v in self.hung if v.display_set == old.display_set}
        for view in map(self.view, together):
            plane = view.plane if shown.geometry is not None else Plane.STACK
            self.views[view.id] = self._hung(view.id, shown, plane, window)

    def _hung(
        self, viewport_id: str, shown: DisplaySet, plane: Plane, window: Window | None, pixels: bool = False
    ) -> View:
        """A view of a display set, at the crosshair where there is one, zoomed as it was left."""
        old = self.view(viewport_id)
        self._left[old.display_set, old.plane, old.pixels] = old
        left = self._left.get((shown.id, plane, pixels), View(viewport_id))
        geometry = shown.geometry
        index = shown.count // 2
        if geometry is not None:
            if _frame(shown) not in self.points:
                middle = geometry.index_to_patient([(n - 1) / 2 if n > 1 else 0 for n in geometry.shape])
                self.points[_frame(shown)] = _on_slice(geometry, _vector(middle), index)
            index = nearest_cut(geometry, self.points[_frame(shown)])
        hung = View(viewport_id, plane, shown.id, index, window, left.invert, left.zoom, left.pan, pixels)
        return replace(hung, slab=left.slab, slab_mm=left.slab_mm)

    def _keep_focus(self) -> None:
        """The keyboard stays where it is, unless nothing hangs there: then it goes to the first picture."""
        filled = [view.id for view in self.visible if view.display_set]
        if self.focused not in (filled or [view.id for view in self.visible]):
            self.focused = filled[0] if filled else "1"

    # --- moving

    def scroll(self, viewport_id: str, steps: int) -> None:
        """Go `steps` slices or cuts on (negative: back), kept within the series."""
        view = self.view(viewport_id)
        index, _ = self.place(view)
        self.go_to(viewport_id, index + steps)

    def go_to(self, viewport_id: str, index: int) -> None:
        """Go to a slice or cut; the crosshair and linked viewports follow."""
        view = self.view(viewport_id)
        before, count = self.place(view)
        index = min(max(index, 0), count - 1)
        self.moved = True
        if count == 0 or index == before:
            return
        if view.plane is Plane.STACK:
            self.views[viewport_id] = replace(view, index=index)
        grid, point = self.grid(view), self.point(view)
        if grid is not None and point is not None:
            self._move_point(view, _on_slice(grid, point, index))

    def move_crosshair(self, viewport_id: str, position_mm: Vector) -> None:
        """Put the crosshair on a point; every viewport of that frame of reference goes there."""
        self.moved = True
        self._move_point(self.view(viewport_id), position_mm, also_this=True)

    def to_the_middle(self, shown: DisplaySet) -> None:
        """The middle of a series, unless somebody has gone elsewhere: it has grown while it was opened."""
        geometry = shown.geometry
        if geometry is not None and not self.moved:
            middle = _vector(geometry.index_to_patient([(n - 1) / 2 if n > 1 else 0 for n in geometry.shape]))
            self.show_point(_frame(shown), _on_slice(geometry, middle, shown.count // 2))
            self.moved = False

    def show_point(self, frame: str, position_mm: Vector, centre: bool = False) -> None:
        """Go to a point of a frame of reference in all viewports that know it; `centre` also pans there."""
        self.points[frame], self.moved = position_mm, True
        places = self._everywhere(frame, position_mm)
        self.points |= places
        for view in self.hung:
            shown = self.display_set(view)
            if shown is None or shown.geometry is None or _frame(shown) not in places:
                continue
            there = places[_frame(shown)]
            self.views[view.id] = view = replace(view, index=nearest_cut(shown.geometry, there))
            if centre and view.zoom > 1:
                self.views[view.id] = replace(view, pan=self._pan_to(view, there))

    def link_frames(self, now: str, before: str, shift: Vector) -> None:
        """Points of one frame of reference are those of another, moved: the second follows the first."""
        self.shifts[now, before] = shift
        moved = self.moved
        if now in self.points and self.linked:
            self.show_point(now, self.points[now])
        self.moved = moved

    def _everywhere(self, frame: str, position_mm: Vector) -> dict[str, Vector]:
        """A point in its own frame of reference, and in those that are known to lie beside it."""
        found = {frame: position_mm}
        for (now, before), shift in self.shifts.items():
            if shift is not None and now == frame:
                found[before] = _moved(position_mm, shift, 1)
            elif shift is not None and before == frame:
                found[now] = _moved(position_mm, shift, -1)
        return found

    def show_pixel(
        self, viewport_id: str, index: int, pixel: tuple[float, float], pose: Pose = PLAIN
    ) -> None:
        """Go to an image of a stack; where it is enlarged, with that (column, row) in the middle."""
        self.go_to(viewport_id, index)
        view = self.view(viewport_id)
        size = self._size(view)
        if size is not None and (view.zoom > 1 or view.pixels or view.true_size):
            across, down = anchor_of(pose, size, self._spacing(view), self.pixels(view))
            self.views[viewport_id] = replace(view, pan=(pixel[0] - across, pixel[1] - down))

    def middle(self, view: View, pose: Pose = PLAIN) -> tuple[float, float] | None:
        """The (column, row) in the middle of a viewport; None where it shows nothing."""
        size = self._size(view)
        if size is None:
            return None
        across, down = anchor_of(pose, size, self._spacing(view), self.pixels(view))
        return across + view.pan[0], down + view.pan[1]

    def _move_point(self, view: View, position_mm: Vector, also_this: bool = False) -> None:
        shown = self.display_set(view)
        if shown is None:
            return
        frame = _frame(shown)
        places = self._everywhere(frame, position_mm) if self.linked else {frame: position_mm}
        self.points |= places
        for other in self.hung:
            if other.plane is not Plane.STACK or (other.id == view.id and not also_this):
                continue
            target = self.display_set(other)
            if target is None or target.geometry is None or _frame(target) not in places:
                continue
            if self.linked or other.display_set == view.display_set:
                there = places[_frame(target)]
                self.views[other.id] = replace(other, index=nearest_cut(target.geometry, there))

    def next_viewport(self, steps: int) -> None:
        """Give the keyboard to the next viewport (reading order), round and round."""
        ids = [view.id for view in self.visible]
        self.focused = ids[(ids.index(self.focused) + steps) % len(ids)] if self.focused in ids else ids[0]

    def maximise(self, viewport_id: str) -> None:
        """One viewport on the whole area, or back to all."""
        self.maximised = "" if self.maximised else viewport_id
        self.focused = viewport_id

    # --- looking

    def set_window(self, viewport_id: str, window: Window | None, choice: int = 0) -> None:
        """Window of a viewport and of all that show the same display set; None = its own number `choice`."""
        shown = self.view(viewport_id).display_set
        for view in self.hung:
            if view.id == viewport_id or (shown and view.display_set == shown):
                self.views[view.id] = replace(view, window=window, choice=choice)

    def present(self, viewport_id: str, presentation: str) -> None:
        """Apply a presentation state, with the window that it brings; "" = none."""
        view = replace(self.view(viewport_id), presentation=presentation, window=None, choice=0, invert=False)
        self.views[viewport_id] = view

    def show_area(
        self, viewport_id: str, first: tuple[int, int], last: tuple[int, int], turn: Turn = PLAIN.turn
    ) -> None:
        """Pixels `first` to `last`, both inside ((column, row) from 1), as large as fits once turned."""
        view = self.view(viewport_id)
        size = self._size(view)
        if size is None:
            return
        columns, rows = (b - a + 1 for a, b in zip(first, last, strict=True))
        spacing, pixels, pose = self._spacing(view), self.pixels(view), Pose(turn)
        zoom = scale_of(pose, (rows, columns), spacing, pixels) / scale_of(pose, size, spacing, pixels)
        pan = ((first[0] - 1 + last[0] - size[1]) / 2, (first[1] - 1 + last[1] - size[0]) / 2)
        self.set_zoom(viewport_id, zoom, pan)

    def set_zoom(self, viewport_id: str, zoom: float, pan: tuple[float, float]) -> None:
        """Zoom (1 = fit) and offset of the view centre from the image centre, image pixels."""
        view = self.view(viewport_id)
        self.views[viewport_id] = replace(view, zoom=min(max(zoom, MIN_ZOOM), MAX_ZOOM), pan=pan)

    def from_fit(self, view: View, pose: Pose) -> tuple[float, tuple[float, float]]:
        """Zoom and pan of what a viewport shows, counted from the whole image in its middle, turned alike."""
        size = self._size(view)
        if size is None:
            return view.zoom, view.pan
        spacing, pixels, plain = self._spacing(view), self.pixels(view), Pose(pose.turn)
        zoom = view.zoom * scale_of(pose, size, spacing, pixels) / scale_of(plain, size, spacing, pixels)
        hung, middle = (anchor_of(p, size, spacing, pixels) for p in (pose, plain))
        return zoom, (view.pan[0] + hung[0] - middle[0], view.pan[1] + hung[1] - middle[1])

    def zoom_at_pointer(self, viewport_id: str, factor: float, pose: Pose = PLAIN) -> None:
        """Zoom so that what is under the pointer stays there (the centre, where the pointer is elsewhere)."""
        view = self.view(viewport_id)
        zoom = min(max(view.zoom * factor, MIN_ZOOM), MAX_ZOOM)
        fixed = view.pan
        size = self._size(view)
        if self.pointer is not None and self.pointer.viewport == viewport_id and size is not None:
            column, row = self.pointer.pixel
            across, down = anchor_of(pose, size, self._spacing(view), self.pixels(view))
            fixed = (column - across, row - down)
        shrink = view.zoom / zoom
        pan = tuple(q + (v - q) * shrink for q, v in zip(fixed, view.pan, strict=True))
        self.set_zoom(viewport_id, zoom, (pan[0], pan[1]))

    def pan_by(self, viewport_id: str, across: float, down: float, pose: Pose = PLAIN) -> None:
        """Move the picture by shares of what is visible; positive moves the view right and down."""
        view, size = self.view(viewport_id), self._size(self.view(viewport_id))
        if size is None:
            return
        step = max(size) / view.zoom
        columns, rows = pose.turn.way((across * step, down * step))
        self.set_zoom(viewport_id, view.zoom, (view.pan[0] + columns, view.pan[1] + rows))

    def set_invert(self, viewport_id: str, on: bool) -> None:
        """White for black."""
        self.views[viewport_id] = replace(self.view(viewport_id), invert=on)

    def fit(self, viewport_id: str) -> None:
        """As the picture hangs: the whole image, or the scale of its step."""
        self.views[viewport_id] = replace(
            self.view(viewport_id), zoom=1.0, pan=(0.0, 0.0), pixels=False, true_size=False
        )

    def reset(self, viewport_id: str, window: Window | None) -> None:
        """Fit, not inverted, and with the window of the step."""
        self.fit(viewport_id)
        self.set_invert(viewport_id, False)
        self.set_window(viewport_id, window)

    def _size(self, view: View) -> tuple[int, int] | None:
        """(rows, columns) of the picture in a viewport."""
        grid, shown = self.grid(view), self.display_set(view)
        if grid is not None:
            return grid.shape[1], grid.shape[2]
        if shown is None or not shown.instances:
            return None
        return shown.instances[0].rows, shown.instances[0].columns

    def _spacing(self, view: View) -> tuple[float, float]:
        """(between rows, between columns) of the picture in a viewport; 1, 1 where it is not known."""
        grid, shown = self.grid(view), self.display_set(view)
        known = None if shown is None else shown.instances[0].spacing_mm
        return known or (1.0, 1.0) if grid is None else (grid.spacing_mm[1], grid.spacing_mm[2])

    def pixels(self, view: View) -> tuple[int, int]:
        """(width, height) of a viewport."""
        box, (width, height) = self.box(view), self.area_of(view)
        return round(width * box.width), round(height * box.height)

    def _pan_to(self, view: View, position_mm: Vector) -> tuple[float, float]:
        grid = self.grid(view)
        if grid is None:
            return view.pan
        _, row, column = grid.patient_to_index(position_mm)
        return (float(column) + 0.5 - grid.shape[2] / 2, float(row) + 0.5 - grid.shape[1] / 2)

    def cut_through(self, view: View, frame: str, position_mm: Vector) -> int:
        """Index of the slice or cut of a viewport that goes through a point; -1 where none does."""
        shown, grid = self.display_set(view), self.grid(view)
        if shown is None or grid is None or _frame(shown) != frame:
            return -1
        return nearest_cut(grid, position_mm)


def frame_of(shown: DisplaySet) -> str:
    """The key of a display set's crosshair: its frame of reference, or itself where it names none."""
    return _frame(shown)


def _frame(shown: DisplaySet) -> str:
    uid = shown.geometry.frame_of_reference_uid if shown.geometry is not None else ""
    return uid or shown.id


def _moved(point: Vector, shift: Vector, way: int) -> Vector:
    x, y, z = (p + way * s for p, s in zip(point, shift, strict=True))
    return (x, y, z)


def _on_slice(grid: Geometry, position_mm: Vector, index: int) -> Vector:
    """The point moved along the stacking direction onto a slice."""
    way = distance_to_cut(grid, index, position_mm)
    cosine = sum(n * s for n, s in zip(grid.normal, grid.along_slices, strict=True))
    x, y, z = (p - s * way / abs(cosine) for p, s in zip(position_mm, grid.along_slices, strict=True))
    return (x, y, z)


def _vector(values: Iterable[float]) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
