import math

import pytest

from tests.core.report import made
from viewer.core.measure.lengths import crosses, finding_at, length_of, words_of


def line(a, b):
    return (a, b)


def test_a_length_is_measured_in_the_patient():
    length = length_of(made.display_set(), line((0.0, 0.0, 10.0), (3.0, 4.0, 10.0)))
    assert (length.value, length.unit, length.words()) == (5.0, "mm", "5.0 mm")


@pytest.mark.parametrize(("z", "across"), [((8.0, 12.0), True), ((2.0, 6.0), False), ((10.0, 10.0), True)])
def test_a_length_across_missing_slices_says_so(z, across):
    where = made.display_set(missing=(5,))  # the slice at z = 10
    length = length_of(where, line((0.0, 0.0, z[0]), (0.0, 3.0, z[1])))
    assert length.across_gap is across
    assert length.words().endswith(", across a gap") is across


def flat(**changes):
    from dataclasses import replace

    return replace(made.display_set(**changes), geometry=None)


def test_without_geometry_the_pixels_of_the_image_are_the_measure():
    axis = line((0.0, 0.0, 0.0), (30.0, 40.0, 0.0))
    assert length_of(flat(), axis).words() == "40.0 mm"  # pixels of 0.8 mm
    assert length_of(flat(spacing_mm=None), axis).words() == "50 px"
    on_detector = flat(spacing_source="imager")
    assert length_of(on_detector, axis).words() == "40.0 mm at the detector"


def test_two_lines_are_said_as_one_measurement():
    axes = (line((0.0, 0.0, 4.0), (12.0, 0.0, 4.0)), line((6.0, -4.0, 4.0), (6.0, 4.1, 4.0)))
    assert words_of(made.display_set(), axes) == "12.0 × 8.1 mm"
    assert words_of(made.display_set(missing=(2,)), axes) == "12.0 × 8.1 mm, across a gap"


@pytest.mark.parametrize(
    ("second", "together"),
    [
        (line((5.0, -4.0, 0.0), (5.0, 4.0, 0.0)), True),
        (line((5.0, -4.0, 0.6), (5.0, 4.0, 0.6)), True),
        (line((5.0, -4.0, 5.0), (5.0, 4.0, 5.0)), False),  # another slice
        (line((5.0, 2.0, 0.0), (5.0, 9.0, 0.0)), False),  # beside it
        (line((0.0, -1.0, 0.0), (10.0, 1.0, 0.0)), False),  # along it
        (line((5.0, 0.0, 0.0), (5.0, 0.0, 0.0)), False),  # a point
    ],
)
def test_two_lines_that_cross_belong_together(second, together):
    assert crosses(line((0.0, 0.0, 0.0), (10.0, 0.0, 0.0)), second) is together


def test_a_line_belongs_to_the_finding_in_which_it_begins_ends_or_lies():
    far = made.finding("R2", (30.0, 0.0, 10.0), 8.0)
    both = (made.finding("R1", (0.0, 0.0, 10.0), 8.0), far)
    assert finding_at(both, line((-4.0, 0.0, 10.0), (4.0, 0.0, 10.0))).name == "R1"
    assert finding_at(both, line((27.0, 0.0, 10.0), (60.0, 0.0, 10.0))).name == "R2"
    assert finding_at(both, line((-100.0, 0.0, 10.0), (60.0, 0.0, 10.0))) is None  # runs through both
    assert finding_at(both, line((0.0, 9.0, 10.0), (0.0, 20.0, 10.0))) is None
    assert finding_at((), line((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))) is None


def test_words_of_a_slanted_line():
    slanted = line((0.0, 0.0, 0.0), (3.0, 4.0, 12.0))
    assert length_of(made.display_set(), slanted).value == pytest.approx(math.hypot(3, 4, 12))
