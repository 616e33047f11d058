"""Where in the lungs, in words; and silence where it cannot be known."""

import numpy as np
import pytest

from tests.conftest import shared_data
from tests.core.measure.series import read_series
from viewer.core.dicom.geometry import Geometry
from viewer.core.measure.place import lung_span, place_text


def chest(first=10, last=70, slices=80, spacing=4.0, head_first=False):
    """A body with two lungs in the slices `first` to `last`, and a gassy bowel below them."""
    hu = np.full((slices, 60, 100), -1000, np.int16)
    hu[:, 5:55, 5:95] = 40
    for left, right in ((15, 45), (55, 85)):
        hu[first : last + 1, 12:48, left:right] = -850
    hu[: first // 2, 20:40, 30:70] = -1000
    along = (0.0, 0.0, -1.0 if head_first else 1.0)
    geometry = Geometry((0, 0, 100.0), along, (0, 1.0, 0), (1.0, 0, 0), (spacing, 4.0, 4.0), hu.shape, "1.9")
    return hu, geometry


def test_the_lungs_are_found_between_bowel_gas_and_neck():
    assert lung_span(*chest()) == pytest.approx((140, 380))
    assert lung_span(*chest(head_first=True)) == pytest.approx((-180, 60))


@pytest.mark.parametrize("ends", [(0, 70), (10, 79), (0, 79)])
def test_no_third_is_claimed_where_the_series_ends_in_the_lung(ends):
    assert lung_span(*chest(*ends)) is None


def test_no_third_is_claimed_without_lungs_or_along_another_axis():
    hu, geometry = chest()
    assert lung_span(np.full_like(hu, 40), geometry) is None
    sagittal = Geometry(
        (0, 0, 0), (1.0, 0, 0), (0, 0, -1.0), (0, 1.0, 0), geometry.spacing_mm, hu.shape, "1.9"
    )
    assert lung_span(hu, sagittal) is None


@pytest.mark.parametrize(
    ("side", "z", "span", "text"),
    [
        ("L", 290, (0, 300), "Left lung, upper third"),
        ("R", 150, (0, 300), "Right lung, middle third"),
        ("R", 10, (0, 300), "Right lung, lower third"),
        ("L", 10, None, "Left lung"),
        (None, 10, (0, 300), "Lower third"),
        (None, 10, None, ""),
    ],
)
def test_words_say_no_more_than_is_known(side, z, span, text):
    assert place_text(side, z, span) == text


def test_a_real_chest_and_a_real_slab():
    hu, geometry = read_series(shared_data("ct_chest", "dicom", "nlst_101287_jls"))
    assert place_text("L", 1180.0, lung_span(hu, geometry)) == "Left lung, upper third"
    assert lung_span(*read_series(shared_data("ct_chest", "dicom", "rider_pilot_0117_slab_j2k"))) is None
