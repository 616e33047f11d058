"""BI-RADS as data: every term has a code that pydicom's dictionary knows; what follows by rule."""

from dataclasses import replace

import pytest
from pydicom.sr._concepts_dict import concepts

from tests.core.reading.made import Chain, on_images
from viewer.core.reading import birads
from viewer.core.reading.changes import Refused
from viewer.core.reading.codec import to_json
from viewer.core.reading.description import Description
from viewer.core.reading.events import Kind
from viewer.core.reading.fold import apply
from viewer.core.reading.reading import Assessment

QUESTIONS = (*birads.finding_questions(), *birads.exam_questions().values())
CODES = [q.concept for q in QUESTIONS if q.concept] + [a.code for q in QUESTIONS for a in q.answers if a.code]
KNOWN = {
    (code, scheme)
    for scheme, words in concepts.items()
    for codes in words.values()
    for code in codes
}  # fmt: skip


CID_6027 = {
    "0": ("397138000", "SCT"), "1": ("397140005", "SCT"), "2": ("397141009", "SCT"),
    "3": ("397143007", "SCT"),
    "4A": ("MA.II.A.5.4A", "BI"), "4B": ("MA.II.A.5.4B", "BI"), "4C": ("MA.II.A.5.4C", "BI"),
    "5": ("397145000", "SCT"), "6": ("MA.II.A.5.6", "BI"),
}  # fmt: skip
"""PS3.16, Assessment from BI-RADS: pydicom's dictionary leaves this group empty."""


@pytest.mark.parametrize("code", CODES, ids=lambda code: code[0])
def test_no_code_is_invented(code):
    assert (code[0], code[1]) in KNOWN | set(CID_6027.values())
    assert len(code[2]) <= 64  # of Code Meaning (PS3.3 8.8)


def test_the_categories_have_the_codes_of_the_standard_and_say_their_number():
    answers = birads.exam_questions()["category"].answers
    assert {a.id: a.code[:2] for a in answers} == CID_6027
    assert all(a.code[2].startswith(f"{a.id} - ") for a in answers)
    assert {a.code[3] for a in answers if a.code[1] == "BI"} == {"4.0"}


def test_codes_of_our_own_stand_only_for_what_the_standard_has_not():
    assert {a.id for q in QUESTIONS for a in q.answers if a.code is None} == {"asymmetry", "developing"}


def test_every_answer_has_a_key_of_its_own_and_every_id_is_one_word():
    for question in QUESTIONS:
        keys = [a.key for a in question.answers]
        assert len(set(keys)) == len(keys) == len(question.answers)
        assert len({a.id for a in question.answers}) == len(question.answers)


def test_what_is_asked_depends_on_what_it_is():
    asked = {
        kind: [q.id for q in birads.asked(Description().saying("kind", kind))]
        for kind in ("mass", "calcifications", "distortion")
    }
    place = ["associated", "region", "clock", "depth"]
    assert asked["mass"] == ["kind", "shape", "margin", "density", *place]
    assert asked["calcifications"] == ["kind", "morphology", "distribution", *place]
    assert asked["distortion"] == ["kind", *place]
    assert [q.id for q in birads.asked(Description())] == ["kind"]


def test_a_finding_in_words():
    said = Description(nipple_mm=43.4, nipple_in="CC").saying("kind", "mass").saying("margin", "spiculated")
    said = said.saying("shape", "irregular").saying("region", "upper_outer").saying("clock", "10")
    said = said.saying("depth", "middle")
    assert birads.descriptor_words(said) == "irregular, spiculated"
    assert birads.location_words(said) == (
        "upper outer quadrant, 10 o'clock, middle depth, 43 mm from the nipple (CC)"
    )
    assert birads.kind_words(on_images("R1", ("cc", 1, 2), description=said)) == "Mass"


def test_what_the_reader_said_of_a_place_survives_a_new_computation():
    said = Description().placed({"region": "upper_outer", "depth": "middle"}, 40.0, "CC")
    assert said.computed == ("region", "depth")
    said = said.saying("region", "axillary_tail")
    assert said.computed == ("depth",)
    again = said.placed({"region": "lower_inner", "depth": "posterior", "clock": "4"}, 60.0, "CC")
    assert [again.of(q) for q in birads.LOCATION] == ["axillary_tail", "4", "posterior"]
    assert (again.nipple_mm, again.computed) == (60.0, ("depth", "clock"))
    typed = replace(again, nipple_mm=55.0, nipple_in="").placed({}, 70.0, "CC")
    assert (typed.nipple_mm, typed.computed, typed.of("depth")) == (55.0, (), "")


@pytest.mark.parametrize(
    ("categories", "value"),
    [
        ({}, ""),
        ({"R": "1", "L": "2"}, "2"),
        ({"R": "0", "L": "3"}, "0"),
        ({"R": "0", "L": "4A"}, "4A"),
        ({"R": "6", "L": "3"}, "6"),
        ({"R": "5", "L": "4C"}, "5"),
    ],
)
def test_the_examination_has_the_category_of_the_breast_with_more_concern(categories, value):
    assert birads.category(Assessment(categories=categories)).value == value


def test_what_is_missing_and_what_contradicts_itself_is_said():
    said = Assessment(density="b", categories={"R": "1", "L": "4B"}, recall="no")
    assert birads.missing(said, ("R", "L")) == ()
    assert birads.missing(Assessment(categories={"L": "2"}), ("R", "L")) == (
        "breast density", "category of the right breast", "recall",
    )  # fmt: skip
    mass = on_images("R1", ("cc", 1, 2), laterality="R")
    assert birads.contradictions(said, [mass]) == (
        "Category 4B without a recall.", "Right breast: category 1 (negative) with a finding.",
    )  # fmt: skip
    assert birads.contradictions(Assessment(categories={"R": "2"}, recall="yes"), []) == (
        "A recall with category 2.",
    )


# --- in the log


def mammography() -> Chain:
    return Chain(scheme=birads.scheme())


def test_an_assessment_is_an_event_undone_and_fixed_by_the_commit():
    chain = mammography().add(Kind.ASSESSMENT, assessment={"density": "c"}, name="density c")
    chain.add(
        Kind.ASSESSMENT, assessment=to_json(Assessment(density="c", categories={"L": "5"})), name="left 5"
    )
    assert chain.reading.category.value == "5" and chain.progress.done[-1].title == "left 5"
    chain.add(Kind.UNDO, of=len(chain.events))
    assert chain.reading.assessment == Assessment(density="c") and chain.reading.category.value == ""
    chain.commit().reveal().add(Kind.ASSESSMENT, assessment={"density": "d"}, name="density d")
    assert (chain.reading.unaided_assessment.density, chain.reading.assessment.density) == ("c", "d")


def test_a_stated_side_gives_it_to_the_marks_of_that_image_and_undo_takes_it_back():
    unsure, sure = on_images("R1", ("cc", 1, 2)), on_images("R2", ("mlo", 1, 2), laterality="R")
    chain = mammography().mark(unsure).mark(sure)
    chain.add(Kind.SIDE, sop_instance_uid="cc", side="L", header="R and L")
    assert [f.laterality for f in chain.reading.own] == ["L", "R"]
    assert chain.reading.sides == {"cc": "L"}
    chain.add(Kind.UNDO, of=len(chain.events))
    assert chain.reading.own[0].laterality == "" and chain.reading.sides == {}
    with pytest.raises(Refused, match="right or the left"):
        apply(chain.progress, chain.draft(Kind.SIDE, sop_instance_uid="cc", side="B", header=""))
