"""Four mammograms of 4096 x 5120 in a 2 x 2: how fast they follow the hand."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from tests.bench.made_mammograms import ROWS_, breast

SIZES = {"2mp": (1920, 1080), "5mp": (2560, 2048)}
"""Of the whole screen, for all four."""
FRAMES = 200
_MG = {"signed": False, "units": "", "modality": "MG"}


def _row(name: str, value: float) -> dict:
    return {"name": name, "value": value, "unit": "ms", "peer": None, "peer_name": ""}


def _looked(action: str, size: str, share: float, suffix: str) -> Callable[[], dict]:
    def measure() -> dict:
        return _row(measure.__name__, float(np.percentile(_times(action, size), share)))

    measure.__name__ = f"mg_{action}_{size}_{suffix}_ms"
    return measure


ROWS = tuple(
    _looked(action, size, share, suffix)
    for size in SIZES
    for action in ("window", "pan", "zoom")
    for share, suffix in ((50, "median"), (95, "p95"))
)


@cache
def _times(action: str, size: str) -> list[float]:
    """Milliseconds from the change of all four to the last one painted."""
    from viewer.app.display import Window

    def window(k: int) -> dict:
        return {"window": Window(1800.0 + 2 * k, 3000.0 + 4 * k)}

    def pan(k: int) -> dict:
        return {"zoom": 3.0, "pan": (-400.0 + 3 * k, -300.0 + 5 * k)}

    def zoom(k: int) -> dict:
        return {"zoom": float(np.exp(np.log(12.0) * (0.5 - 0.5 * np.cos(k / 16)))), "pan": (200.0, -100.0)}

    change = {"window": window, "pan": pan, "zoom": zoom}[action]
    viewports, shown = _two_by_two(*SIZES[size])
    times = []
    for k in range(-10, FRAMES):
        start = time.perf_counter()
        for (viewport, stack), state in zip(viewports, shown, strict=True):
            viewport.show_state(replace(state, **change(k + 10)), stack)
            viewport.refresh(now=True)
        if k >= 0:
            times.append(1000 * (time.perf_counter() - start))
    return times


@cache
def _stacks() -> tuple:
    from tests.ui.viewport.scenes import ct

    return tuple(
        ct(
            breast(side, n)[None],
            spacing=(1.0, 0.05, 0.05),
            signed=False,
            units="",
            modality="MG",
            padding=(0, 0),
        )
        for n, side in enumerate("RLRL")
    )


@cache
def _two_by_two(width: int, height: int) -> tuple:
    from PySide6.QtWidgets import QApplication, QWidget

    from tests.bench.display import _Nobody
    from tests.ui.viewport.scenes import state
    from viewer.app.display import Corners, TextLevel
    from viewer.core.hanging.pose import Pose, Turn
    from viewer.ui.viewport.choose import make_viewport

    app = QApplication.instance() or QApplication([])
    area = QWidget()
    area.resize(width, height)
    viewports, states = [], []
    for n, stack in enumerate(_stacks()):
        viewport = make_viewport(_Nobody(), "cpu", 1.0, area)
        viewport.setGeometry(n % 2 * width // 2, n // 2 * height // 2, width // 2, height // 2)
        stack_picture = stack
        pose = Pose(Turn(across=n == 1), 0.05 * ROWS_ / (height / 2), edge="right" if n % 2 == 0 else "left")
        corners = Corners(("NAME, GIVEN", "ID 1234567"), ("Vendor",), ("Window",), ("29 kV",), "R CC", "2026")
        states.append(state(pose=pose, corners=corners, text_level=TextLevel.FULL, focused=n == 0))
        viewports.append((viewport, stack_picture))
    area.show()
    app.processEvents()
    _two_by_two_areas.append(area)
    return viewports, states


_two_by_two_areas: list = []
