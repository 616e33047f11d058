"""Thumbnails: the slice, small, with its own shape."""

import tomllib
from contextlib import closing
from importlib import resources

import numpy as np
import pytest

from tests.core.hanging.files import WAYS, hung, mammogram, write
from tests.ui.viewport.scenes import ct, flat
from viewer.app.loader import Loader
from viewer.app.scan import Scanner
from viewer.core.pixels.grey import Window
from viewer.ui.viewport.thumbnail import SIZE, thumbnail
from viewer.ui.viewport.viewport import rgb_of


def test_the_size_is_that_of_the_design(qapp):
    assert list(SIZE) == tomllib_thumbnail()
    image = thumbnail(ct(flat(1, 512, 512)), 0, ratio=2.0)
    assert (image.width(), image.height(), image.devicePixelRatio()) == (288, 208, 2.0)


def tomllib_thumbnail():
    text = resources.files("resources").joinpath("styles", "tokens.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["grid"]["thumbnail"]


def test_it_is_the_mean_of_the_pixels(qapp):
    codes = flat(1, 520, 720, hu=0)
    codes[0, ::5, ::5] += 1000
    grey = rgb_of(thumbnail(ct(codes), 0, Window(500, 1001)))[..., 0]
    assert abs(float(grey.mean()) - 255 / 25) < 1


def test_it_keeps_the_shape_of_the_image(qapp):
    codes = flat(1, 100, 100, hu=-1000)
    codes[0, 40:60, 40:60] = 1000 + 0x8000
    for spacing in ((1.0, 0.5, 0.5), (1.0, 1.0, 0.5)):
        bright = rgb_of(thumbnail(ct(codes, spacing=spacing), 0))[..., 0] > 128
        tall, wide = bright.any(axis=1).sum(), bright.any(axis=0).sum()
        assert abs(tall / wide - spacing[1] / spacing[2]) < 0.15


def test_what_has_not_arrived_has_no_thumbnail(qapp):
    assert thumbnail(ct(flat(1, 8, 8), ready=False), 0).isNull()
    assert thumbnail(ct(flat(1, 8, 8)), 5).isNull()
    assert not np.isnan(rgb_of(thumbnail(ct(flat(1, 8, 8)), 0))).any()


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_mammogram_is_small_as_it_hangs(tmp_path, qapp, way):
    def small(folder, stored):
        pixels = np.kron(hung("R"), np.ones((8, 8), np.uint16))
        path = write(folder, mammogram(1, "R", "CC", way=stored, pixels=pixels))
        with closing(Loader()) as loader:
            *_, found = Scanner([path], folder).results()
            image = thumbnail(loader.complete(found.studies[0].display_sets[0]), 0)
        return rgb_of(image).astype(int)

    one, other = small(tmp_path / "one", WAYS[0]), small(tmp_path / "other", way)
    assert one.std() > 20
    assert np.abs(one - other).mean() < 1
