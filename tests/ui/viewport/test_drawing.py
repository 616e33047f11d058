"""What makes a picture fast leaves it as it is: black edges left out, halves made at once, strips."""

import threading

import numpy as np
import pytest

from tests.core.hanging.files import WAYS
from viewer.core.hanging.pose import Pose, Turn
from viewer.ui.viewport import drawing, halves, scaling
from viewer.ui.viewport.picture import Picture, half, half_without
from viewer.ui.viewport.placement import place

SHAPE = (608, 805)
RAMP = (np.arange(65536) % 251 + 2).astype(np.uint8)


@pytest.fixture(autouse=True)
def pillow():
    scaling.warm()
    assert scaling._loaded.wait(20)


def breast():
    """Noise in a part of the picture that touches the right edge; padding (0) round it, and specks of it."""
    codes = np.zeros(SHAPE, np.uint16)
    codes[70:500, 300:] = np.random.default_rng(3).integers(0, 4096, (430, 505))
    return codes


def painted(what, width, height):
    """(height, width) grey of what is drawn on black."""
    out = np.zeros((height, width), np.uint8)
    for part in what.parts:
        left, top = int(part.target.x()), int(part.target.y())
        tall, wide = part.pixels.shape
        assert (part.target.width(), part.target.height()) == (wide, tall)
        out[top : top + tall, left : left + wide] = part.pixels & 0xFF
    return out


def table(padded):
    """Brightest for dark codes; black for padding, unless that is to be seen."""
    out = RAMP.copy()
    out[0] = 0 if padded else 90
    return out


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("zoom", [0.3, 0.61, 1.0, 1.7])
@pytest.mark.parametrize("padded", [True, False])
def test_black_edges_and_halves_change_no_pixel(way, zoom, padded, monkeypatch):
    whole, cropped = (Picture(breast(), None, (0, 0)) for _ in range(2))
    cropped.reduce()
    assert (cropped.inked(table(padded)) == (0, 0, SHAPE[1], SHAPE[0])) is not padded
    size = (700, 500)
    where = place(SHAPE, (1.0, 1.0), zoom, (31.3, -17.8), size, Pose(Turn(*way), pixels=True))
    fast = painted(drawing.drawn(cropped, table(padded), where), *size)
    monkeypatch.setattr(drawing, "_FEW", 1 << 40)
    monkeypatch.setattr(Picture, "inked", lambda self, _: (0, 0, self.shape[1], self.shape[0]))
    plain = painted(drawing.drawn(whole, table(padded), where), *size)
    assert plain.any()
    assert np.abs(fast.astype(int) - plain).max() <= (0 if zoom == 1.0 else 1)


def test_air_that_is_dark_is_left_out_too():
    picture = Picture(breast() + 5)
    picture.reduce()
    air = np.pad(np.zeros((45, 50), bool), ((10, 21), (40, 11)), constant_values=True)
    left, top, right, bottom = picture.with_air(air, dark=True).inked(RAMP)
    assert (left, top, right, bottom) == (320, 80, 720, 440)
    assert picture.with_air(air, dark=False).inked(RAMP) == (0, 0, SHAPE[1], SHAPE[0])


def test_nothing_but_padding_paints_nothing():
    picture = Picture(np.zeros(SHAPE, np.uint16), None, (0, 0))
    picture.reduce()
    where = place(SHAPE, (1.0, 1.0), 0.4, (0.0, 0.0), (400, 300), Pose(pixels=True))
    assert not painted(drawing.drawn(picture, table(padded=True), where), 400, 300).any()


def test_the_first_thread_does_what_the_other_is_late_with():
    holds, name = threading.Event(), threading.current_thread().name
    halves._pool.submit(holds.wait)
    try:
        assert halves.both(lambda: 1, lambda: threading.current_thread().name) == (1, name)
    finally:
        holds.set()


def test_strips_are_seamless():
    tall = np.random.default_rng(1).integers(0, 4096, (1406, 66)).astype(np.uint16)
    blocks = tall.reshape(703, 2, 33, 2).sum(axis=(1, 3), dtype=int)
    assert (half(tall) == (blocks + 2) // 4).all()
    assert (half_without(tall, (5000, 5000)) == (blocks + 2) // 4).all()
