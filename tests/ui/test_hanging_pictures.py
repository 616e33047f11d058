"""Each hanging step of the phantom exam with its prior looks as it was looked at and found good.

In both backends (GL where the platform has a framebuffer) and at 1 and 2 device pixels per pixel. A change of
the look on purpose: `python -m tests.ui.hanging_pictures`, see the new pictures beside the old, commit them.
"""

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.ui.hanging_pictures import GOLDEN, RATIOS, pictures, study
from tests.ui.windows import ARTEFACTS
from viewer.ui.viewport.choose import gl_renderer

MEAN_OFF = 1.0
"""Grey levels of 255. Measured: CPU against itself 0, GL against it at most 0.5; what is mirrored, or upside
down, or moved by 3 % of the width is at least three times as far off (the last test)."""
FAR_OFF, FEW = 32, 0.005
"""So far off may be only this share of a picture: edges that both backends round their own way."""


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    return study(tmp_path_factory.mktemp("exam"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("backend", ["cpu", "gl"])
def test_every_step_hangs_as_it_was_found_good(exam, tmp_path, qapp, backend, ratio):
    if backend == "gl" and not gl_renderer():
        pytest.skip(f"no GL framebuffer on the platform {qapp.platformName()}")
    pictures(backend, exam, tmp_path, ratio)
    expected = sorted((GOLDEN / f"hanging_{ratio}x").glob("*.png"))
    assert [path.name for path in sorted(tmp_path.glob("*.png"))] == [path.name for path in expected]
    assert len(expected) >= 11
    wrong = []
    for path in expected:
        before, now = grey(path), grey(tmp_path / path.name)
        assert before.std() > 10
        off = np.abs(before - now) if before.shape == now.shape else np.full(before.shape, 255.0)
        if off.mean() > MEAN_OFF or (off > FAR_OFF).mean() > FEW:
            ARTEFACTS.mkdir(exist_ok=True)
            (tmp_path / path.name).rename(ARTEFACTS / f"hanging_{backend}_{ratio}x_{path.name}")
            wrong.append(f"{path.name}: {off.mean():.2f} off, {(off > FAR_OFF).mean():.2%} far off")
    assert not wrong, f"look at {ARTEFACTS}: {'; '.join(wrong)}"


def grey(path):
    """(rows, columns) of a picture, 0 to 255."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].astype(float)


def test_a_breast_that_hangs_wrong_is_seen():
    """The tolerance is far below what any fault would do."""
    for path in sorted((GOLDEN / "hanging_1x").glob("*.png")):
        right = grey(path)
        for wrong in (right[:, ::-1], right[::-1], np.roll(right, 12, 0), np.roll(right, 12, 1)):
            assert np.abs(right - wrong).mean() > 3 * MEAN_OFF, path.name
