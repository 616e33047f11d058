"""Two readers, neither of whom sees the other's reading, then a third who decides between them."""

from dataclasses import replace

import pytest
from pydicom import dcmread

from tests.app.desks import NODULE, OTHER, place
from viewer.app.display import MarkState
from viewer.core.reading.reading import Stage


def reads(hand, name, folder):
    """This reader opens the study, in independent double reading."""
    desk = hand.desk
    if desk.study is not None:
        desk.run("studies.close")
    desk.settings = replace(desk.settings, reader=name, paradigm="independent double reading")
    if not desk.listing.studies:
        hand.open(folder)
    else:
        desk.open_study(desk.listing.chosen or desk.listing.studies[0].study_instance_uid)
        hand.turn(lambda: bool(desk.pixels.stacks) and all(s.complete for s in desk.pixels.stacks.values()))
    hand.paint()
    return desk


def signs(hand, *places, impression=""):
    """Marks these places, commits and signs."""
    desk = hand.desk
    for index in places:
        desk.mark_at("1", place(index))
    if impression:
        desk.set_impression(impression)
    hand.press("Shift+Enter")
    while desk.stage is not Stage.SIGNED:
        hand.press("Ctrl+Shift+Enter")
    hand.turn(lambda: bool(desk.report.written))


def row_of(hand):
    desk = hand.desk
    desk.run("studies.close")
    (row,) = hand.state.studies.rows
    return row.reading_state


@pytest.fixture
def both(hand, chest_folder):
    """Lee marks the nodule, Roy the nodule and another."""
    reads(hand, "Lee", chest_folder)
    signs(hand, NODULE, impression="One nodule.")
    reads(hand, "Roy", chest_folder)
    signs(hand, NODULE, OTHER, impression="Two nodules.")
    return hand


def test_no_model_is_shown_and_the_commit_is_signed_without_one(hand, chest_folder):
    desk = reads(hand, "Lee", chest_folder)
    hand.press("Shift+Enter")
    assert desk.second.sealed is None and desk.stage is Stage.COMMITTED
    assert "Ctrl+Shift+Enter signs" in hand.state.status
    assert [c.text for c in hand.state.chips if "eader" in c.text or "eading" in c.text] == ["Double reading"]


def test_the_second_reader_sees_nothing_of_the_first(hand, chest_folder):
    reads(hand, "Lee", chest_folder)
    signs(hand, NODULE, impression="One nodule, upper lobe.")
    assert row_of(hand) == ("draft", "1 of 2 signed")
    reads(hand, "Roy", chest_folder)
    said = repr(replace(hand.state, studies=None))
    assert "upper lobe" not in said and "Lee" not in said
    assert hand.state.panel.rows == ()
    assert not any(v.marks for v in hand.state.viewports)


def test_the_list_says_that_they_differ_once_both_have_signed(both):
    assert [c.text for c in both.state.chips][-1].startswith("Double reading: 2 of 2, differ")
    kind, words = row_of(both)
    assert kind == "differ" and words.startswith("2 of 2, differ: ")


def test_two_readers_who_agree_need_no_third(hand, chest_folder):
    reads(hand, "Lee", chest_folder)
    signs(hand, NODULE)
    reads(hand, "Roy", chest_folder)
    signs(hand, NODULE)
    assert row_of(hand) == ("signed", "2 of 2, agree")
    reads(hand, "Ito", chest_folder)
    assert hand.state.question is None


@pytest.fixture
def third(both, chest_folder):
    """Ito is asked, and arbitrates."""
    reads(both, "Ito", chest_folder)
    assert both.state.question.title == "Arbitrate between two readings?"
    both.desk.accept({})
    both.paint()
    return both


def test_the_third_reader_sees_both_side_by_side(third):
    panel = third.state.panel
    assert (panel.title, panel.model_line) == ("Arbitration", "A: Lee  ·  B: Roy")
    assert panel.rows[0].name == "B2" and panel.rows[0].focused
    assert ("A", "Lee: not marked") in panel.rows[0].lines and ("B", "Roy: marked") in panel.rows[0].lines
    assert ("A wrote", "One nodule.") in panel.rows[0].lines and ("B wrote", "Two nodules.") in panel.rows[
        0
    ].lines
    assert [r.verdict for r in panel.rows if r.name == "A1+B1"] == ["Both"]
    drawn = {m.name: m.state for v in third.state.viewports for m in v.marks}
    assert drawn == {"A1+B1": MarkState.ACCEPTED, "B2": MarkState.OPEN}


def test_every_point_is_decided_from_the_keyboard_and_can_be_taken_back(third):
    third.press("F8")
    assert third.state.panel.rows[0].verdict == "Roy: marked"
    assert [f.name for f in third.desk.reading.own] == ["A1+B1", "B2"]
    third.press("Ctrl+Z")
    assert third.state.panel.rows[0].verdict == "Undecided"
    third.desk.focus_finding(third.state.panel.rows[0].tracking_uid)
    third.press("F9")
    assert third.state.panel.rows[0].state is MarkState.REJECTED


def decide_all(hand):
    while hand.desk.reading.left_open():
        hand.press("F8")


def test_an_open_point_is_named_at_the_first_press_of_the_signature(third):
    third.press("Ctrl+Shift+Enter")
    assert "B2" in third.state.status and third.desk.stage is Stage.REVEALED


def test_the_report_says_who_read_what_differed_and_what_was_decided(third):
    decide_all(third)
    while third.desk.stage is not Stage.SIGNED:
        third.press("Ctrl+Shift+Enter")
    third.turn(lambda: bool(third.desk.report.written))
    written = {w.role: w.path for w in third.desk.report.written}
    page = written["html"].read_text(encoding="utf-8")
    for words in (
        "independent double reading",
        "Lee, signed",
        "Roy, signed",
        "B2, nodule: Lee: not marked; Roy: marked. Decided: Roy: marked.",
        "Marked by both readers, each without the other.",
        "Marked by Roy alone; kept by arbitration.",
    ):
        assert words in page
    report = dcmread(written["reader_sr"]).to_json()
    assert "Point on which two readers differ, and the decision" in report
    assert "One of two readers; kept by arbitration" in report
    assert row_of(third) == ("signed", "Arbitrated")


def test_an_arbitration_is_resumed_where_it_was_left(third, chest_folder):
    third.press("F8")
    open_ones = third.desk.reading.left_open()
    reads(third, "Ito", chest_folder)
    assert third.state.question.title == "Resume your reading?"
    third.desk.accept({})
    assert third.desk.reading.left_open() == open_ones and third.state.panel.title == "Arbitration"


def test_one_of_the_two_is_not_asked_to_arbitrate(both, chest_folder):
    reads(both, "Lee", chest_folder)
    assert both.state.question.title == "You signed this study"
