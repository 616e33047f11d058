"""Both backends for the same tests; the GL one only where the platform has a framebuffer for it."""

import pytest
from PySide6.QtGui import QGuiApplication

from tests.ui.viewport.scenes import Desk
from viewer.ui.viewport.choose import gl_renderer
from viewer.ui.viewport.cpu import CpuViewport


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture(params=["cpu", "gl"])
def make(request, qtbot, desk):
    """Shows a viewport of `width` x `height` pixels and waits until it is on screen."""

    def build(width=200, height=160, kind=request.param):
        if kind == "gl":
            if not gl_renderer():
                pytest.skip(f"no GL framebuffer on the platform {QGuiApplication.platformName()}")
            from viewer.ui.viewport.gl import GLViewport as Kind
        else:
            Kind = CpuViewport
        viewport = Kind(desk)
        viewport.resize(width, height)
        qtbot.addWidget(viewport)
        with qtbot.waitExposed(viewport):
            viewport.show()
        return viewport

    return build


@pytest.fixture
def cpu(make, request):
    """A CPU viewport, whatever the backend under test: for what both share."""
    return lambda *size: make(*size, kind="cpu")
