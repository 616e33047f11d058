"""The viewport on a GPU: VTK draws in the context of a QOpenGLWidget, QPainter draws the annotations over it.

The order of GL calls is not free: each line that looks superfluous was once a black or wrong picture.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QOpenGLContext, QPainter, QResizeEvent
from PySide6.QtOpenGL import QOpenGLPaintDevice
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget
from vtkmodules.vtkRenderingOpenGL2 import vtkGenericOpenGLRenderWindow

from viewer.ui.viewport.annotate import annotate
from viewer.ui.viewport.gl_scene import ImageScene
from viewer.ui.viewport.viewport import Viewport, ViewportActions, rgb_of

_FRAMEBUFFER, _COLOUR_BIT, _NEAREST, _LEQUAL = 0x8D40, 0x4000, 0x2600, 0x0203
_SCISSOR, _UNPACK_ALIGNMENT = 0x0C11, 0x0CF5


class GLViewport(Viewport):
    """Draws in a GL surface that fills it; the application needs `choose.gl_format` as its default."""

    def __init__(
        self, desk: ViewportActions, interface_size: float = 1.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(desk, interface_size, parent)
        self._surface = _Surface(self)

    def surface(self) -> QWidget:
        """The GL widget."""
        return self._surface

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The surface fills the viewport."""
        self._surface.resize(event.size())

    def grab_rgb(self) -> NDArray[np.uint8]:
        """(height, width, 3) uint8: what is on screen, device pixels."""
        return rgb_of(self._surface.grabFramebuffer())


class _Surface(QOpenGLWidget):
    """VTK draws into its own framebuffer inside Qt's context; it is blitted to Qt's."""

    def __init__(self, viewport: GLViewport) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._window: Any = None
        self._scene: ImageScene | None = None
        self._drawn: tuple[object, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def initializeGL(self) -> None:
        """A context is there: at the first show, and after each change of the top-level window."""
        self.context().aboutToBeDestroyed.connect(self._release, Qt.ConnectionType.DirectConnection)
        window = self._window = vtkGenericOpenGLRenderWindow()  # a fresh one for each context
        window.SetMultiSamples(0)
        window.SetOwnContext(False)
        window.SetSupportsOpenGL(True)
        window.SetIsDirect(True)
        window.SetFrameBlitModeToNoBlit()
        window.SetForceMaximumHardwareLineWidth(1)
        window.AddObserver("WindowMakeCurrentEvent", self._make_current)  # type: ignore[arg-type]
        window.SetIsCurrent(True)
        window.SetReadyForRendering(True)
        window.OpenGLInit()  # loads the GL functions: before any texture and before GetState().Reset()
        self._scene = ImageScene(window)
        self._drawn = ()

    def _make_current(self, *_: object) -> None:
        """Not QOpenGLWidget.makeCurrent: that also binds Qt's framebuffer in the middle of VTK's drawing."""
        context = self.context()
        if context is not None and QOpenGLContext.currentContext() is not context:
            context.makeCurrent(context.surface())

    def paintGL(self) -> None:
        """Draw the frame; then tell the desk what was shown."""
        frame, place = self._viewport.frame(), self._viewport.placement()
        width, height = self._viewport.device_size()
        window, functions = self._window, self.context().functions()
        state = window.GetState()
        state.Reset()  # Qt has changed GL behind VTK's back
        state.Push()
        functions.glDepthFunc(_LEQUAL)
        state.ResetGLDepthFuncState()
        drawn = (frame, place, width, height)
        if drawn != self._drawn:
            window.SetIsCurrent(True)
            if tuple(window.GetSize()) != (width, height):
                window.SetSize(width, height)
            if frame is not None and place is not None and self._scene is not None:
                self._scene.show(frame.picture, frame.table, place)
            window.Render()
            self._drawn = drawn
        self._blit(width, height)
        state.Pop()  # after the blit
        self._annotate(width, height)
        self._viewport.painted(frame)

    def _blit(self, width: int, height: int) -> None:
        state, functions = self._window.GetState(), self.context().functions()
        functions.glBindFramebuffer(_FRAMEBUFFER, self.defaultFramebufferObject())
        state.ResetFramebufferBindings()
        functions.glDisable(_SCISSOR)
        state.ResetEnumState(_SCISSOR)
        self._window.BlitDisplayFramebuffer(
            0, 0, 0, width, height, 0, 0, width, height, _COLOUR_BIT, _NEAREST
        )

    def _annotate(self, width: int, height: int) -> None:
        frame, place = self._viewport.frame(), self._viewport.placement()
        functions = self.context().functions()
        functions.glBindFramebuffer(_FRAMEBUFFER, self.defaultFramebufferObject())
        if frame is None or place is None:
            return
        functions.glPixelStorei(_UNPACK_ALIGNMENT, 4)  # VTK leaves 1: Qt's glyphs would be garbled
        device = QOpenGLPaintDevice(width, height)  # QPainter(self) is lost in widget.grab()
        painter = QPainter(device)
        annotate(painter, frame, place, self._viewport.unit(), self._viewport.draft)
        painter.end()

    def _release(self) -> None:
        """The context goes: textures first, then VTK's window."""
        if self._window is None:
            return
        self.makeCurrent()
        self._window.SetIsCurrent(True)
        if self._scene is not None:
            self._scene.drop()
        self._window.Finalize()
        self._window.SetReadyForRendering(False)
        self._window.RemoveAllObservers()
        self._window = self._scene = None
        self.doneCurrent()
