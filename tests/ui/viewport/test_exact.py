"""Grey levels on screen against the standard's own formula, for both backends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from tests.ui.viewport.scenes import ct, flat, grey_of, noise, state
from viewer.app.display import Plane, Window
from viewer.core.hanging.pose import Pose, Turn
from viewer.ui.viewport import reslice, scaling
from viewer.ui.viewport.cpu import REST_MS
from viewer.ui.viewport.picture import level_for

WIDE = Window(0.0, 60000.0)
LETTERS = np.ones((160, 200), bool)
LETTERS[:24, 60:140] = LETTERS[-24:, 60:140] = LETTERS[60:100, :24] = LETTERS[60:100, -40:] = False
"""True where no orientation letter, hint or rail is drawn."""


def difference(viewport, expected):
    shown = viewport.grab_rgb()
    assert shown.shape[:2] == expected.shape
    return np.abs(shown.astype(int) - expected[..., None])[LETTERS].max()


@pytest.mark.parametrize(
    ("window", "invert", "padding"),
    [
        (WIDE, False, None),
        (WIDE, True, None),
        (Window(40.0, 400.0), False, None),
        (Window(-600.0, 1500.0), True, (-32768, -20000)),
        (Window(100.0, 1.5), False, None),
    ],
)
def test_one_to_one_is_exact(make, window, invert, padding):
    codes = noise(1, 160, 200)
    viewport = make()
    viewport.show_state(state(window=window, invert=invert), ct(codes, padding=padding))
    assert difference(viewport, grey_of(codes[0], window, invert, padding)) == 0


def test_a_monochrome1_image_is_inverted_once(make):
    codes = noise(1, 160, 200)
    viewport = make()
    stack = ct(codes, photometric="MONOCHROME1")
    viewport.show_state(state(window=WIDE), stack)
    assert difference(viewport, grey_of(codes[0], WIDE, invert=True)) == 0
    viewport.show_state(state(window=WIDE, invert=True), stack)
    assert difference(viewport, grey_of(codes[0], WIDE)) == 0


def test_a_sigmoid_window_is_a_sigmoid(make):
    codes = noise(1, 160, 200)
    viewport = make()
    viewport.show_state(state(window=Window(100.0, 9000.0, function="SIGMOID")), ct(codes))
    x = codes[0].astype(float) - 0x8000
    expected = np.rint(255 / (1 + np.exp(np.clip(-4 * (x - 100) / 9000, -700, 700)))).astype(np.uint8)
    assert difference(viewport, expected) == 0


def test_each_slice_has_its_own_rescale(make):
    codes = np.stack([noise(160, 200), noise(160, 200, seed=4)])
    viewport = make()
    stack = ct(codes, intercepts=(0.0, -1024.0))
    for index, intercept in enumerate((0.0, -1024.0)):
        viewport.show_state(state(index=index, count=2, window=WIDE), stack)
        assert difference(viewport, grey_of(codes[index], WIDE, intercept=intercept)) == 0


def test_colour_is_shown_as_it_is(make):
    stack = ct(noise(1, 160, 200), samples=3, photometric="RGB")
    stack.rgb[:] = np.random.default_rng(1).integers(0, 256, stack.rgb.shape)
    viewport = make()
    viewport.show_state(state(), stack)
    shown = viewport.grab_rgb()
    assert np.abs(shown.astype(int) - stack.rgb[0])[LETTERS].max() == 0


def test_a_reduced_picture_is_the_mean_not_a_sample(make):
    codes = flat(1, 640, 800, hu=-1000)
    codes[0, ::4, ::4] = 1000 + 0x8000  # one bright pixel in sixteen, a calcification's size
    viewport = make()
    viewport.show_state(state(window=Window(0.0, 2001.0)), ct(codes))
    assert difference(viewport, np.full((160, 200), np.rint(125 / 2000 * 255))) <= 1


def test_a_hole_of_a_cut_is_black_even_inverted(make, qtbot):
    reslice.warm(wait=True)
    codes = flat(8, 160, 200, hu=0)
    stack = ct(codes, spacing=(20.0, 1.0, 1.0), missing=(4,))
    viewport = make()
    viewport.show_state(state(plane=Plane.CORONAL, index=80, count=160, invert=True), stack)
    shown = viewport.grab_rgb()[..., 0]
    bright = int(grey_of(codes[0, :1, :1], invert=True)[0, 0])
    assert set(np.unique(shown[85:95, 30:150])) == {0}  # slices 3 to 5, both exclusive
    assert set(np.unique(shown[30:60, 30:150])) == {bright}


def test_the_picture_survives_a_move_to_another_window(make, qtbot):
    codes = noise(1, 160, 200)
    viewport = make()
    viewport.show_state(state(window=WIDE), ct(codes))
    parents = [QWidget() for _ in range(3)]
    for parent in parents:
        layout = QHBoxLayout(parent)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(viewport)
        parent.resize(200, 160)
        with qtbot.waitExposed(parent):
            parent.show()
        qtbot.wait(30)
        assert difference(viewport, grey_of(codes[0], WIDE)) == 0
    viewport.setParent(None)
    for parent in parents:
        parent.close()


RATIO = """
import json, sys
import numpy as np
from PySide6.QtWidgets import QApplication
from tests.ui.viewport.scenes import Desk, ct, grey_of, noise, state
from viewer.app.display import Window
from viewer.ui.viewport.choose import make_viewport
app = QApplication([])
viewport = make_viewport(Desk(), sys.argv[1])
viewport.resize(200, 160)
viewport.show()
width, height = viewport.device_size()
codes = noise(1, height, width)
viewport.show_state(state(window=Window(0.0, 60000.0)), ct(codes))
for _ in range(5):
    app.processEvents()
shown, expected = viewport.grab_rgb(), grey_of(codes[0], Window(0.0, 60000.0))
middle = np.s_[height // 4 : height // 3, width // 4 : width - width // 4]
exact = bool(shown.shape[:2] == expected.shape and (shown[middle] == expected[middle][..., None]).all())
print(json.dumps([type(viewport).__name__, viewport.devicePixelRatioF(), width, height, exact]))
"""


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2])
@pytest.mark.parametrize("kind", ["cpu", "gl"])
def test_device_pixels_are_exact_at_every_ratio(ratio, kind):
    if kind == "gl" and QGuiApplication.platformName() == "offscreen":
        pytest.skip("no GL framebuffer on the platform offscreen")
    environment = os.environ | {"QT_SCALE_FACTOR": str(ratio), "PYTHONPATH": str(Path.cwd())}
    out = subprocess.run(
        [sys.executable, "-c", RATIO, kind], env=environment, capture_output=True, text=True, timeout=60
    )
    assert out.returncode == 0, out.stderr
    name, found, width, height, exact = json.loads(out.stdout)
    assert name == {"cpu": "CpuViewport", "gl": "GLViewport"}[kind]
    assert (found, width, height) == (ratio, round(200 * ratio), round(160 * ratio))
    assert exact


@pytest.mark.parametrize("zoom", [0.3, 0.6, 0.83, 1.7, 3.1])
@pytest.mark.parametrize("kind", ["grey", "colour", "turned", "long pixels"])
def test_at_rest_every_scale_is_the_mean_round_each_pixel(make, qtbot, zoom, kind):
    """Against the triangle filter written down plainly: on the edges of noise, the worst that can be."""
    codes = noise(1, 160, 200)
    viewport = make()
    fields = {"samples": 3, "photometric": "RGB"} if kind == "colour" else {}
    fields |= {"spacing": (2.0, 0.5, 0.8)} if kind == "long pixels" else {}
    stack = ct(codes, **fields)
    if kind == "colour":
        stack.rgb[:] = np.random.default_rng(1).integers(0, 256, stack.rgb.shape)
    pose = Pose(Turn(True, True, False)) if kind == "turned" else Pose()
    viewport.show_state(state(window=WIDE, zoom=zoom, pan=(3.3, -2.1), pose=pose), stack)
    scaling.warm()
    qtbot.waitUntil(scaling.ready)
    qtbot.wait(REST_MS + 80)
    qtbot.waitUntil(lambda: viewport.at_rest)
    place = viewport.placement()
    level = level_for(place.scale)
    source = viewport.frame().picture.pixels(level)
    grey = source if kind == "colour" else np.repeat(grey_of(source, WIDE)[..., None], 3, axis=2)
    expected, covered = triangle(grey.astype(float), place, 2**level)
    away = LETTERS & covered
    assert away.sum() > 1000
    assert np.abs(viewport.grab_rgb() - expected)[away].max() <= 1.01


def triangle(grey, place, size):
    """(rows, columns, 3) of the viewport, and where the picture covers it."""
    y, x = np.mgrid[: place.height, : place.width] + 0.5
    column, row = place.to_image(x, y)
    across, down = (place.sy, place.sx) if place.turn.transposed else (place.sx, place.sy)
    weights = []
    for at, scale, count in ((row / size, down, grey.shape[0]), (column / size, across, grey.shape[1])):
        reach = max(1.0, 1 / abs(scale * size))
        line = np.unique(at)
        samples = np.arange(-3, count + 3)
        near = np.maximum(1 - np.abs(samples + 0.5 - line[:, None]) / reach, 0)
        near /= np.maximum(near.sum(axis=1, keepdims=True), 1e-9)
        inside = np.zeros((len(line), count))
        np.add.at(inside.T, np.clip(samples, 0, count - 1), near.T)
        weights.append((inside, np.searchsorted(line, at), (at >= 0) & (at < count)))
    (down_w, rows, in_rows), (across_w, columns, in_columns) = weights
    mixed = np.einsum("ij,jkc,lk->ilc", down_w, grey, across_w, optimize=True)
    return mixed[rows, columns], in_rows & in_columns
