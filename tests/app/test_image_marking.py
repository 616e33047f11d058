"""Marks on mammograms: one finding in two views, with the mouse and without it, undone and jumped to."""

import pytest

from tests.core.hanging.files import exam, write
from viewer.core.reading.finding import Author, Finding, ImagePlace


def in_view(number):
    """A box round pixel (20, 30) of one of the four views."""
    series = f"1.2.7.1.{number}"
    box = (15.5, 25.5, 24.5, 34.5)
    return ImagePlace(
        sop_instance_uid=f"{series}.1", series_instance_uid=series, column=20.0, row=30.0, box=box
    )


MASS = Finding(
    name="M1",
    tracking_uid="2.25.77",
    author=Author.MODEL,
    label="mass",
    places=(in_view(2), in_view(4)),
    laterality="L",
    probability=0.8,
)
"""Of the second reader, in L CC and L MLO."""


@pytest.fixture
def screening(hand, tmp_path, second_reader):
    """R CC, L CC, R MLO and L MLO in viewports 1 to 4."""
    second_reader.says((MASS,))
    hand.open(write(tmp_path / "exam", *exam()))
    hand.turn(lambda: all(stack.complete for stack in hand.desk.pixels.stacks.values()))
    hand.turn(lambda: hand.desk.second.kind != "waiting")
    hand.paint()
    return hand


def point(hand, viewport, column, row):
    """The mouse over a pixel of what a viewport shows."""
    hand.desk.pointer(viewport, None, (column + 0.5, row + 0.5))


def mark(hand, viewport, column, row, key="M"):
    point(hand, viewport, column, row)
    hand.press(key)


def spots(finding):
    return [(p.sop_instance_uid[-3:], p.column, p.row) for p in finding.places]


def drawn(hand):
    """By viewport: the names of the marks that lie on its image."""
    return {
        v.id: [
            m.name
            for m in v.marks
            if any(p.sop_instance_uid == hand.desk.views.sets[v.display_set].instances[0].sop_instance_uid
                   for p in m.places)
        ]
        for v in hand.state.viewports
    }  # fmt: skip


def test_m_marks_a_mammogram_on_its_view_and_says_so(screening):
    mark(screening, "1", 30, 40)
    (own,) = screening.desk.reading.own
    assert (own.name, own.laterality, spots(own)) == ("R1", "R", [("1.1", 30.0, 40.0)])
    assert own.center_lps_mm is None and "R1 marked in R CC" in screening.state.status
    assert drawn(screening) == {"1": ["R1"], "2": [], "3": [], "4": []}
    assert screening.state.panel.rows[0].detail == "R CC"


def test_m_in_the_other_view_of_the_breast_asks_and_joins(screening):
    mark(screening, "1", 30, 40)
    mark(screening, "3", 20, 25)
    assert screening.state.question.title == "Is this R1?"
    assert screening.state.question.text.endswith("the same finding in R MLO?")
    screening.desk.accept({})
    (own,) = screening.desk.reading.own
    assert spots(own) == [("1.1", 30.0, 40.0), ("3.1", 20.0, 25.0)]
    screening.paint()
    assert drawn(screening) == {"1": ["R1"], "2": [], "3": ["R1"], "4": []}
    assert screening.state.panel.rows[0].detail == "R CC, R MLO"
    screening.press("Ctrl+Z")
    assert spots(screening.desk.reading.own[0]) == [("1.1", 30.0, 40.0)]


def test_another_breast_or_the_same_view_is_another_finding_without_a_question(screening):
    mark(screening, "1", 30, 40)
    mark(screening, "2", 30, 40)
    mark(screening, "2", 10, 12)
    assert screening.state.question is None
    assert [f.laterality for f in screening.desk.reading.own] == ["R", "L", "L"]


def test_no_is_a_new_finding_and_shift_m_can_join_the_two_later(screening):
    mark(screening, "1", 30, 40)
    mark(screening, "3", 20, 25)
    screening.desk.refuse()
    assert [f.name for f in screening.desk.reading.own] == ["R1", "R2"]
    screening.desk.focus_finding(screening.desk.reading.own[0].tracking_uid)
    mark(screening, "3", 21, 25, "Shift+M")
    (own,) = screening.desk.reading.own
    assert spots(own) == [("1.1", 30.0, 40.0), ("3.1", 20.0, 25.0)]
    assert "R2 is R1 in R MLO" in screening.state.status
    screening.press("Ctrl+Z")
    assert [f.name for f in screening.desk.reading.own] == ["R1", "R2"]


def test_shift_m_moves_the_place_in_a_view_and_refuses_the_other_breast(screening):
    mark(screening, "1", 30, 40)
    mark(screening, "1", 33, 44, "Shift+M")
    assert spots(screening.desk.reading.own[0]) == [("1.1", 33.0, 44.0)]
    mark(screening, "2", 30, 40, "Shift+M")
    assert "other breast" in screening.state.status
    assert len(screening.desk.reading.own[0].places) == 1


def test_without_a_mouse_the_middle_of_the_viewport_is_marked(screening):
    screening.press("Ctrl+6", "M")  # R CC 1:1
    view = screening.desk.views.active
    middle = screening.desk.views.middle(view, screening.state.viewports[0].pose)
    (place,) = screening.desk.reading.own[0].places
    assert (place.column + 0.5, place.row + 0.5) == middle


def test_off_the_image_nothing_is_marked(screening):
    mark(screening, "1", -3, 40)
    assert screening.desk.reading.own == () and "point at the finding" in screening.state.status


def test_a_finding_is_brought_on_screen_in_a_step_that_shows_all_its_views(screening):
    mark(screening, "1", 30, 40)
    mark(screening, "3", 20, 25)
    screening.desk.accept({})
    screening.press("Ctrl+5")  # the left breast at full resolution: neither view of R1
    uid = screening.desk.reading.own[0].tracking_uid
    assert all(f["1"] == [] for f in [drawn(screening)])
    screening.desk.focus_finding(uid)
    screening.paint()
    assert [name for names in drawn(screening).values() for name in names] == ["R1", "R1"]


def test_at_full_resolution_the_finding_comes_to_the_middle(screening):
    mark(screening, "1", 12, 70)
    screening.press("Ctrl+4")  # R CC 1:1
    screening.desk.focus_finding(screening.desk.reading.own[0].tracking_uid)
    view = screening.desk.views.active
    assert screening.desk.views.middle(view, screening.state.viewports[0].pose) == pytest.approx((12.5, 70.5))


def test_a_finding_of_the_model_on_two_views_is_walked_looked_at_and_accepted(screening, second_reader):
    mark(screening, "2", 22, 33)
    screening.press("Shift+Enter", "N")
    screening.look()
    assert screening.state.panel.rows[0].name == "M1 = R1"
    screening.press("Enter")
    assert screening.desk.reading.accepted() == (MASS,)


def test_a_line_across_a_mark_belongs_to_its_finding_and_one_elsewhere_does_not(screening):
    mark(screening, "1", 30, 40)
    screening.desk.add_distance("1", ((26.5, 40.5, 0.0), (34.5, 40.5, 0.0)))
    screening.desk.add_distance("1", ((5.0, 5.0, 0.0), (9.0, 5.0, 0.0)))
    across, elsewhere = screening.desk.reading.distances
    assert across.finding == screening.desk.reading.own[0].tracking_uid
    assert elsewhere.finding == "" and across.text.startswith("0.8 mm")
