"""BI-RADS by keys alone: a finding described, the examination assessed, a side stated, then the signature."""

from dataclasses import replace

import pytest

from inference.protocol import Accuracy, Candidate, Characteristic, Score
from tests.core.hanging.files import exam, mammogram, write
from viewer.core.reading.finding import Author, Finding, ImagePlace
from viewer.core.reading.reading import Stage


@pytest.fixture
def screening(hand, tmp_path, second_reader):
    """R CC, L CC, R MLO and L MLO in viewports 1 to 4; the second reader finds nothing."""
    second_reader.says(())
    return on_desk(hand, tmp_path, *exam())


def on_desk(hand, tmp_path, *images):
    hand.open(write(tmp_path / "exam", *images))
    hand.turn(lambda: all(stack.complete for stack in hand.desk.pixels.stacks.values()))
    hand.turn(lambda: hand.desk.second.kind != "waiting")
    hand.paint()
    return hand


def mark(hand, viewport, column, row):
    hand.desk.pointer(viewport, None, (column + 0.5, row + 0.5))
    hand.press("M")


def in_two_views(hand):
    """R1 in the right breast: 12 pixels behind the nipple side, above the middle in both views."""
    mark(hand, "1", 30, 25)
    mark(hand, "3", 30, 25)
    hand.desk.accept({})
    hand.paint()
    return hand.desk.reading.own[0]


def line(hand, caption):
    """A line of the card in focus."""
    return dict(hand.state.panel.rows[0].lines)[caption]


def said(hand):
    return hand.desk.reading.own[0].description


def test_two_marks_say_where_the_finding_lies_and_that_nobody_confirmed_it(screening):
    description = in_two_views(screening).description
    assert description.of("region") in ("upper_outer", "retroareolar", "central")
    assert description.computed and description.nipple_in == "CC"
    assert "not confirmed" in line(screening, "Place")


def test_a_mass_is_described_with_digits_and_each_answer_is_undone_alone(screening):
    in_two_views(screening)
    screening.press("E")
    assert screening.state.panel.strip.title == "What is it?"
    screening.press("1", "3", "5")
    assert screening.state.panel.strip.title == "Density of the mass"
    assert screening.state.panel.rows[0].title == "Mass"
    assert line(screening, "Looks").startswith("irregular, spiculated")
    screening.press("Ctrl+Z")
    assert (said(screening).of("margin"), said(screening).of("shape")) == ("", "irregular")
    screening.press("Ctrl+Y", "1", "1", "3")  # high density; skin retraction and skin thickening
    assert said(screening).all_of("associated") == ("skin_retraction", "skin_thickening")
    screening.press("1")  # taken away again
    assert said(screening).all_of("associated") == ("skin_thickening",)
    screening.press("Enter")
    assert screening.state.panel.strip.title == "Quadrant or region"


def test_enter_confirms_what_was_computed_and_another_answer_replaces_it(screening):
    in_two_views(screening)
    screening.press("E", "3", "Enter")  # architectural distortion, no associated feature
    assert screening.state.panel.strip.title == "Quadrant or region"
    screening.press("7", "C", "Enter")  # axillary tail, 12 o'clock, depth as computed
    assert (said(screening).of("region"), said(screening).of("clock")) == ("axillary_tail", "12")
    assert said(screening).computed == () and said(screening).of("depth")
    screening.press("2")  # another distance from the nipple
    screening.desk.accept({"mm": "41,5"})
    screening.press("1")  # a note
    screening.desk.accept({"text": "felt by the patient"})
    assert screening.state.panel.strip.options == ()
    assert (said(screening).nipple_mm, said(screening).nipple_in) == (41.5, "")
    assert screening.desk.reading.own[0].note == "felt by the patient"
    assert "42 mm from the nipple" in line(screening, "Place")


def test_letters_answer_where_digits_do_not_suffice_and_only_while_questions_are_open(screening):
    in_two_views(screening)
    screening.press("E", "2", "D")  # calcifications: fine pleomorphic is the 13th
    assert said(screening).all_of("morphology") == ("fine_pleomorphic",)
    screening.press("Esc")
    assert screening.state.panel.strip.options == ()
    screening.press("D")
    assert screening.state.tool == "distance"


def test_a_distance_that_is_none_is_refused_in_one_sentence(screening):
    in_two_views(screening)
    screening.press("E", "3", *["Enter"] * 4, "2")
    screening.desk.accept({"mm": "far"})
    assert screening.state.status == "Distance: found 'far', allowed a number of millimetres from 0 to 300."


def test_the_examination_is_assessed_by_breast_and_the_rest_is_asked_for_before_the_signature(screening):
    assert screening.state.panel.exam[0] == ("Breast density", "not given", False)
    screening.press("Shift+E")
    assert screening.state.panel.exam_strip.title == "Breast density"
    screening.press("2", "2")
    assert screening.state.panel.exam_strip.title == "Left breast: category"
    screening.press("Esc", "Shift+Enter")
    screening.turn(lambda: screening.desk.stage is Stage.REVEALED)
    screening.press("Ctrl+Shift+Enter")
    assert "Not given: category of the left breast, recall" in screening.state.status
    assert screening.desk.stage is Stage.REVEALED
    screening.press("Shift+E")
    assert screening.state.panel.exam_strip.title == "Left breast: category"
    screening.press("5", "1")
    assert "Category 4A without a recall." in screening.state.status
    screening.press("Ctrl+Z", "Shift+E", "2")
    reading = screening.desk.reading
    assert (reading.assessment.density, reading.assessment.categories, reading.assessment.recall) == (
        "b", {"R": "1", "L": "4A"}, "yes",
    )  # fmt: skip
    assert (reading.category.value, reading.unaided_assessment.categories) == ("4A", {"R": "1"})
    screening.press("Ctrl+Shift+Enter")
    assert "full resolution" in screening.state.status and "Not given" not in screening.state.status
    screening.press("Ctrl+Shift+Enter")
    assert screening.desk.stage is Stage.SIGNED


def test_lung_rads_is_not_asked_of_a_mammogram(screening):
    assert screening.state.panel.categories == ()
    screening.press("F4", "Right")
    assert "Shift+E" in screening.state.status


def test_birads_is_not_asked_of_a_ct(hand, desk):
    assert hand.state.panel.exam == ()
    hand.press("Shift+E")
    assert "mammographies only" in hand.state.status


def test_a_side_that_contradicts_itself_is_reported_once_the_reader_states_it(hand, tmp_path, second_reader):
    second_reader.says(())
    on_desk(hand, tmp_path, mammogram(1, "R", "CC", Laterality="L"))
    mark(hand, "1", 30, 25)
    assert hand.desk.reading.own[0].laterality == ""
    assert said(hand).of("depth") == "" and hand.state.panel.exam[1][0] == "Recall"
    hand.desk.run("side.right")
    assert hand.desk.reading.own[0].laterality == "R"
    assert hand.state.panel.exam[1][0] == "Right breast"
    hand.press("Ctrl+Z")
    assert hand.desk.reading.own[0].laterality == ""


def test_a_stated_side_stands_on_the_image(hand, tmp_path, second_reader):
    second_reader.says(())
    on_desk(hand, tmp_path, mammogram(1, "R", "CC", Laterality="L"))
    hand.desk.run("side.left")
    corners = hand.state.viewports[0].corners
    assert corners.label == "L CC" and corners.label_note.startswith("Side stated by you")


def test_after_the_reveal_a_joined_finding_is_described_as_the_readers_own(hand, tmp_path, second_reader):
    place = {
        "sop_instance_uid": "1.2.7.1.1.1",
        "series_instance_uid": "1.2.7.1.1",
        "column": 30.0,
        "row": 25.0,
    }
    places = (ImagePlace(**place, box=(25.5, 20.5, 34.5, 29.5)),)
    mass = Finding(name="M1", tracking_uid="2.25.7", author=Author.MODEL, label="mass", places=places,
                   laterality="R", probability=0.8)  # fmt: skip
    left = replace(places[0], sop_instance_uid="1.2.7.1.2.1", series_instance_uid="1.2.7.1.2")
    alone = replace(mass, name="M2", tracking_uid="2.25.8", places=(left,), laterality="L", probability=0.5)
    second_reader.says((mass, alone))
    on_desk(hand, tmp_path, *exam())
    mark(hand, "1", 30, 25)
    hand.press("Shift+Enter", "N", "E", "1", "3", "Esc")
    (own,) = hand.desk.reading.own
    assert own.description.of("shape") == "irregular"
    assert dict(hand.state.panel.rows[0].lines)["Looks"] == "irregular"
    hand.press("N", "E", "1", "1", "Esc")
    edited = hand.desk.reading.edited["2.25.8"]
    assert (edited.description.of("shape"), edited.description.nipple_in) == ("oval", "CC")
    assert dict(hand.state.panel.rows[1].lines)["Looks"] == "oval"


def test_a_corrected_nipple_moves_what_was_measured_from_it(screening):
    before = in_two_views(screening).description.nipple_mm
    screening.desk.pointer("1", None, (30.5, 25.5))
    screening.desk.run("nipple.here")
    assert before > 0 and said(screening).nipple_mm == 0.0


def test_the_first_press_of_the_signature_says_all_that_is_open_at_once(hand, tmp_path, second_reader):
    place = ImagePlace(
        sop_instance_uid="1.2.7.1.1.1", series_instance_uid="1.2.7.1.1", column=3, row=4, box=(1, 2, 5, 6)
    )
    mass = Finding(name="M1", tracking_uid="2.25.7", author=Author.MODEL, label="mass", places=(place,),
                   laterality="R", probability=0.8)  # fmt: skip
    second_reader.says((mass,))
    on_desk(hand, tmp_path, *exam())
    hand.press("Shift+Enter", "Ctrl+Shift+Enter")
    assert hand.state.status.startswith("Not given: breast density, category of the right breast")
    assert hand.state.status.endswith("M1 is undecided. Ctrl+Shift+Enter once more signs without it.")
    hand.press("Ctrl+Shift+Enter")
    assert hand.desk.stage is Stage.SIGNED


def test_what_the_model_names_is_taken_over_by_enter_and_only_then_said(hand, tmp_path, second_reader):
    place = ImagePlace(
        sop_instance_uid="1.2.7.1.1.1", series_instance_uid="1.2.7.1.1", column=3, row=4, box=(1, 2, 5, 6)
    )
    mass = Finding(name="M1", tracking_uid="2.25.7", author=Author.MODEL, label="mass", places=(place,),
                   laterality="R", probability=0.8)  # fmt: skip
    words = {"shape": Characteristic("irregular", 0.6), "margin": Characteristic("ill defined", 0.5)}
    named = Candidate(
        id="1",
        label="mass",
        probability=0.8,
        score=1.0,
        above_operating_point=True,
        characteristics=words,
    )
    measured = {"shape": Accuracy(0.35, 238, 0.31), "margin": Accuracy(0.37, 227)}
    second_reader.says((mass,), candidates={"2.25.7": named}, accuracies=measured)
    on_desk(hand, tmp_path, *exam())
    hand.press("Shift+Enter", "N", "E")
    assert (hand.state.panel.strip.chosen, hand.desk.reading.edited) == (("1",), {})
    assert "Suggested by the second reader" in hand.state.panel.strip.notes[0]
    assert dict(hand.state.panel.rows[0].lines)["Suggested"] == (
        "shape right in 35 % of 238 (the commonest answer: 31 %); margin right in 37 % of 227"
    )
    hand.press("Enter")
    assert hand.state.panel.strip.title == "Shape" and hand.state.panel.strip.chosen == ("3",)
    edited = hand.desk.reading.edited["2.25.7"].description
    assert (edited.of("kind"), edited.of("shape")) == ("mass", "")
    hand.press("1")
    assert hand.desk.reading.edited["2.25.7"].description.of("shape") == "oval"
    assert hand.state.panel.strip.chosen == ("4",)  # "ill defined" is indistinct now


def test_the_suggested_density_comes_after_the_reveal_with_its_accuracy_and_enter_takes_it_over(
    hand, tmp_path, second_reader
):
    said = ("c", "c", "b", "c")
    scores = tuple(
        Score("image", f"density {value}", 0.5, sop_instance_uid=str(n)) for n, value in enumerate(said)
    )
    second_reader.says((), scores=scores, accuracies={"density": Accuracy(0.504, 242, 0.455)})
    on_desk(hand, tmp_path, *exam())
    hand.press("Shift+E")
    assert (hand.state.panel.density, hand.state.panel.exam_strip.chosen) == ("", ())
    hand.press("Esc", "Shift+Enter")
    hand.turn(lambda: hand.desk.stage is Stage.REVEALED)
    hand.paint()
    assert hand.state.panel.density == (
        "Second reader: c on 3 of 4 images, b on 1. "
        "One image: right in 50 % of 242 (the commonest answer: 46 %)."
    )
    assert hand.state.panel.exam[0] == ("Breast density", "not given", False)
    hand.press("Shift+E")
    assert hand.state.panel.exam_strip.chosen == ("3",)
    assert hand.state.panel.exam_strip.notes[1].startswith("Right in 50 % of 242")
    hand.press("Enter")
    assert hand.desk.reading.assessment.density == "c"
    assert hand.desk.reading.unaided_assessment.density == ""
