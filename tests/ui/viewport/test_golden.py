"""Pictures of marks and furniture as they were looked at and found good. Without text, so fonts do not count.

A deliberate change of the look: delete the golden picture, run this test, look at the new one, commit it.
"""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.ui.viewport.scenes import ct, heat, mark, state
from viewer.app.display import Corners, MarkState, Window
from viewer.ui.viewport.viewport import rgb_of

GOLDEN = Path(__file__).parent / "golden"
LONG = ((96.0, 42.0, -2.0), (104.0, 38.0, -2.0))
SHORT = ((98.5, 37.0, -2.0), (101.5, 43.0, -2.0))


def phantom():
    """A smooth round body with a few bright spots: made here, from numbers."""
    y, x = np.mgrid[:160, :200]
    body = np.clip(1.2 - np.hypot((x - 100) / 95, (y - 80) / 75), 0, 1) * 900 - 1000
    for column, row in ((40, 40), (100, 40), (160, 40), (40, 100), (100, 100), (160, 100)):
        body += 700 * np.exp(-((x - column) ** 2 + (y - row) ** 2) / 18)
    codes = (np.rint(body) + 0x8000).astype(np.uint16)
    return ct(np.stack([codes] * 3), spacing=(2.0, 1.0, 1.0))


def marks():
    """One of each kind, unnamed."""

    def at(column, row, **changes):
        return mark((column, row, -2.0), name="", tracking_uid=f"1.{column}.{row}", **changes)

    return (
        at(40, 40, author="model"),
        at(100, 40, focused=True, long_axis=LONG, short_axis=SHORT),
        at(160, 40, author="joined"),
        at(40, 100, author="model", focused=True),
        at(100, 100, author="model", state=MarkState.REJECTED),
        at(160, 100, author="model", state=MarkState.BELOW),
    )


def compare(viewport, name):
    shown = viewport.grab_rgb()
    file = GOLDEN / f"{name}.png"
    if not file.exists():
        viewport.grab().save(str(file))
        pytest.fail(f"{file.name} was not there; look at the new one")
    expected = rgb_of(QImage(str(file)))
    off = np.abs(shown.astype(int) - expected)
    assert off.mean() < 1.0  # each backend rounds in its own way where it interpolates
    assert (off.max(axis=-1) > 64).mean() < 0.002


def base(**changes):
    fields = {"index": 1, "count": 3, "window": Window(-500.0, 1400.0), "corners": Corners()}
    return state(**(fields | changes))


def test_marks(make):
    viewport = make(600, 480)
    viewport.show_state(base(marks=marks(), zoom=1.2), phantom())
    compare(viewport, "marks")


def test_furniture(make, tmp_path):
    z, y, x = np.mgrid[:3, -12:13, -12:13]
    patch = np.exp(-(x**2 + y**2 + 0 * z) / 60).astype(np.float32)
    np.save(tmp_path / "heat.npy", patch)
    viewport = make(460, 368)
    shown = base(
        crosshair=True,
        point_lps_mm=(100.0, 100.0, -2.0),
        focused=True,
        heat=heat(tmp_path / "heat.npy", (0, 28, 28), patch.shape),
        seen_spans=((0.0, 0.6),),
        ticks=((0.2, "reader"), (0.5, "model"), (0.8, "joined")),
    )
    viewport.show_state(shown, phantom())
    compare(viewport, "furniture")
