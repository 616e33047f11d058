"""A chest beside its prior: the prior's slice at the same place of the body follows."""

import numpy as np
import pytest

from tests.app.second_read.dicom_series import write_series
from tests.core.hanging.test_registration import HEIGHTS, trunk
from viewer.app.text import DOT

TABLE_MM = 350.0
"""How much lower the table stood two years ago."""


def positions(hand):
    """Height of the body, mm, in each viewport of the step, from the file's own position."""
    out = []
    for view in hand.desk.views.visible:
        instance = hand.desk.views.display_set(view).instance_at(hand.desk.views.place(view)[0])
        low = TABLE_MM if instance.study_date.startswith("2024") else 0.0
        out.append(instance.position_mm[2] + low)
    return out


@pytest.fixture
def chests(hand, tmp_path):
    """A chest and a prior, which is cut lower and has other slices, at the step that shows both."""
    now = write_series(tmp_path / "now", trunk(100 + HEIGHTS[:60] / SPACING_Z * 2.0), study="1.2.9")
    before = trunk(110 + np.arange(46) * 2.0)
    prior = write_series(
        tmp_path / "before", before, study="1.2.8", StudyDate="20240101", SeriesDescription="Old"
    )
    move(prior, 10.0 - TABLE_MM)
    hand.open(now, prior)
    hand.desk.go_to_step([step.id for step in hand.desk.hanging.steps].index("lung_prior"))
    hand.turn(lambda: all(v.display_set in hand.desk.pixels.stacks for v in hand.desk.views.visible))
    hand.turn(lambda: all(s.complete for s in hand.desk.pixels.stacks.values()))
    hand.paint()
    hand.turn(lambda: any(hand.desk.views.shifts.values()))
    hand.paint()
    return hand


SPACING_Z = 2.5


def move(folder, by_mm):
    """Shift a written series along the patient."""
    import pydicom

    for path in folder.iterdir():
        one = pydicom.dcmread(path)
        x, y, z = one.ImagePositionPatient
        one.ImagePositionPatient = [x, y, z + by_mm]
        one.save_as(path)


def test_the_prior_stands_at_the_same_height_and_says_so(chests):
    now, before = positions(chests)
    assert before == pytest.approx(now, abs=2.0)
    assert chests.state.viewports[1].corners.top_right[0] == f"Prior, 1 Jan 2024{DOT}by position"


def test_it_follows_the_wheel_and_the_crosshair_both_ways(chests):
    chests.press("PgDown", "PgDown", "Down")
    now, before = positions(chests)
    assert before == pytest.approx(now, abs=2.0)
    chests.press("Tab", "PgUp", "Up")
    now, before = positions(chests)
    assert before == pytest.approx(now, abs=2.0)
    chests.desk.move_crosshair("1", (0.0, 0.0, 160.0))
    chests.rest()
    assert positions(chests) == pytest.approx([160.0, 160.0], abs=2.0)


def test_unlinked_it_scrolls_by_itself_and_no_longer_says_by_position(chests):
    chests.press("L")
    before = positions(chests)[1]
    chests.press("PgDown")
    assert positions(chests)[1] == before
    assert chests.state.viewports[1].corners.top_right[0] == "Prior, 1 Jan 2024"
