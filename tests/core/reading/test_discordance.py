"""Where two readers differ is found by place and by word; what a third decides is part of the reading."""

from dataclasses import replace

import pytest

from tests.core.reading.made import Chain, finding, on_images
from viewer.core.reading import birads
from viewer.core.reading.arbitration import Choice
from viewer.core.reading.changes import Refused
from viewer.core.reading.codec import from_json, to_json
from viewer.core.reading.description import Description
from viewer.core.reading.discordance import agreed_words, arbitration
from viewer.core.reading.events import Kind
from viewer.core.reading.fold import apply
from viewer.core.reading.reading import Assessment, Paradigm, Reader, Reading, Stage
from viewer.core.reading.reading import Category as C


def reading(name, *own, **more):
    """A signed reading of one of the two."""
    values = {"scheme": "Lung-RADS v2022", "stage": Stage.SIGNED, "paradigm": Paradigm.INDEPENDENT}
    return Reading(
        reading_id=name, study_instance_uid="1.2.3", reader=Reader(name), own=own, **(values | more)
    )


def names(between):
    return [d.name for d in between.differences]


def test_marks_at_one_place_agree_and_the_others_differ():
    first = reading("Lee", finding("R1", at=(0, 0, 0)), finding("R2", at=(50, 0, 0)))
    second = reading("Roy", finding("R1", at=(2, 0, 0)), finding("R2", at=(0, 60, 0)))
    between = arbitration(first, second)
    assert [f.name for f in between.agreed] == ["A1+B1"]
    assert names(between) == ["A2", "B2"]
    assert [(d.first, d.second) for d in between.differences] == [
        ("marked", "not marked"),
        ("not marked", "marked"),
    ]


def test_marks_on_mammograms_agree_on_an_image_of_both():
    first = reading("Lee", on_images("R1", ("cc", 100, 100), ("mlo", 50, 60)))
    second = reading("Roy", on_images("R1", ("mlo", 55, 60)))
    assert names(arbitration(first, second)) == []
    assert names(arbitration(first, reading("Roy", on_images("R1", ("mlo", 500, 60))))) == ["A1", "B1"]


def on_view(name, view, behind_mm, kind="mass", side="R"):
    said = Description(behind_mm=((view, behind_mm),)).saying("kind", kind)
    return on_images(name, (f"{side}{view}", 100, 100), description=said, laterality=side)


def test_one_lesion_marked_on_cc_by_one_reader_and_on_mlo_by_the_other_is_one():
    first = reading("Lee", on_view("R1", "CC", 40.0), on_view("R2", "CC", 70.0))
    second = reading("Roy", on_view("R3", "MLO", 64.0))
    between = arbitration(first, second)
    assert names(between) == ["A1"]  # the nearer one in depth is the lesion of both
    (both,) = between.agreed
    assert (both.name, [p.sop_instance_uid for p in both.places]) == ("A2+B1", ["RCC", "RMLO"])
    assert both.note.endswith("joined by the distance behind the nipple.")


@pytest.mark.parametrize(
    "other",
    [
        on_view("R3", "MLO", 90.0),
        on_view("R3", "MLO", 41.0, side="L"),
        on_view("R3", "MLO", 41.0, kind="calcifications"),
        on_view("R3", "CC", 41.0),
        on_images("R3", ("RMLO", 1, 1), laterality="R"),
    ],
    ids=["deeper", "other breast", "other kind", "same view, apart", "depth not known"],
)
def test_marks_on_two_views_that_are_not_one_lesion_differ(other):
    if other.places[0].sop_instance_uid == "RCC":
        other = replace(other, places=(replace(other.places[0], column=900.0),))
    between = arbitration(reading("Lee", on_view("R1", "CC", 40.0)), reading("Roy", other))
    assert (names(between), between.agreed) == (["A1", "B1"], ())


def test_categories_that_differ_are_a_point_and_the_same_ones_are_not():
    given = C("Lung-RADS v2022", "4A", "rule")
    first, second = reading("Lee", category=given), reading("Roy", category=replace(given, value="2"))
    (point,) = arbitration(first, second).differences
    assert (point.title, point.first, point.second) == ("Lung-RADS v2022", "4A", "2")
    assert arbitration(first, reading("Roy", category=given)).differences == ()


def mammography(name, recall="", **categories):
    said = Assessment(density="b", categories=categories, recall=recall)
    return reading(name, scheme=birads.scheme(), assessment=said, category=birads.category(said))


def test_a_mammography_differs_by_breast_and_by_recall():
    between = arbitration(mammography("Lee", "yes", R="4A", L="1"), mammography("Roy", "no", R="1", L="1"))
    assert [(d.title, d.first, d.second) for d in between.differences] == [
        (f"{birads.scheme()}, right breast", "4A", "1"),
        ("Recall", "yes", "no"),
    ]
    _, assessment = agreed_words(mammography("Lee", "yes", R="4A", L="1"), mammography("Roy", "yes", L="1"))
    assert assessment == Assessment(density="b", categories={"L": "1"}, recall="yes")


def test_a_word_that_one_did_not_say_is_told_as_not_given():
    (point,) = arbitration(mammography("Lee", R="1"), mammography("Roy")).differences
    assert (point.first, point.second) == ("1", "not given")


# --- the third reader


def begin(first, second, scheme="Lung-RADS v2022"):
    """The third reader's record with both readings laid before it."""
    category, assessment = agreed_words(first, second)
    chain = Chain(Paradigm.INDEPENDENT, scheme)
    return chain.add(
        Kind.ARBITRATE,
        arbitration=to_json(arbitration(first, second)),
        assessment=to_json(assessment),
        category=None if category is None else to_json(category),
    )


def decide(chain, name, choice):
    (point,) = [d for d in chain.reading.arbitration.differences if name in (d.name, d.title)]
    return chain.add(Kind.DECIDE, key=point.key, choice=choice.value)


LEE = reading("Lee", finding("R1", at=(0, 0, 0)), finding("R2", at=(50, 0, 0)))
ROY = reading("Roy", finding("R3", at=(2, 0, 0)), finding("R4", at=(0, 60, 0)))


def test_what_both_say_is_part_of_the_reading_from_the_beginning():
    chain = begin(LEE, ROY)
    assert [f.name for f in chain.reading.own] == ["A1+B1"]
    assert chain.reading.left_open() == ("A2", "B2")


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (Choice.FIRST, ["A1+B1", "A2"]),
        (Choice.SECOND, ["A1+B1"]),
        (Choice.NEITHER, ["A1+B1"]),
    ],
)
def test_a_decision_keeps_a_finding_or_leaves_it_out(choice, kept):
    chain = decide(begin(LEE, ROY), "A2", choice)
    assert [f.name for f in chain.reading.own] == kept
    assert chain.reading.left_open() == ("B2",)


def test_a_decision_can_be_changed_and_taken_back():
    chain = decide(decide(begin(LEE, ROY), "A2", Choice.FIRST), "A2", Choice.NEITHER)
    assert [f.name for f in chain.reading.own] == ["A1+B1"]
    chain.add(Kind.UNDO, of=chain.progress.done[-1].seq)
    assert [f.name for f in chain.reading.own] == ["A1+B1", "A2"]
    chain.add(Kind.UNDO, of=chain.progress.done[-1].seq)
    assert chain.reading.left_open() == ("A2", "B2")


def test_the_category_is_that_of_the_reader_whose_word_holds_and_says_so():
    given = C("Lung-RADS v2022", "4A", "rule")
    chain = begin(replace(LEE, category=given), replace(ROY, category=replace(given, value="2")))
    decide(chain, "Lung-RADS v2022", Choice.SECOND)
    assert (chain.reading.category.value, chain.reading.category.rule) == (
        "2",
        "as Roy gave it, by arbitration",
    )
    decide(chain, "Lung-RADS v2022", Choice.NEITHER)
    assert not chain.reading.category.edited


def test_breasts_and_recall_are_decided_one_by_one():
    chain = begin(
        mammography("Lee", "yes", R="4A", L="1"), mammography("Roy", "no", R="1", L="1"), birads.scheme()
    )
    assert chain.reading.assessment.categories == {"L": "1"}
    decide(decide(chain, f"{birads.scheme()}, right breast", Choice.FIRST), "Recall", Choice.SECOND)
    assert chain.reading.assessment == Assessment(density="b", categories={"L": "1", "R": "4A"}, recall="no")


def test_it_is_signed_with_what_is_open_named():
    chain = decide(begin(LEE, ROY), "A2", Choice.FIRST)
    with pytest.raises(Refused, match="B2 is undecided"):
        apply(chain.progress, chain.draft(Kind.SIGN, without=[], category=None))
    chain.sign("B2")
    assert chain.reading.signed_without == ("B2",)


def test_neither_of_the_two_arbitrates():
    own = replace(LEE, reader=Reader("A"))  # who reads in the made chain
    with pytest.raises(Refused, match="third reader"):
        assert begin(own, ROY).reading


def test_an_arbitration_survives_the_record():
    between = arbitration(LEE, ROY)
    assert from_json(to_json(between), type(between)) == between


def test_in_other_paradigms_there_is_none():
    chain = Chain(Paradigm.SECOND_READER)
    draft = chain.draft(Kind.ARBITRATE, arbitration=to_json(arbitration(LEE, ROY)))
    with pytest.raises(Refused, match="beginning of an arbitration"):
        apply(chain.progress, draft)
