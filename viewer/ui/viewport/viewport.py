"""The viewport: takes a display state, applies the difference, tells the desk what was done and seen.

The two backends in `cpu` and `gl` differ only in how they draw one `Frame`.
"""

from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from viewer.app.display import Plane, Tool, ViewportState
from viewer.app.stack import Stack
from viewer.core.dicom.geometry import Vector
from viewer.core.reading.finding import Axis, PixelBox
from viewer.ui.viewport import reslice
from viewer.ui.viewport.frame import Frame, NoticeKind, compose
from viewer.ui.viewport.mouse import Mouse
from viewer.ui.viewport.placement import Placement, place
from viewer.ui.viewport.source import Source

SERIES_MIME = "application/x-tandem-series"
"""What is dragged from the series panel: the id of a display set, UTF-8."""

_RETRY_MS = 30
"""How soon a viewport looks again whether VTK is there."""


class ViewportActions(Protocol):
    """What a viewport asks of the desk.

    Points are patient mm (LPS); pixels are (column, row) of the picture, pixel (0, 0) spanning 0..1. Where an
    image has no place in the patient, the ends of an axis are (column, row, index).
    """

    def scroll(self, viewport_id: str, steps: int) -> None:
        """Go `steps` images on."""

    def set_window(self, viewport_id: str, centre: float, width: float) -> None:
        """Window in modality values."""

    def set_zoom(self, viewport_id: str, zoom: float, pan: tuple[float, float]) -> None:
        """Zoom and pan as in `ViewportState`."""

    def set_pan(self, viewport_id: str, pan: tuple[float, float]) -> None:
        """Pan as in `ViewportState`."""

    def move_crosshair(self, viewport_id: str, lps: Vector) -> None:
        """Show this point in all linked views."""

    def focus_viewport(self, viewport_id: str) -> None:
        """The keyboard acts here now."""

    def focus_finding(self, tracking_uid: str) -> None:
        """A mark was clicked."""

    def pointer(self, viewport_id: str, lps: Vector | None, pixel: tuple[float, float] | None) -> None:
        """Where the pointer is; None, None = it left."""

    def draw_outline(self, viewport_id: str, box: PixelBox) -> None:
        """An ellipse was drawn in a box: edges in pixels of the image, the first one spanning -0.5 to 0.5."""

    def add_distance(self, viewport_id: str, axis: Axis) -> None:
        """A line was drawn with the distance tool."""

    def change_axis(self, tracking_uid: str, which: str, axis: Axis) -> None:
        """The reader corrected the "long" or "short" axis of an own mark."""

    def maximise(self, viewport_id: str) -> None:
        """Fill the window with this viewport, or go back."""

    def drop_series(self, viewport_id: str, display_set: str) -> None:
        """A series was dropped here."""

    def shown(self, viewport_id: str, index: int) -> None:
        """The picture with this index has been painted."""


class Viewport(QWidget):
    """One image with all that lies over it. Use a backend: `CpuViewport` or `GLViewport`.

    context_menu  the right button was clicked without a drag, at this global position
    """

    context_menu = Signal(QPoint)

    def __init__(
        self, desk: ViewportActions, interface_size: float = 1.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.desk = desk
        self._interface_size = interface_size
        self.tool = Tool.WINDOW
        self.draft: Axis | PixelBox | None = None
        self._state: ViewportState | None = None
        self._source: Source | None = None
        self._key: tuple[object, ...] = ()
        self._frame: Frame | None = None
        self._unpainted = False
        self._reported: tuple[object, ...] = ()
        self._mouse = Mouse(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setCursor(Qt.CursorShape.CrossCursor)

    # --- what is shown

    def show_state(self, state: ViewportState, stack: Stack | None, tool: Tool | None = None) -> None:
        """Show a state with the pixels of `stack`; cheap, and paints only where something has changed.

        A slice that was asked for but not painted yet is painted first, so that scrolling shows every one.
        """
        self.tool = tool or self.tool
        key = (state, id(stack), _arrived(state, stack))
        if key == self._key:
            return
        if self._unpainted and self._state is not None and state.index != self._state.index:
            self.refresh(now=True)
        self._unpainted = self._unpainted or self._state is None or state.index != self._state.index
        if stack is None or self._source is None or self._source.stack is not stack:
            self._source = None if stack is None else Source(stack)
        self._state, self._key, self._frame = state, key, None
        self.setAccessibleName(_said(state))
        self.refresh()

    def let_go(self) -> None:
        """Show nothing, and hold no pixels."""
        self._state, self._source, self._frame, self._key = None, None, None, ()
        self._unpainted, self._reported = False, ()

    @property
    def state(self) -> ViewportState | None:
        """The state on screen."""
        return self._state

    def frame(self) -> Frame | None:
        """What the state shows; None before the first state."""
        if self._frame is None and self._state is not None:
            stack = None if self._source is None else self._source.stack
            self._frame = compose(self._state, stack, self._source)
            self._wait_for_vtk(self._frame)
        return self._frame

    def _wait_for_vtk(self, frame: Frame) -> None:
        """Look again soon while a cut waits for VTK; the first image on screen starts loading it."""
        waits = frame.notice is not None and frame.notice.kind is NoticeKind.LOADING
        if waits and frame.state.plane is not Plane.STACK and not reslice.ready():
            QTimer.singleShot(_RETRY_MS, self, self._look_again)

    def _look_again(self) -> None:
        reslice.warm()
        self._frame = None
        self.refresh()

    # --- where it lies

    def unit(self) -> float:
        """Device pixels per pixel of the design."""
        return float(self.devicePixelRatioF()) * self._interface_size

    def device_size(self) -> tuple[int, int]:
        """Width and height in device pixels."""
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def placement(self) -> Placement | None:
        """Where the picture lies; None before the first state."""
        frame = self.frame()
        if frame is None:
            return None
        state = frame.state
        pose = state.pose if frame.in_mm else replace(state.pose, mm_per_px=0.0)
        size, ratio = self.device_size(), self.devicePixelRatioF()
        return place(frame.shape, frame.spacing, state.zoom, state.pan, size, pose, ratio)

    # --- what the backends do

    def refresh(self, now: bool = False) -> None:
        """Paint again: when Qt comes to it, or `now`."""
        if now:
            self.repaint()
        else:
            self.update()

    @property
    def at_rest(self) -> bool:
        """True while nothing is to be painted again with more care."""
        return True

    def grab_rgb(self) -> NDArray[np.uint8]:
        """(height, width, 3) uint8: what is on screen, device pixels."""
        return rgb_of(self.grab().toImage())

    def painted(self, frame: Frame | None) -> None:
        """A backend has painted `frame`: tell the desk, once for each picture, after the paint is over."""
        self._unpainted = False
        if frame is None or frame.picture is None or not self.isVisible():
            return
        shown = (frame.state.display_set, frame.state.plane, frame.cut, id(frame.stack))
        if shown != self._reported:
            self._reported = shown
            QTimer.singleShot(0, self, partial(self.desk.shown, frame.state.id, frame.state.index))
            reslice.warm()

    # --- the mouse (what it means is in `mouse`)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's event."""
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's event."""
        self._mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's event."""
        self._mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's event."""
        self._mouse.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt's event."""
        self._mouse.wheel(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's event."""
        self._mouse.leave()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard came here by Tab or click."""
        super().focusInEvent(event)
        if self._state is not None and not self._state.focused:
            self.desk.focus_viewport(self._state.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key; the right button comes through `mouse`, once it is known not to drag."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.context_menu.emit(self.mapToGlobal(self.rect().center()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a series of the panel."""
        if event.mimeData().hasFormat(SERIES_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show the dropped series here."""
        name = bytes(event.mimeData().data(SERIES_MIME).data()).decode("utf-8")
        if self._state is not None and name:
            event.acceptProposedAction()
            self.desk.drop_series(self._state.id, name)


def rgb_of(image: QImage) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 of an image."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()


def _arrived(state: ViewportState, stack: Stack | None) -> tuple[object, ...]:
    """Changes when pixels that this state shows have arrived, or will not."""
    if stack is None:
        return ()
    if state.plane is not Plane.STACK:
        return (stack.generation, int(np.count_nonzero(stack.ready)), len(stack.problems))
    if state.slab is not None:
        part = stack.ready[state.slab.first : state.slab.last]
        return (stack.generation, int(np.count_nonzero(part)), len(stack.problems))
    here = bool(stack.ready[state.index]) if 0 <= state.index < len(stack.ready) else False
    return (stack.generation, here, state.index in stack.problems)


def _said(state: ViewportState) -> str:
    """What a screen reader says of the viewport."""
    if not state.display_set:
        return f"{state.title}: {state.empty[0]}"
    where = f"image {state.index + 1} of {state.count}"
    return f"{state.title}, {where}, window {state.window.width:g} level {state.window.centre:g}"
