"""The viewport on a GPU: VTK draws in a QOpenGLWidget, a clear widget over it annotates.

The order of GL calls is not free: each line that looks superfluous was once a black or wrong picture.
"""

import weakref
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QOpenGLContext, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget
from vtkmodules.vtkRenderingOpenGL2 import vtkGenericOpenGLRenderWindow

from viewer.ui.viewport.annotate import annotate
from viewer.ui.viewport.choose import gl_format
from viewer.ui.viewport.frame import Frame
from viewer.ui.viewport.gl_scene import ImageScene
from viewer.ui.viewport.placement import Placement
from viewer.ui.viewport.viewport import Viewport, ViewportActions

_FRAMEBUFFER, _COLOUR_BIT, _NEAREST, _LEQUAL, _SCISSOR = 0x8D40, 0x4000, 0x2600, 0x0203, 0x0C11


class GLViewport(Viewport):
    """Draws in a GL surface that fills it."""

    def __init__(
        self, desk: ViewportActions, interface_size: float = 1.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(desk, interface_size, parent)
        self._surface = _Surface(self)
        self._annotations = _Annotations(self)

    def refresh(self, now: bool = False) -> None:
        """Picture and annotations are painted together; Qt composes them at most once a screen refresh."""
        self._surface.update()
        if now:
            self._annotations.repaint()  # takes everything along that waits to be painted
        else:
            self._annotations.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Both layers fill the viewport."""
        self._surface.resize(event.size())
        self._annotations.resize(event.size())


class _Annotations(QWidget):
    """Qt composes this over the surface: the same painter and the same pixels as without GL."""

    def __init__(self, viewport: GLViewport) -> None:
        super().__init__(viewport)
        self._viewport: GLViewport = weakref.proxy(viewport)  # no cycle: see `mouse.Mouse`
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what lies over the picture."""
        frame, place = self._viewport.frame(), self._viewport.placement()
        if frame is None or place is None:
            return
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        annotate(painter, frame, place, self._viewport.unit(), self._viewport.draft)
        painter.end()


class _Surface(QOpenGLWidget):
    """Qt's framebuffer, into which VTK's picture is blitted."""

    def __init__(self, viewport: GLViewport) -> None:
        super().__init__(viewport)
        self._viewport: GLViewport = weakref.proxy(viewport)
        self._renderer: _Renderer | None = None
        self.setFormat(gl_format())
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def initializeGL(self) -> None:
        """A context is there: at the first show, and after each change of the top-level window."""
        self._renderer = _Renderer(QOpenGLContext.currentContext())  # self.context() dies with this wrapper

    def paintGL(self) -> None:
        """Draw the frame; then tell the desk what was shown."""
        frame, place = self._viewport.frame(), self._viewport.placement()
        if self._renderer is not None:
            size = self._viewport.device_size()
            self._renderer.draw(frame, place, size, self.defaultFramebufferObject())
            self._viewport.painted(frame)


class _Renderer:
    """VTK in one context of Qt. It outlives the widget: only when the context goes it lets everything go."""

    _alive: ClassVar[set["_Renderer"]] = set()

    def __init__(self, context: QOpenGLContext) -> None:
        self._context, self._target = context, context.surface()
        self._drawn: tuple[object, ...] = ()
        window = self._window = vtkGenericOpenGLRenderWindow()
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
        self._alive.add(self)
        context.aboutToBeDestroyed.connect(self._release, Qt.ConnectionType.DirectConnection)

    def _make_current(self, *_: object) -> None:
        """Not QOpenGLWidget.makeCurrent: that also binds Qt's framebuffer in the middle of VTK's drawing."""
        if QOpenGLContext.currentContext() is not self._context:
            self._context.makeCurrent(self._target)

    def draw(
        self, frame: Frame | None, place: Placement | None, size: tuple[int, int], framebuffer: int
    ) -> None:
        """Draw a frame into Qt's `framebuffer`; without a change the last picture is blitted again."""
        window, functions = self._window, self._context.functions()
        state = window.GetState()
        state.Reset()  # Qt has changed GL behind VTK's back
        state.Push()
        functions.glDepthFunc(_LEQUAL)
        state.ResetGLDepthFuncState()
        if (frame, place, size) != self._drawn:
            window.SetIsCurrent(True)
            if tuple(window.GetSize()) != size:
                window.SetSize(*size)
            if frame is not None and place is not None:
                self._scene.show(frame.picture, frame.table, place)
            window.Render()
            self._drawn = (frame, place, size)
        functions.glBindFramebuffer(_FRAMEBUFFER, framebuffer)
        state.ResetFramebufferBindings()
        functions.glDisable(_SCISSOR)
        state.ResetEnumState(_SCISSOR)
        window.BlitDisplayFramebuffer(0, 0, 0, *size, 0, 0, *size, _COLOUR_BIT, _NEAREST)
        state.Pop()  # after the blit
        functions.glBindFramebuffer(_FRAMEBUFFER, framebuffer)

    def _release(self) -> None:
        """The context goes: textures first, then VTK's window."""
        self._context.makeCurrent(self._target)
        self._window.SetIsCurrent(True)
        self._scene.drop()
        self._window.Finalize()
        self._window.SetReadyForRendering(False)
        self._window.RemoveAllObservers()
        self._context.doneCurrent()
        self._alive.discard(self)
