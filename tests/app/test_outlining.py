"""The outline of an own mark on a mammogram: drawn, changed with keys, kept, undone, and in the report."""

import numpy as np
from pydicom import dcmread

from tests.app.desks import write_chest
from tests.app.test_image_marking import mark
from tests.app.test_image_marking import screening as screening  # the fixture
from viewer.core.reading.finding import Outline
from viewer.core.reading.fold import fold

BOX = (19.5, 29.5, 39.5, 44.5)
"""20 x 15 pixels of 0.1 mm round (29.5, 37)."""


def outlines(hand):
    return [
        (f.name, p.sop_instance_uid[-3:], p.box, p.outline) for f in hand.desk.reading.own for p in f.places
    ]


def test_an_ellipse_drawn_round_a_mark_becomes_its_outline_and_is_taken_back(screening):
    mark(screening, "1", 30, 40)
    screening.desk.draw_outline("1", BOX)
    assert outlines(screening) == [("R1", "1.1", BOX, Outline.ELLIPSE)]
    (place,) = screening.desk.reading.own[0].places
    assert (place.column, place.row) == (29.5, 37.0)
    assert "R1 outlined, 2.0 × 1.5 mm (R CC)" in screening.state.status
    assert screening.state.panel.rows[0].measure == "2.0 × 1.5 mm (R CC)"
    screening.press("Ctrl+Z")
    assert outlines(screening) == [("R1", "1.1", None, None)]


def test_where_no_mark_is_the_outline_makes_one_and_asks_in_the_other_view(screening):
    screening.desk.draw_outline("1", BOX)
    assert outlines(screening) == [("R1", "1.1", BOX, Outline.ELLIPSE)]
    screening.desk.draw_outline("3", BOX)
    assert screening.state.question.title == "Is this R1?"
    screening.desk.accept({})
    assert outlines(screening) == [("R1", "1.1", BOX, Outline.ELLIPSE), ("R1", "3.1", BOX, Outline.ELLIPSE)]


def test_keys_begin_an_outline_change_its_size_and_its_shape(screening):
    mark(screening, "1", 25, 40)
    for key, size in (
        ("Ctrl+Shift+Right", "5.0 × 8.0 mm"),  # 10 mm, as far as the small image goes
        ("Ctrl+Shift+Left", "4.0 × 8.0 mm"),
        ("Ctrl+Shift+Down", "4.0 × 7.0 mm"),
        ("Ctrl+Shift+Up", "4.0 × 8.0 mm"),
    ):
        screening.press(key)
        assert screening.state.panel.rows[0].measure == f"{size} (R CC)", key
    assert outlines(screening)[0][3] is Outline.ELLIPSE
    screening.press("Ctrl+Shift+O")
    assert outlines(screening)[0][3] is Outline.BOX
    for _ in range(9):
        screening.press("Ctrl+Shift+Left")
    assert screening.state.panel.rows[0].measure == "1.0 × 8.0 mm (R CC)"


def test_it_outlives_the_program_and_old_records_have_none(screening):
    mark(screening, "1", 30, 40)
    screening.desk.draw_outline("1", BOX)
    reading, log = screening.desk.reading, screening.desk.log
    again = fold(log.events(reading.reading_id))
    assert again.own == reading.own
    assert log.events(reading.reading_id)[-1].payload["finding"]["places"][0]["outline"] == "ellipse"


def test_what_cannot_be_outlined_says_why(screening):
    assert "Choose one of your marks" in why(screening, "outline.wider")
    screening.desk.draw_outline("1", (10.0, 10.0, 10.5, 30.0))
    assert screening.state.status.startswith("Too small for an outline")
    assert screening.desk.reading.own == ()
    screening.press("Shift+Enter", "N")
    assert "is the second reader's" in why(screening, "outline.shape")


def why(hand, command):
    found = next(c for c in hand.desk.commands if c.id == command)
    return found.refusal(hand.desk)


def test_the_structured_report_holds_the_ellipse_by_its_axes(screening):
    screening.desk.draw_outline("1", BOX)
    mark(screening, "2", 30, 40)
    screening.press("Ctrl+Shift+Right", "Ctrl+Shift+O", "Shift+Enter")
    for _ in range(2):
        screening.desk.run("report.sign")
    screening.turn(lambda: bool(screening.desk.report.written), seconds=90)
    report = dcmread(next(w.path for w in screening.desk.report.written if w.role == "reader_sr"))
    drawn = {}
    for item in report.iterall():
        if item.keyword == "GraphicData":  # stands before its type
            points = list(item.value)
        if item.keyword == "GraphicType":
            drawn[item.value] = points
    left, top, right, bottom = (edge + 0.5 for edge in BOX)
    ends = [(left, 37.5), (right, 37.5), (30.0, top), (30.0, bottom)]
    np.testing.assert_allclose(drawn["ELLIPSE"], np.ravel(ends), atol=1e-3)
    assert "POLYLINE" in drawn


def test_ct_is_measured_instead(hand, tmp_path):
    hand.open(write_chest(tmp_path / "chest"))
    hand.paint()
    hand.desk.draw_outline("1", (10.0, 10.0, 30.0, 30.0))
    assert "here M marks and measures" in hand.state.status
