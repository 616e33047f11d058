"""Which backend draws: the one that needs no GL, unless a setting asks for the other and it can work here."""

from functools import cache

from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext, QSurfaceFormat
from PySide6.QtWidgets import QWidget

from viewer.ui.viewport.cpu import CpuViewport
from viewer.ui.viewport.viewport import Viewport, ViewportActions

BACKENDS = ("cpu", "gl")
_NO_FRAMEBUFFER = ("offscreen", "minimal", "vnc", "linuxfb")
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "gdi generic", "microsoft basic")
_GL_RENDERER = 0x1F01


def gl_format() -> QSurfaceFormat:
    """What the GL viewport needs: it sets this for its own surface."""
    out = QSurfaceFormat()
    out.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    out.setVersion(3, 2)
    out.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    out.setDepthBufferSize(24)
    out.setAlphaBufferSize(8)
    out.setSamples(0)
    return out


@cache
def gl_renderer() -> str:
    """The name of the OpenGL renderer; "" where a GL viewport cannot work at all."""
    if QGuiApplication.platformName() in _NO_FRAMEBUFFER:
        return ""
    context = QOpenGLContext()
    context.setFormat(gl_format())
    if not context.create() or tuple(context.format().version()) < (3, 2):
        return ""
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        return ""
    name = str(context.functions().glGetString(_GL_RENDERER))
    context.doneCurrent()
    return name


def on_gpu(renderer: str) -> bool:
    """True for a renderer that is no software."""
    return bool(renderer) and not any(name in renderer.lower() for name in _SOFTWARE)


def backend(wanted: str = "") -> str:
    """The backend, "cpu" or "gl"; `wanted` is the setting, "" or "auto" chooses.

    The choice is "cpu" everywhere until the GL viewport's tests have passed on a real GPU; "gl" is given only
    where the setting asks for it and the platform has a framebuffer for it.
    """
    return "gl" if wanted == "gl" and gl_renderer() else "cpu"


def describe_gl() -> str:
    """How images are drawn here and what OpenGL there is, for `tandem doctor`."""
    renderer = gl_renderer()
    if not renderer:
        return "by the CPU; no OpenGL framebuffer on this platform"
    kind = (
        "the GL viewport can be chosen in the settings"
        if on_gpu(renderer)
        else "software, slower than the CPU way"
    )
    return f"by the CPU; OpenGL {renderer}: {kind}"


def make_viewport(
    desk: ViewportActions, wanted: str = "", interface_size: float = 1.0, parent: QWidget | None = None
) -> Viewport:
    """A viewport of the backend that `backend` names; `interface_size` 1 = the design's own sizes."""
    if backend(wanted) == "gl":
        from viewer.ui.viewport.gl import GLViewport  # loads VTK

        return GLViewport(desk, interface_size, parent)
    return CpuViewport(desk, interface_size, parent)
