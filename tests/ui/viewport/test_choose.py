"""Which backend draws."""

import pytest

from viewer.ui.viewport import choose
from viewer.ui.viewport.cpu import CpuViewport


@pytest.mark.parametrize("wanted", ["", "auto", "cpu"])
def test_the_cpu_draws_unless_gl_is_asked_for(qapp, wanted):
    assert choose.backend(wanted) == "cpu"


def test_gl_is_given_only_where_it_can_draw(qtbot, desk, monkeypatch):
    monkeypatch.setattr(choose, "gl_renderer", lambda: "")
    assert choose.backend("gl") == "cpu"
    viewport = choose.make_viewport(desk, "gl")
    qtbot.addWidget(viewport)
    assert isinstance(viewport, CpuViewport)
    monkeypatch.setattr(choose, "gl_renderer", lambda: "llvmpipe (LLVM 15.0.6, 256 bits)")
    assert choose.backend("gl") == "gl"


@pytest.mark.parametrize(
    ("renderer", "gpu"),
    [
        ("NVIDIA RTX A4000/PCIe/SSE2", True),
        ("Mesa Intel(R) UHD Graphics 620", True),
        ("llvmpipe (LLVM 15.0.6, 256 bits)", False),
        ("GDI Generic", False),
        ("", False),
    ],
)
def test_software_is_no_gpu(renderer, gpu):
    assert choose.on_gpu(renderer) is gpu


def test_the_doctor_is_told_in_one_line(qapp):
    said = choose.describe_gl()
    assert said.startswith("by the CPU")
    assert "\n" not in said
