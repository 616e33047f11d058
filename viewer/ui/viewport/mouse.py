"""What the mouse means in a viewport: it turns drags, clicks and the wheel into calls of the desk.

Left drag   the active tool; Shift + left, or a grip on the crosshair's lines, moves the crosshair; a grip on
            the end of an own mark's axis corrects it. Left click on a mark focuses it.
Middle drag pans. Right drag zooms where it began; right click asks for the menu. Left + right scrolls fast.
Wheel       one image a notch (Shift: five), Ctrl: zoom at the pointer, Alt: window width.
It draws nothing: the desk answers with a new state.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from viewer.app.display import Mark, Tool
from viewer.core.dicom.geometry import Vector
from viewer.core.reading.finding import Axis, PixelBox
from viewer.ui.viewport import grips
from viewer.ui.viewport.frame import Frame
from viewer.ui.viewport.placement import Placement, zoom_at

if TYPE_CHECKING:  # the viewport owns its mouse
    from viewer.ui.viewport.viewport import Viewport

CLICK_PX = 4
"""A press that moves less than this is a click."""

_NOTCH = 120
_ZOOM_PER_NOTCH = 1.2
_WIDTH_PER_NOTCH = 1.1
_ZOOM_PX = 200.0
"""Pixels of a drag that magnify e-fold."""
_WINDOW_PX = 400.0
"""Pixels of a drag that change centre or width by one width."""
_SCROLL_PX, _FAST_SCROLL_PX = 8.0, 2.0
"""Pixels of a drag for each image."""
_NARROWEST = 1.0
"""Of windows in whole units such as HU; finer values have finer windows."""

Drag = Callable[[QPointF], None]
"""Follows the pointer (widget pixels) until the button is released."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What was on screen when a button went down."""

    id: str
    frame: Frame
    place: Placement
    at: QPointF


class Mouse:
    """The mouse of one viewport.

    It holds it weakly: a widget in a reference cycle would be destroyed by whichever thread collects garbage.
    """

    def __init__(self, viewport: Viewport) -> None:
        self._viewport: Viewport = weakref.proxy(viewport)
        self._drag: Drag | None = None
        self._finish: Callable[[], None] | None = None
        self._pressed: _Scene | None = None
        self._button = Qt.MouseButton.NoButton
        self._moved = False
        self._turned = 0.0

    # --- events

    def press(self, event: QMouseEvent) -> None:
        """A button went down: begin what it means here."""
        scene = self._scene(event.position())
        if scene is None:
            return
        self._viewport.setFocus(Qt.FocusReason.MouseFocusReason)
        both = Qt.MouseButton.LeftButton | Qt.MouseButton.RightButton
        self._pressed, self._button, self._finish = scene, event.button(), None
        if (event.buttons() & both) == both:
            self._drag, self._moved = self._scroll(scene, _FAST_SCROLL_PX), True
            return
        self._moved = False
        self._drag = self._begin(event, scene)

    def _begin(self, event: QMouseEvent, scene: _Scene) -> Drag | None:
        if event.button() == Qt.MouseButton.MiddleButton:
            return self._pan(scene)
        if event.button() == Qt.MouseButton.RightButton:
            return self._zoom(scene)
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return None
        return self._grip(event, scene) or self._tool(scene)

    def move(self, event: QMouseEvent) -> None:
        """Follow a drag, or report where the pointer is."""
        scene = self._scene(event.position())
        if scene is None:
            return
        if self._drag is None or self._pressed is None:
            self._point(scene)
            self._show_grip(scene)
            return
        moved = event.position() - self._pressed.at
        self._moved = self._moved or max(abs(moved.x()), abs(moved.y())) >= CLICK_PX
        if self._moved:
            self._drag(event.position())
            self._point(scene)

    def release(self, event: QMouseEvent) -> None:
        """End a drag; without one it was a click."""
        pressed, finish = self._pressed, self._finish
        clicked = pressed is not None and not self._moved and event.button() == self._button
        self._drag = self._pressed = self._finish = None
        if pressed is not None and clicked:
            self._click(event, pressed)
        elif finish is not None:
            finish()
        self._draft(None)

    def double_click(self, event: QMouseEvent) -> None:
        """Maximise or restore."""
        scene = self._scene(event.position())
        if scene is not None and event.button() == Qt.MouseButton.LeftButton:
            self._viewport.desk.maximise(scene.id)

    def wheel(self, event: QWheelEvent) -> None:
        """One step a notch; wheels that report less than a notch are added up."""
        scene = self._scene(event.position())
        if scene is None:
            return
        event.accept()
        turned = event.angleDelta()
        self._turned += turned.y() or turned.x()  # X11 turns Alt + wheel into a sideways wheel
        notches = math.trunc(self._turned / _NOTCH)
        if notches:
            self._turned -= notches * _NOTCH
            self._turn(scene, notches, event.modifiers())

    def leave(self) -> None:
        """The pointer left the viewport."""
        state = self._viewport.state
        if state is not None:
            self._viewport.desk.pointer(state.id, None, None)

    # --- what they mean

    def _turn(self, scene: _Scene, notches: int, held: Qt.KeyboardModifier) -> None:
        desk, state = self._viewport.desk, scene.frame.state
        if held & Qt.KeyboardModifier.ControlModifier:
            self._zoom_by(scene, _ZOOM_PER_NOTCH**notches, scene.at)
        elif held & Qt.KeyboardModifier.AltModifier:
            width = state.window.width * _WIDTH_PER_NOTCH**notches
            desk.set_window(scene.id, state.window.centre, _wide_enough(width, state.window.width))
        else:
            desk.scroll(scene.id, -notches * (5 if held & Qt.KeyboardModifier.ShiftModifier else 1))

    def _click(self, event: QMouseEvent, scene: _Scene) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            self._viewport.context_menu.emit(event.globalPosition().toPoint())
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        mark = grips.mark_at(scene.frame, scene.place, self._viewport.unit(), *self._device(scene.at))
        if mark is not None:
            self._viewport.desk.focus_finding(mark.tracking_uid)

    def _grip(self, event: QMouseEvent, scene: _Scene) -> Drag | None:
        """A drag that begins on something that can be held, or with Shift."""
        if scene.frame.view is None:
            return None
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return self._crosshair(scene, "both")
        unit, at = self._viewport.unit(), self._device(scene.at)
        end = grips.axis_end_at(scene.frame, scene.place, unit, *at)
        if end is not None:
            return self._correct(scene, end)
        line = grips.crosshair_at(scene.frame, scene.place, unit, *at)
        return self._crosshair(scene, line) if line else None

    def _show_grip(self, scene: _Scene) -> None:
        """The cursor says what can be held here."""
        shape = Qt.CursorShape.CrossCursor
        if scene.frame.view is not None:
            unit, at = self._viewport.unit(), self._device(scene.at)
            shapes = {
                "column": Qt.CursorShape.SplitHCursor,
                "row": Qt.CursorShape.SplitVCursor,
                "both": Qt.CursorShape.SizeAllCursor,
            }
            shape = shapes.get(grips.crosshair_at(scene.frame, scene.place, unit, *at), shape)
            if grips.axis_end_at(scene.frame, scene.place, unit, *at) is not None:
                shape = Qt.CursorShape.PointingHandCursor
        if self._viewport.cursor().shape() != shape:
            self._viewport.setCursor(shape)

    def _tool(self, scene: _Scene) -> Drag:
        match self._viewport.tool:
            case Tool.WINDOW:
                return self._window(scene)
            case Tool.ZOOM:
                return self._zoom(scene)
            case Tool.SCROLL:
                return self._scroll(scene, _SCROLL_PX)
            case Tool.PAN:
                return self._pan(scene)
            case Tool.DISTANCE | Tool.BIDIRECTIONAL:
                return self._line(scene)
            case Tool.OUTLINE:
                return self._outline(scene)
            case Tool.PROBE:
                return lambda at: None  # every move reports the pointer

    def _window(self, scene: _Scene) -> Drag:
        """Right = wider, down = higher centre (darker); the step grows with the width."""
        window = scene.frame.state.window

        def follow(at: QPointF) -> None:
            whole = window.width >= _NARROWEST
            moved = (at - scene.at) * ((max(window.width, 40.0) if whole else window.width) / _WINDOW_PX)
            width = _wide_enough(window.width + moved.x(), window.width)
            self._viewport.desk.set_window(scene.id, _tidy(window.centre + moved.y()), width)

        return follow

    def _zoom(self, scene: _Scene) -> Drag:
        """Up magnifies; the point where the drag began stays."""

        def follow(at: QPointF) -> None:
            self._zoom_by(scene, math.exp((scene.at.y() - at.y()) / _ZOOM_PX), scene.at)

        return follow

    def _zoom_by(self, scene: _Scene, factor: float, about: QPointF) -> None:
        zoom, pan = zoom_at(scene.place, scene.frame.state.zoom, factor, *self._device(about))
        self._viewport.desk.set_zoom(scene.id, zoom, pan)

    def _pan(self, scene: _Scene) -> Drag:
        pan = scene.frame.state.pan

        def follow(at: QPointF) -> None:
            moved = (at - scene.at) * self._viewport.devicePixelRatioF()
            columns, rows = scene.place.moved(moved.x(), moved.y())
            self._viewport.desk.set_pan(scene.id, (pan[0] - columns, pan[1] - rows))

        return follow

    def _scroll(self, scene: _Scene, pixels: float) -> Drag:
        """Down = on; counts from where the drag began, so going back there shows the first image again."""
        done = 0

        def follow(at: QPointF) -> None:
            nonlocal done
            steps = int((at.y() - scene.at.y()) / pixels)
            if steps != done:
                step, done = steps - done, steps
                self._viewport.desk.scroll(scene.id, step)

        return follow

    def _crosshair(self, scene: _Scene, line: str) -> Drag:
        """`line`: "column" or "row" moves only that line, "both" puts the point under the pointer."""
        point = scene.frame.state.point_lps_mm

        def follow(at: QPointF) -> None:
            column, row = scene.place.to_image(*self._device(at))
            if point is not None and line != "both":
                held_column, held_row, _ = scene.frame.project(point)
                column, row = (column, held_row) if line == "column" else (held_column, row)
            self._viewport.desk.move_crosshair(scene.id, self._within(scene, column, row))

        if line == "both":
            follow(scene.at)
        return follow

    def _within(self, scene: _Scene, column: float, row: float) -> Vector:
        """The patient position, kept on the picture."""
        rows, columns = scene.frame.shape
        return scene.frame.position(min(max(column, 0.5), columns - 0.5), min(max(row, 0.5), rows - 0.5))

    def _correct(self, scene: _Scene, end: grips.AxisEnd) -> Drag:
        axis: Axis = end.axis

        def follow(at: QPointF) -> None:
            nonlocal axis
            moved = self._within(scene, *scene.place.to_image(*self._device(at)))
            axis = (moved, end.axis[1]) if end.which_end == 0 else (end.axis[0], moved)
            self._draft(axis)

        self._finish = lambda: self._viewport.desk.change_axis(end.tracking_uid, end.which, axis)
        return follow

    def _line(self, scene: _Scene) -> Drag:
        """The distance tool, and the bidirectional one, which corrects an own mark where it begins on one."""
        axis: Axis | None = None

        def follow(at: QPointF) -> None:
            nonlocal axis
            axis = (self._spot(scene, scene.at), self._spot(scene, at))
            self._draft(axis)

        def finish() -> None:
            if axis is None:
                return
            mark = self._own_mark(scene) if self._viewport.tool is Tool.BIDIRECTIONAL else None
            if mark is None:
                self._viewport.desk.add_distance(scene.id, axis)
            else:
                self._viewport.desk.change_axis(mark.tracking_uid, grips.nearer_axis(mark, axis), axis)

        self._finish = finish
        return follow

    def _outline(self, scene: _Scene) -> Drag:
        """From one corner of the box to the other; the ellipse in it is the outline."""
        box: PixelBox | None = None

        def follow(at: QPointF) -> None:
            nonlocal box
            ends = (scene.place.to_image(*self._device(point)) for point in (scene.at, at))
            (left, right), (top, bottom) = (sorted(pair) for pair in zip(*ends, strict=True))
            box = (left - 0.5, top - 0.5, right - 0.5, bottom - 0.5)
            self._draft(box)

        def finish() -> None:
            if box is not None:
                self._viewport.desk.draw_outline(scene.id, box)

        self._finish = finish
        return follow

    def _own_mark(self, scene: _Scene) -> Mark | None:
        unit = self._viewport.unit()
        mark = grips.mark_at(scene.frame, scene.place, unit, *self._device(scene.at))
        return mark if mark is not None and mark.author != "model" else None

    def _spot(self, scene: _Scene, at: QPointF) -> Vector:
        """The point under the pointer as a measurement holds it."""
        column, row = scene.place.to_image(*self._device(at))
        if scene.frame.view is None:
            return (column, row, float(scene.frame.state.index))
        return scene.frame.position(column, row)

    def _point(self, scene: _Scene) -> None:
        column, row = scene.place.to_image(*self._device(scene.at))
        rows, columns = scene.frame.shape
        inside = 0 <= column < columns and 0 <= row < rows and scene.frame.picture is not None
        if not inside:
            self._viewport.desk.pointer(scene.id, None, None)
            return
        lps = scene.frame.position(column, row) if scene.frame.view is not None else None
        self._viewport.desk.pointer(scene.id, lps, (column, row))

    # --- small things

    def _scene(self, at: QPointF) -> _Scene | None:
        frame, placement = self._viewport.frame(), self._viewport.placement()
        if frame is None or placement is None:
            return None
        return _Scene(frame.state.id, frame, placement, at)

    def _device(self, at: QPointF) -> tuple[float, float]:
        ratio = self._viewport.devicePixelRatioF()
        return at.x() * ratio, at.y() * ratio

    def _draft(self, axis: Axis | PixelBox | None) -> None:
        if axis != self._viewport.draft:
            self._viewport.draft = axis
            self._viewport.refresh()


def _tidy(value: float) -> float:
    """Whole numbers where the values are large, as in CT; else three figures."""
    return float(round(value)) if abs(value) >= 10 else float(f"{value:.3g}")


def _wide_enough(width: float, before: float) -> float:
    """A window that still shows something."""
    return _tidy(max(width, _NARROWEST if before >= _NARROWEST else before / 100))
