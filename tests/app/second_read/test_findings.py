"""Sides and names of findings."""

from dataclasses import replace

import numpy as np
import pytest

from tests.app.second_read.studies import body, display_set
from viewer.app.second_read.findings import midlines, side, tracking_uid

GEOMETRY = display_set().geometry
MIDDLE_MM = -48 + 1.5 * (8 + 55) / 2


def side_in(hu, geometry, position):
    return side(midlines(hu, geometry), geometry, position)


@pytest.mark.parametrize(("x", "said"), [(MIDDLE_MM + 25, "L"), (MIDDLE_MM - 25, "R"), (MIDDLE_MM + 4, None)])
def test_the_side_is_that_of_the_patient(x, said):
    assert side_in(body(), GEOMETRY, (x, 0.0, 120.0)) == said


def test_the_side_is_that_of_the_patient_however_the_image_lies():
    prone = replace(GEOMETRY, origin_mm=(48.0, 48.0, 100.0), along_rows=(0, -1, 0), along_columns=(-1, 0, 0))
    assert side_in(body(), prone, (-MIDDLE_MM + 25, 0.0, 120.0)) == "L"


def test_a_couch_does_not_move_the_midline():
    hu = body()
    hu[:, 56:60, 2:20] = 100
    assert side_in(hu, GEOMETRY, (MIDDLE_MM + 12, 0.0, 120.0)) == "L"


def test_no_side_is_claimed_where_the_image_cuts_the_body():
    hu = body()
    hu[:, 10:54, 30:] = 0
    assert side_in(hu, GEOMETRY, (MIDDLE_MM + 25, 0.0, 120.0)) is None


def test_no_side_is_claimed_in_air():
    assert side_in(np.full((24, 64, 64), -1000, np.int16), GEOMETRY, (0.0, 0.0, 120.0)) is None


def test_a_finding_keeps_its_uid_whenever_it_is_read():
    first = tracking_uid("1.2", "ab", "c1")
    assert first == tracking_uid("1.2", "ab", "c1")
    assert len({first, tracking_uid("1.3", "ab", "c1"), tracking_uid("1.2", "ac", "c1")}) == 3
    assert first.startswith("2.25.") and len(first) <= 64
