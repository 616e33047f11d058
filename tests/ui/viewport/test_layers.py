"""Shutters, padding and graphics of the image on screen, in both backends."""

import numpy as np
import pytest

from tests.ui.viewport.scenes import ct, flat, grey_of, noise, state
from tests.ui.viewport.test_exact import LETTERS, WIDE, difference
from viewer.app.display import Window
from viewer.core.pixels.overlay import bitmap
from viewer.core.pixels.shutter import Shutter

RECTANGLE = Shutter("rectangle", (31, 170, 31, 120))
SEEN = np.zeros((160, 200), bool)
SEEN[30:120, 30:170] = True


@pytest.mark.parametrize("invert", [False, True])
def test_outside_the_shutter_all_is_black_in_both_polarities(make, invert):
    codes = noise(1, 160, 200)
    viewport = make()
    stack = ct(codes, shutters=(RECTANGLE,))
    viewport.show_state(state(window=WIDE, invert=invert), stack)
    grey = grey_of(codes[0], WIDE, invert)
    assert difference(viewport, np.where(SEEN, grey, 0)) == 0
    viewport.show_state(state(window=WIDE, invert=invert, shutters=False), stack)
    assert difference(viewport, grey) == 0


def test_a_shutter_covers_colour_too(make):
    stack = ct(noise(1, 160, 200), samples=3, photometric="RGB", shutters=(RECTANGLE,))
    stack.rgb[:] = 200
    viewport = make()
    viewport.show_state(state(), stack)
    assert difference(viewport, np.where(SEEN, 200, 0)) == 0


def test_graphics_of_the_image_are_white_and_can_be_hidden(make):
    codes = flat(1, 160, 200, hu=40)
    stack = ct(codes)
    mask = np.zeros((160, 200), bool)
    mask[50, 40:150] = mask[40:90, 70] = True
    stack.overlays[0] = (bitmap(0x6000, mask),)
    viewport = make()
    viewport.show_state(state(), stack)
    grey = grey_of(codes[0])
    assert difference(viewport, np.where(mask, 255, grey)) == 0
    viewport.show_state(state(overlays=False), stack)
    assert difference(viewport, grey) == 0


@pytest.mark.parametrize("size", [160, 320, 53])
def test_no_bright_seam_lies_between_padding_and_tissue(make, size):
    """MONOCHROME1, padding 0, air 4095: every code between them would be bright."""
    codes = np.full((1, size, size * 5 // 4), 4095, np.uint16)
    codes[0, :, : codes.shape[2] // 2 + 1] = 0
    stack = ct(codes, signed=False, photometric="MONOCHROME1", padding=(0, 0), units="", place=False)
    viewport = make()
    viewport.show_state(state(window=Window(2048.0, 4096.0)), stack)
    assert viewport.grab_rgb()[40:120, 30:150].max() <= 1


def test_both_backends_draw_the_same_also_between_pixels(make, cpu):
    codes = noise(1, 40, 50)
    shown = [viewport.grab_rgb().astype(int) for viewport in _both(make, cpu, codes)]
    assert np.abs(shown[0] - shown[1])[LETTERS].max() <= 4  # Qt mixes with steps of 1/16 or 1/256
    assert np.abs(shown[0] - shown[1])[LETTERS].mean() <= 1


def _both(make, cpu, codes):
    for viewport in (make(), cpu()):
        viewport.show_state(state(window=WIDE), ct(codes))
        yield viewport


def test_the_calibration_of_the_monitor_is_the_last_stage(make):
    codes = noise(1, 160, 200)
    levels = np.rint(255 * (np.arange(4096) / 4095) ** 0.5).astype(np.uint8)
    viewport = make()
    viewport.show_state(state(window=WIDE, calibration=levels.tobytes()), ct(codes))
    x = codes[0].astype(float) - 0x8000
    p = np.clip((x + 0.5) / (60000 - 1) + 0.5, 0, 1)
    assert difference(viewport, levels[np.rint(p * 4095).astype(int)]) == 0
