"""The reader of calcification clusters: places, what its network is given, and marks in stored pixels."""

import numpy as np
import pytest
import torch
from torch import nn

from inference.cases import Plane, View
from inference.networks.cluster2d import ClusterNet
from inference.pipelines.clusters import WORKING_MM, Clusters, cluster_channels, working
from inference.pipelines.mammogram import prepare

MM = 0.1
AT = (900.0, 400.0)
"""Row and column of the drawn dots, chest wall left."""


def drawn(orientation: tuple[str, str]) -> View:
    """A half disc of breast, 0.1 mm a pixel, with five bright dots of 0.4 mm round AT."""
    y, x = np.mgrid[:1800, :1100]
    noise = np.random.default_rng(1).normal(0, 150, y.shape)
    grey = 500 + 20000 * np.clip(1 - ((y - 900) ** 2 + x**2) / 840**2, 0, 1) + np.abs(noise)
    for dy, dx in ((0, 0), (-25, 10), (20, -15), (15, 25), (-10, -30)):
        grey[(y - AT[0] - dy) ** 2 + (x - AT[1] - dx) ** 2 <= 4] += 6000
    if orientation[0] == "P":
        grey = grey[:, ::-1]
    pixels = np.ascontiguousarray(grey, np.uint16)
    return View(pixels, Plane((MM, MM), (1800, 1100)), "1", patient_orientation=orientation)


def stored(orientation: tuple[str, str]) -> tuple[float, float]:
    return AT if orientation[0] == "A" else (AT[0], 1099 - AT[1])


class Brightest(nn.Module):
    """Says a cluster of 8 mm wherever a cell holds what stands out, and a speck at each such pixel."""

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        standing = image[:, :1]
        heat = nn.functional.avg_pool2d(standing.clamp(min=1), 25, 8, 12) * 200 - 205
        heat = heat[:, :, : image.shape[2] // 8, : image.shape[3] // 8]
        specks = nn.functional.max_pool2d(standing, 2) - 1
        return heat, torch.zeros(1, 2, *heat.shape[2:]), specks


@pytest.mark.parametrize("orientation", [("A", "F"), ("P", "F")])
def test_a_mark_lies_where_the_specks_are_whatever_side_the_chest_wall_is_on(orientation):
    marks = Clusters(Brightest(), "cpu", peak=0.1, most=5).marks(drawn(orientation))
    assert marks
    row, column = stored(orientation)
    left, top, right, bottom = marks[0].box
    assert left < column < right
    assert top < row < bottom
    assert (right - left, bottom - top) == pytest.approx((80, 80), abs=0.5)
    assert marks[0].centre == pytest.approx((row, column), abs=2.0 / MM)
    nearest = min(np.hypot(r - row, c - column) for r, c in marks[0].specks)
    assert nearest <= 2 * WORKING_MM / MM


def test_what_the_network_is_given_does_not_depend_on_the_grey_scale():
    view = drawn(("A", "F"))
    prepared = prepare(view)
    grey, mask = working(view, prepared)
    first, second = cluster_channels(grey, mask), cluster_channels(grey * 0.5 + 0.2, mask)
    assert np.abs(first - second).max() < 1e-3
    assert first[0].max() == 2.0  # the dots stand out by more than eight times the noise
    assert np.std(first[0][mask]) < 1


def test_an_image_without_a_breast_is_refused_in_one_sentence():
    empty = View(np.zeros((600, 400), np.uint16), Plane((0.3, 0.3), (600, 400)), "1")
    with pytest.raises(ValueError, match="no breast was found"):
        Clusters(ClusterNet(), "cpu", peak=0.1, most=5).marks(empty)
